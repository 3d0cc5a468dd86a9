//! Where two outcomes differ, by meaning.

use json_text::{Kind, elements, kind};

use super::pretty;
use crate::compare::{Member, members_that_differ, same};

/// A place where two JSON texts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where: `events[0].groupTraits[0].groupId`; empty for all of it.
    pub path: String,
    /// What was expected there, as JSON in lines; nothing, if nothing was.
    pub expected: Option<String>,
    /// What came.
    pub came: Option<String>,
}

/// Every place in which two compact JSON texts differ: members by name, elements by place. Goes down as long as both
/// sides are of one sort.
pub(super) fn differences(expected: &str, came: &str) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(String::new(), expected, came, &mut found);
    found
}

fn walk(path: String, expected: &str, came: &str, found: &mut Vec<Difference>) {
    if same(expected, came) {
        return;
    }
    match (kind(expected), kind(came)) {
        (Kind::Object, Kind::Object) => members_that_differ(expected, came, &mut |name, member| {
            let path = joined(&path, &name);
            match member {
                Member::Changed(expected, came) => walk(path, expected, came, found),
                Member::Removed(expected) => found.push(difference(path, Some(expected), None)),
                Member::Added(came) => found.push(difference(path, None, Some(came))),
            }
        }),
        (Kind::Array, Kind::Array) => {
            let (mut expected, mut came) = (elements(expected), elements(came));
            for index in 0_usize.. {
                let path = format!("{path}[{index}]");
                match (expected.next(), came.next()) {
                    (None, None) => return,
                    (Some(expected), Some(came)) => walk(path, expected, came, found),
                    (expected, came) => found.push(difference(path, expected, came)),
                }
            }
        }
        _ => found.push(difference(path, Some(expected), Some(came))),
    }
}

fn difference(path: String, expected: Option<&str>, came: Option<&str>) -> Difference {
    let lines = |text: &str| {
        let mut out = String::new();
        pretty::push(&mut out, text, "", "  ");
        out
    };
    Difference { path, expected: expected.map(lines), came: came.map(lines) }
}

/// `traits.plan`, or `traits["monthly plan"]`.
fn joined(path: &str, name: &str) -> String {
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$-".contains(&byte));
    match (is_plain, path) {
        (true, "") => name.to_owned(),
        (true, _) => format!("{path}.{name}"),
        (false, _) => format!("{path}[{name:?}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(expected: &str, came: &str) -> Vec<String> {
        let side = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned()).replace('\n', "");
        let each = |Difference { path, expected, came }| format!("{path}: {} {}", side(expected), side(came));
        differences(expected, came).into_iter().map(each).collect()
    }

    #[test]
    fn only_what_differs_is_told_and_where() {
        let expected = r#"{"a":{"b":1.0,"c d":[1,2]},"e":"x","same":[1]}"#;
        let came = r#"{"same":[1],"e":"\u0078","a":{"c d":[1,3,{"f":null}],"b":1},"g":true}"#;
        let places = ["a.b: 1.0 1", r#"a["c d"][1]: 2 3"#, r#"a["c d"][2]: - {  "f": null}"#, "g: - true"];
        assert_eq!(told(expected, came), places);
        assert_eq!(told("[1,2]", "[1]"), ["[1]: 2 -"]);
        assert_eq!(told("{}", "[]"), [": {} []"]);
        assert_eq!(told(expected, expected), [""; 0]);
    }
}
