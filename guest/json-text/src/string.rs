//! Strings: between their text, with escapes, and their content.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::scan::find_special;

/// The content of a JSON string, given the text between its quotes.
///
/// Half of a surrogate pair has no meaning in Unicode text; it becomes U+FFFD,
/// as the WebAssembly component model and JavaScript's `toWellFormed` have it.
#[must_use]
pub fn unescape(inner: &str) -> Cow<'_, str> {
    let Some((plain, mut rest)) = inner.split_once('\\') else {
        return Cow::Borrowed(inner);
    };
    let mut content = String::with_capacity(inner.len());
    content.push_str(plain);
    loop {
        rest = push_escaped(rest, &mut content);
        match rest.split_once('\\') {
            Some((plain, after)) => {
                content.push_str(plain);
                rest = after;
            }
            None => {
                content.push_str(rest);
                return Cow::Owned(content);
            }
        }
    }
}

/// Reads one escape, given the text after its backslash; returns what follows.
fn push_escaped<'a>(text: &'a str, content: &mut String) -> &'a str {
    let mut chars = text.chars();
    let simple = match chars.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('u') => return push_unicode(chars.as_str(), content),
        Some(other) => other,
        None => return "",
    };
    content.push(simple);
    chars.as_str()
}

fn push_unicode<'a>(digits: &'a str, content: &mut String) -> &'a str {
    let (first, rest) = hex4(digits);
    let low = rest.strip_prefix("\\u").map(hex4);
    if let (0xd800..=0xdbff, Some((low @ 0xdc00..=0xdfff, after))) = (first, low) {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
        content.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        return after;
    }
    content.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

fn hex4(text: &str) -> (u32, &str) {
    match text.split_at_checked(4) {
        Some((digits, rest)) => (u32::from_str_radix(digits, 16).unwrap_or(0xfffd), rest),
        None => (0xfffd, ""),
    }
}

/// Appends `content` as a JSON string, quotes included.
#[inline]
pub fn push_string(out: &mut String, content: &str) {
    out.push('"');
    let bytes = content.as_bytes();
    let mut written = 0;
    loop {
        let special = find_special(bytes, written);
        out.push_str(content.get(written..special).unwrap_or_default());
        let Some(&byte) = bytes.get(special) else {
            break;
        };
        push_escape(out, byte);
        written = special + 1;
    }
    out.push('"');
}

#[cold]
fn push_escape(out: &mut String, byte: u8) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let short = match byte {
        b'"' => "\\\"",
        b'\\' => "\\\\",
        b'\n' => "\\n",
        b'\r' => "\\r",
        b'\t' => "\\t",
        0x08 => "\\b",
        0x0c => "\\f",
        _ => {
            out.push_str("\\u00");
            for digit in [byte >> 4, byte & 15] {
                out.push(HEX.get(usize::from(digit)).copied().unwrap_or('0'));
            }
            return;
        }
    };
    out.push_str(short);
}

/// The name of an object's member, as it stands between its quotes.
///
/// Names are equal, and ordered, by their content (by code point), however
/// they are escaped.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    inner: &'a str,
    escaped: bool,
}

impl<'a> Name<'a> {
    pub(crate) const fn new(inner: &'a str, escaped: bool) -> Self {
        Self { inner, escaped }
    }

    /// The text between the quotes, escapes and all.
    #[must_use]
    pub const fn as_written(self) -> &'a str {
        self.inner
    }

    /// The name itself.
    #[must_use]
    #[inline]
    pub fn content(self) -> Cow<'a, str> {
        if self.escaped { unescape(self.inner) } else { Cow::Borrowed(self.inner) }
    }
}

impl PartialEq<str> for Name<'_> {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        if self.escaped { self.content() == other } else { self.inner == other }
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Name<'_> {}

impl Ord for Name<'_> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if self.escaped || other.escaped { self.content().cmp(&other.content()) } else { self.inner.cmp(other.inner) }
    }
}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_escape() {
        assert_eq!(unescape(r#"a\"\\\/\b\f\n\r\tz"#), "a\"\\/\u{8}\u{c}\n\r\tz");
        assert_eq!(unescape(r"\u00e9\uD83D\uDE00"), "é😀");
    }

    #[test]
    fn half_a_surrogate_pair_becomes_the_replacement_character() {
        assert_eq!(unescape(r"\ud800"), "\u{fffd}");
        assert_eq!(unescape(r"\udc00\ud800x"), "\u{fffd}\u{fffd}x");
        assert_eq!(unescape(r"\ud800\u0041"), "\u{fffd}A");
    }

    #[test]
    fn nonsense_returns() {
        for text in ["\\", "\\u", "\\u12", "\\uzzzz", "\\ud800\\u", "\\ué"] {
            let _ = unescape(text);
        }
    }

    #[test]
    fn names_compare_by_content() {
        let escaped = |inner| Name::new(inner, true);
        let plain = |inner| Name::new(inner, false);
        assert!(escaped(r"\u0061") == *"a");
        assert!(escaped(r"\u0061") == plain("a"));
        assert!(escaped(r"\u0062") > plain("a"));
        assert!(plain("Ａ") < plain("😀"), "code points, not UTF-16");
    }
}
