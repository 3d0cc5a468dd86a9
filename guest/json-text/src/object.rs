//! Bringing JSON into the form in which it is sent.

use std::borrow::Cow;

use crate::checked::{Fault, Field, Fields};
use crate::scan::{after_string, is_space};
use crate::string::Name;

/// An object whose members have ascending names, each once, in compact text.
#[derive(Clone, Debug)]
pub struct SortedObject<'a> {
    /// The text of the object.
    pub text: Cow<'a, str>,
    /// Whether it has no members.
    pub empty: bool,
}

/// Checks that `text` is an object and brings it into the form that is sent:
/// compact, names ascending by code point, of equal names the last one. Values
/// keep their text, but for white space between tokens.
///
/// # Errors
///
/// The first fault, if `text` is not an object.
pub fn sorted_object(text: &str) -> Result<SortedObject<'_>, Fault> {
    let mut fields = Fields::of(text)?;
    let mut previous: Option<Name<'_>> = None;
    let mut as_sent = true;
    // The length of the text if there is no white space around its members.
    let mut length = 1;
    while let Some(field) = fields.next_field()? {
        as_sent &= !field.spaced && previous.is_none_or(|previous| previous < field.name);
        length += field.name.as_written().len() + field.value.len() + 4;
        previous = Some(field.name);
    }
    if previous.is_none() {
        return Ok(SortedObject { text: Cow::Borrowed("{}"), empty: true });
    }
    let text = if as_sent && length == text.len() { Cow::Borrowed(text) } else { Cow::Owned(rebuild(text)?) };
    Ok(SortedObject { text, empty: false })
}

fn rebuild(text: &str) -> Result<String, Fault> {
    let mut fields = Fields::of(text)?;
    let mut members: Vec<Field<'_>> = Vec::new();
    while let Some(field) = fields.next_field()? {
        members.push(field);
    }
    // A stable sort keeps equal names in the order of the text.
    members.sort_by(|left, right| left.name.cmp(&right.name));
    let mut sorted = String::with_capacity(text.len());
    sorted.push('{');
    let mut rest = members.iter().peekable();
    while let Some(field) = rest.next() {
        if rest.peek().is_some_and(|next| next.name == field.name) {
            continue;
        }
        if sorted.len() > 1 {
            sorted.push(',');
        }
        sorted.push('"');
        sorted.push_str(field.name.as_written());
        sorted.push_str("\":");
        sorted.push_str(&compact(field.value, field.spaced));
    }
    sorted.push('}');
    Ok(sorted)
}

/// Checked text without white space between its tokens. `spaced` tells whether
/// there is any, as [`Field::spaced`] does.
#[must_use]
pub fn compact(text: &str, spaced: bool) -> Cow<'_, str> {
    if !spaced {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut compact = String::with_capacity(text.len());
    let mut kept = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' {
            (at, _) = after_string(bytes, at);
        } else if is_space(byte) {
            compact.push_str(text.get(kept..at).unwrap_or_default());
            at += 1;
            kept = at;
        } else {
            at += 1;
        }
    }
    compact.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(compact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(text: &str) -> String {
        sorted_object(text).expect("an object").text.into_owned()
    }

    #[test]
    fn an_object_in_order_is_not_copied() {
        let object = sorted_object(r#"{"a":1,"b":{"z":1,"a":2}}"#).expect("an object");
        assert!(matches!(object.text, Cow::Borrowed(_)));
        assert!(!object.empty);
    }

    #[test]
    fn names_are_sorted_and_the_last_of_equal_ones_counts() {
        assert_eq!(sorted(r#"{"b":1,"a":2,"b":3}"#), r#"{"a":2,"b":3}"#);
        assert_eq!(sorted(r#"{"b":1,"\u0062":3}"#), r#"{"\u0062":3}"#);
        assert_eq!(sorted(r#"{"Z":1,"é":2,"a":3}"#), r#"{"Z":1,"a":3,"é":2}"#);
    }

    #[test]
    fn white_space_goes_and_digits_stay() {
        assert_eq!(
            sorted("{ \"a b\" : [ 1.0 , 1e400 ] ,\n\"c\":\t\" x  y \"}\r\n"),
            r#"{"a b":[1.0,1e400],"c":" x  y "}"#
        );
        assert_eq!(sorted(" { } "), "{}");
        assert_eq!(sorted(" {\"a\":1}"), "{\"a\":1}");
    }

    #[test]
    fn anything_but_an_object_is_a_fault() {
        for text in ["", "null", "[]", "\"{}\"", "{", "{}x", "{\"a\"}", "{\"a\":1,}"] {
            assert!(sorted_object(text).is_err(), "{text}");
        }
    }
}
