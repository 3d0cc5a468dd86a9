//! Events in which a field is missing, or has a value that programs stumble over.

use super::words::{MEMBERS, NUMBERS, STRINGS, VALUES};
use super::{Fields, NAMES, Sample};

/// Nothing in one field, in several, in all.
pub(in crate::conformance) fn absent() -> Vec<Sample> {
    let mut samples = vec![Sample::new("nothing but a type", r#"{"event_type":"x"}"#)];
    for name in NAMES.into_iter().filter(|name| *name != "event_type") {
        samples.push(Fields::full().without(name).sample(format!("no {name}")));
        for value in VALUES {
            samples.push(Fields::full().with(name, value).sample(format!("{name} is {value}")));
        }
    }
    let bags = ["event_properties", "user_properties", "groups", "group_properties"];
    for value in ["null", "{}", "[]"] {
        let empty = bags.into_iter().fold(Fields::full(), |fields, name| fields.with(name, value));
        samples.push(empty.sample(format!("every bag is {value}")));
    }
    let bare = bags.into_iter().chain(["user_id"]).fold(Fields::full(), |fields, name| fields.without(name));
    samples.push(bare.sample("neither user nor bags"));
    samples
}

/// Every sort of text in every place that can hold text.
pub(in crate::conformance) fn unicode() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (name, text) in STRINGS {
        let long = format!("\"{}\"", text.trim_matches('"').repeat(40));
        let full = Fields::full;
        let member = format!("{{{text}:{text},\"x\":[{text},{{{text}:{text}}}],\"long\":{long}}}");
        for (place, fields) in [
            ("event_type", full().with("event_type", text)),
            ("user_id", full().with("user_id", text)),
            ("device_id", full().with("device_id", text)),
            ("insert_id", full().with("insert_id", text)),
            ("event_properties", full().with("event_properties", &*member)),
            ("user_properties", full().with("user_properties", &*member)),
            ("a group's type", full().with_group(text, "\"7\"", "{}")),
            ("a group's id", full().with_group("\"Account\"", text, "{}")),
            ("a group's traits", full().with_group("\"Account\"", "\"7\"", &member)),
            ("platform", full().with("platform", text)),
        ] {
            samples.push(fields.sample(format!("{name} in {place}")));
        }
    }
    samples
}

/// Numbers that no double holds, and others, in every place that can hold them.
pub(in crate::conformance) fn numbers() -> Vec<Sample> {
    let mut samples = Vec::new();
    for number in NUMBERS {
        let bag = format!("{{\"n\":{number},\"list\":[{number},{{\"n\":{number}}}]}}");
        let full = Fields::full;
        for (place, fields) in [
            ("user_id", full().with("user_id", number)),
            ("device_id", full().with("device_id", number)),
            ("time", full().with("time", number)),
            ("event_properties", full().with("event_properties", &*bag)),
            ("user_properties", full().with("user_properties", &*bag)),
            ("a group's id", full().with_group("\"Account\"", number, "{}")),
            ("a group's traits", full().with_group("\"Account\"", "\"7\"", &bag)),
            ("revenue", full().with("revenue", number)),
        ] {
            samples.push(fields.sample(format!("{number} in {place}")));
        }
    }
    samples
}

/// An object whose members have names that mean something to somebody.
pub(super) fn named_oddly() -> String {
    let members: Vec<String> = MEMBERS.iter().map(|name| format!("\"{name}\":{{\"{name}\":\"{name}\"}}")).collect();
    format!("{{{}}}", members.join(","))
}
