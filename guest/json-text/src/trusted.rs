//! Walking through text that was checked before.

use crate::scan::{after_string, is_space};
use crate::string::Name;

/// What sort of value a JSON text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`, and text that is no JSON.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// The sort of value that checked text holds.
#[must_use]
#[inline]
pub fn kind(text: &str) -> Kind {
    match text.as_bytes().iter().find(|byte| !is_space(**byte)) {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'-' | b'0'..=b'9') => Kind::Number,
        _ => Kind::Null,
    }
}

/// The members of an object, as they stand in checked text; none if it holds
/// another sort of value. A name can come twice: the last one counts.
#[inline]
pub fn members(text: &str) -> impl Iterator<Item = (Name<'_>, &str)> {
    let mut walk = Walk::into(text, b'{');
    std::iter::from_fn(move || {
        let quote = walk.next_item(b'}')?;
        let (after_name, escaped) = after_string(walk.bytes, quote);
        let name = text.get(quote + 1..after_name.saturating_sub(1))?;
        walk.at = after_name;
        walk.skip_space();
        walk.at += 1; // the colon
        walk.skip_space();
        let value = walk.value()?;
        Some((Name::new(name, escaped), value))
    })
}

/// The elements of an array, as they stand in checked text; none if it holds
/// another sort of value.
#[inline]
pub fn elements(text: &str) -> impl Iterator<Item = &str> {
    let mut walk = Walk::into(text, b'[');
    std::iter::from_fn(move || {
        walk.next_item(b']')?;
        walk.value()
    })
}

struct Walk<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// A walk that stands behind the opening bracket, or at the end of the
    /// text if that is not how it begins.
    #[inline]
    fn into(text: &'a str, opening: u8) -> Self {
        let mut walk = Self { text, bytes: text.as_bytes(), at: 0 };
        walk.skip_space();
        if walk.peek() == Some(opening) {
            walk.at += 1;
        } else {
            walk.at = text.len();
        }
        walk
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// Where the next item starts; nothing at the closing bracket.
    #[inline]
    fn next_item(&mut self, closing: u8) -> Option<usize> {
        self.skip_space();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.skip_space();
        }
        match self.peek() {
            None => None,
            Some(byte) if byte == closing => None,
            Some(_) => Some(self.at),
        }
    }

    /// Passes over the value that starts here.
    #[inline]
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.at = match self.peek()? {
            b'"' => after_string(self.bytes, start).0,
            b'{' | b'[' => after_container(self.bytes, start),
            _ => after_plain(self.bytes, start),
        };
        // Nonsense must not be walked for ever.
        self.at = self.at.max(start + 1);
        self.text.get(start..self.at)
    }
}

#[inline]
fn after_plain(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| matches!(byte, b',' | b']' | b'}') || is_space(*byte));
    length.map_or(bytes.len(), |length| start + length)
}

fn after_container(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                (at, _) = after_string(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(text: &str) -> Vec<(String, &str)> {
        members(text).map(|(name, value)| (name.content().into_owned(), value)).collect()
    }

    #[test]
    fn members_are_split_as_written() {
        let text = "{ \"a\" : 1.50 ,\"b\\\"}\":{\"c\":[1,\"]}\"]} , \"c\":\"x\\\\\",\"d\":null}";
        let expected = [("a", "1.50"), ("b\"}", "{\"c\":[1,\"]}\"]}"), ("c", "\"x\\\\\""), ("d", "null")];
        assert_eq!(collect(text), expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn other_sorts_of_value_have_no_members() {
        for text in ["null", "[1]", "\"{}\"", "3", "", "{}", " { } "] {
            assert_eq!(collect(text), []);
        }
        assert_eq!(elements("[]").count() + elements("{\"a\":1}").count(), 0);
    }

    #[test]
    fn elements_are_split_as_written() {
        let items: Vec<_> = elements("[1, [2,3] ,\"a,b\",{\"x\":[]},true]").collect();
        assert_eq!(items, ["1", "[2,3]", "\"a,b\"", "{\"x\":[]}", "true"]);
    }

    #[test]
    fn nonsense_returns() {
        for text in ["{", "{\"a", "{\"a\"", "{\"a\":", "{a:b}", "[", "[1", "{]", "[}", "[\"é", "{}}", "[,,,"] {
            let _ = members(text).count() + elements(text).count();
        }
    }
}
