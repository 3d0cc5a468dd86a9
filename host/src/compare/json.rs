//! JSON by meaning.

use std::borrow::Cow;
use std::cmp::Ordering;

use json_text::{Kind, elements, kind, members, unescape};

/// What became of the member of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member<'a> {
    Added(&'a str),
    Removed(&'a str),
    Changed(&'a str, &'a str),
}

/// Tells every member in which two objects differ, by name in ascending order.
pub(crate) fn members_that_differ<'a>(before: &'a str, after: &'a str, tell: &mut dyn FnMut(Cow<'a, str>, Member<'a>)) {
    if before == after {
        return;
    }
    let (mut before, mut after) = (sorted(before).into_iter().peekable(), sorted(after).into_iter().peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((left, _)), Some((right, _))) => left.cmp(right),
        };
        let removed = if order.is_le() { before.next() } else { None };
        let added = if order.is_ge() { after.next() } else { None };
        match (removed, added) {
            (Some((_, old)), Some((_, new))) if same(old, new) => {}
            (Some((name, old)), Some((_, new))) => tell(name, Member::Changed(old, new)),
            (Some((name, old)), None) => tell(name, Member::Removed(old)),
            (None, Some((name, new))) => tell(name, Member::Added(new)),
            (None, None) => return,
        }
    }
}

/// Whether two checked JSON texts without white space mean the same: the order of keys and the
/// escapes of strings mean nothing, the digits of numbers do.
///
/// It goes down at most as deep as checked text is nested, and only where texts differ.
pub(crate) fn same(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    match (kind(left), kind(right)) {
        (Kind::String, Kind::String) => content(left) == content(right),
        (Kind::Array, Kind::Array) => {
            let (mut left, mut right) = (elements(left), elements(right));
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return true,
                    (Some(left), Some(right)) if same(left, right) => {}
                    _ => return false,
                }
            }
        }
        (Kind::Object, Kind::Object) => {
            let (left, right) = (sorted(left), sorted(right));
            left.len() == right.len()
                && left.iter().zip(&right).all(|((name, old), (other, new))| name == other && same(old, new))
        }
        _ => false,
    }
}

/// The content of a value that is a string.
pub(super) fn string(value: &str) -> Option<Cow<'_, str>> {
    (kind(value) == Kind::String).then(|| content(value))
}

/// The member of an object with this name; of several, the last.
pub(super) fn member<'a>(object: &'a str, wanted: &str) -> Option<&'a str> {
    members(object).filter(|(name, _)| *name == *wanted).map(|(_, value)| value).last()
}

fn content(string: &str) -> Cow<'_, str> {
    unescape(string.get(1..string.len().saturating_sub(1)).unwrap_or_default())
}

/// The members of an object by name; of equal names, the last.
fn sorted(object: &str) -> Vec<(Cow<'_, str>, &str)> {
    let mut all: Vec<_> = members(object).map(|(name, value)| (name.content(), value)).collect();
    if !all.is_sorted_by(|left, right| left.0 < right.0) {
        all.reverse();
        all.sort_by(|left, right| left.0.cmp(&right.0));
        all.dedup_by(|later, kept| later.0 == kept.0);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_escapes_mean_nothing_and_digits_do() {
        for (left, right) in [
            (r#"{"a":1,"b":{"c":[1],"d":2}}"#, r#"{"b":{"d":2,"c":[1]},"a":1}"#),
            (r#"{"a":"\u0041\/"}"#, r#"{"\u0061":"A/"}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"[{"a":1,"b":2}]"#, r#"[{"b":2,"a":1}]"#),
        ] {
            assert!(same(left, right) && same(right, left), "{left} {right}");
        }
        for (left, right) in [
            ("1", "1.0"),
            ("1", "\"1\""),
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,1]"),
            ("null", "false"),
            ("{}", "[]"),
            (r#"{"a":null}"#, "{}"),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":1}"#),
        ] {
            assert!(!same(left, right) && !same(right, left), "{left} {right}");
        }
    }

    #[test]
    fn members_are_told_by_name() {
        let mut told = Vec::new();
        let (before, after) = (r#"{"a":1,"b":[1],"c":{"x":1,"y":2}}"#, r#"{"b":[1.0],"c":{"y":2,"x":1},"d":"e"}"#);
        members_that_differ(before, after, &mut |name, member| told.push((name.into_owned(), member)));
        let expected =
            [("a", Member::Removed("1")), ("b", Member::Changed("[1]", "[1.0]")), ("d", Member::Added("\"e\""))];
        assert_eq!(told, expected.map(|(name, member)| (name.to_owned(), member)));
    }
}
