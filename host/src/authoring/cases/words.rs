//! What a difference means, in words.

use json_text::{elements, members};

use super::case::content;
use crate::accoil::{AccoilEvent, EMPTY_BAG, GroupTraits};
use crate::compare::{Change, Kind, differences};
use crate::outbound::Dialect;
use crate::sandbox::Outcome;

/// Says in a few words what matters most in how an outcome differs from what is expected. Nothing where the places in
/// the text say it as well. `groups` is the event's `groups`.
pub(super) fn words(expected: &str, came: &str, groups: &str) -> Vec<String> {
    let (old, new) = (verdict(expected), verdict(came));
    if old != new {
        return vec![format!("expected {}, but {}", said(&old, ""), said(&new, "is "))];
    }
    let (Some(expected), Some(came)) = (delivered(expected), delivered(came)) else { return Vec::new() };
    let mut words = Vec::new();
    differences(&expected, &came, groups, &Dialect::V2, &mut |change| words.extend(sentence(&change)));
    words
}

fn verdict(outcome: &str) -> Option<String> {
    string(outcome, "outcome")
}

fn said(verdict: &Option<String>, is: &str) -> String {
    match verdict.as_deref() {
        Some("deliver") => format!("{is}delivered"),
        Some("skip") => format!("{is}skipped"),
        Some("reject") => format!("{is}rejected"),
        Some("fault") if is.is_empty() => "a fault".to_owned(),
        Some("fault") => "the plugin failed".to_owned(),
        Some("invalid") => format!("{is}no event"),
        _ => "something that is no outcome".to_owned(),
    }
}

fn sentence(change: &Change<'_>) -> Option<String> {
    let what = match change.kind {
        Kind::PrimaryGroup => "the account",
        Kind::User => "the user",
        Kind::EventName => "the event's name",
        Kind::Timestamp => "the time",
        Kind::AccoilEventAdded => return Some("there are more Accoil events than expected".to_owned()),
        Kind::AccoilEventRemoved => return Some("there are fewer Accoil events than expected".to_owned()),
        _ => return None,
    };
    let named = |value: &Option<_>, group_type: &Option<_>| match (value, group_type) {
        (Some(value), Some(group_type)) => format!("{group_type} {value}"),
        (Some(value), None) => format!("{value}"),
        (None, _) => "none".to_owned(),
    };
    let (from, to) = (named(&change.from, &change.from_type), named(&change.to, &change.to_type));
    Some(format!("{what} changed from {from} to {to}"))
}

/// What an outcome delivers, read from its text; nothing, if it is of another shape.
fn delivered(outcome: &str) -> Option<Outcome> {
    let events = elements(member(outcome, "events")?).map(event).collect();
    Some(Outcome::Deliver(events))
}

fn event(text: &str) -> AccoilEvent {
    let bag = |text: &str, name| member(text, name).unwrap_or(EMPTY_BAG).to_owned();
    let group =
        |text: &str| GroupTraits { group_id: string(text, "groupId").unwrap_or_default(), traits: bag(text, "traits") };
    AccoilEvent {
        user_id: string(text, "userId"),
        event: string(text, "event"),
        timestamp: string(text, "timestamp"),
        metadata: bag(text, "metadata"),
        group_traits: member(text, "groupTraits").into_iter().flat_map(elements).map(group).collect(),
    }
}

fn member<'a>(object: &'a str, wanted: &str) -> Option<&'a str> {
    members(object).filter(|(name, _)| *name == *wanted).map(|(_, value)| value).last()
}

fn string(object: &str, name: &str) -> Option<String> {
    member(object, name).filter(|value| value.starts_with('"')).map(content)
}

#[cfg(test)]
mod tests {
    use super::words;

    fn delivery(id: &str, user: &str, more: &str) -> String {
        format!(
            r#"{{"outcome":"deliver","events":[{{"userId":"{user}","event":"e","groupTraits":[{{"groupId":"{id}","traits":{{"group_type":"Team"}}}}]}}{more}]}}"#
        )
    }

    #[test]
    fn what_matters_is_said_in_words() {
        let seven = delivery("7", "u", "");
        let skip = r#"{"outcome":"skip","reason":"r"}"#;
        let fault = r#"{"outcome":"fault","reason":"r"}"#;
        let nobody = r#"{"outcome":"deliver","events":[{"userId":"u","event":"e"}]}"#;
        for (expected, came, said) in [
            (seven.as_str(), delivery("9", "u", "").as_str(), "the account changed from Team 7 to Team 9"),
            (&seven, nobody, "the account changed from Team 7 to none"),
            (&seven, &delivery("7", "v", ""), "the user changed from u to v"),
            (&seven, &delivery("7", "u", ",{}"), "there are more Accoil events than expected"),
            (&seven, skip, "expected delivered, but is skipped"),
            (skip, fault, "expected skipped, but the plugin failed"),
            (fault, r#"{"outcome":"invalid","reason":"r"}"#, "expected a fault, but is no event"),
            ("5", skip, "expected something that is no outcome, but is skipped"),
        ] {
            assert_eq!(words(expected, came, "null"), [said]);
        }
        assert_eq!(words(skip, r#"{"outcome":"skip","reason":"other"}"#, "null"), [""; 0]);
    }
}
