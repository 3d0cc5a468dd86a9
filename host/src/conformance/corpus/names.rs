//! Events with names of members that come twice or mean something, and with all types.

use super::values::named_oddly;
use super::words::{EVENT_TYPES, VALUES};
use super::{Fields, NAMES, Sample};

/// Members that come twice, of which the last one counts, and members with odd names.
pub(in crate::conformance) fn duplicates() -> Vec<Sample> {
    let mut samples = Vec::new();
    let full = Fields::full;
    for name in NAMES {
        for value in ["null", "\"again\"", "{}"] {
            if (name, value) == ("event_type", "\"again\"") || name != "event_type" {
                let text = full().text();
                let open = text.strip_suffix('}').unwrap_or_default();
                let twice = format!("{open},\"{name}\":{value}}}");
                samples.push(Sample::new(format!("{name} twice"), twice));
            }
        }
    }
    let (twice, odd) = (r#"{"a":1,"a":2,"b":{"c":1,"c":"2"},"b":{"c":3,"c":null}}"#, named_oddly());
    for (name, bag) in [("members twice", twice), ("odd names", odd.as_str())] {
        for place in ["event_properties", "user_properties", "groups", "group_properties"] {
            samples.push(full().with(place, bag).sample(format!("{name} in {place}")));
        }
        samples.push(full().with_group("\"Account\"", "\"7\"", bag).sample(format!("{name} in a group's traits")));
        samples.push(full().with("event_type", "\"$identify\"").with("user_properties", bag).sample(name));
        samples.push(
            full()
                .with("event_type", "\"$identify\"")
                .with("user_properties", format!("{{\"$set\":{bag},\"$set\":{{}},\"$setOnce\":{bag}}}"))
                .sample(format!("{name} under operations")),
        );
    }
    let groups = r#"{"Account":"1","Account":["2","2"],"Team":["2",2,"2"]}"#;
    let properties = r#"{"Account":{"2":{"a":1},"2":{"a":2}},"Account":{"2":{"a":3,"a":4}}}"#;
    samples.push(full().with("groups", groups).with("group_properties", properties).sample("groups twice"));
    samples
}

/// Types that nobody knows, and Amplitude's own, with properties flat, under operations, and wrong.
pub(in crate::conformance) fn types() -> Vec<Sample> {
    let mut samples = Vec::new();
    let full = Fields::full;
    for name in EVENT_TYPES {
        let event_type = format!("\"{name}\"");
        samples.push(full().with("event_type", &*event_type).sample(format!("type {name}")));
        samples.push(Sample::new(format!("type {name}, no more"), format!("{{\"event_type\":{event_type}}}")));
    }
    samples.push(full().with("event_type", format!("\"{}\"", "long ".repeat(200))).sample("a long type"));
    for (event_type, place) in [("$identify", "user_properties"), ("$groupidentify", "group_properties")] {
        let event = full().with("event_type", format!("\"{event_type}\""));
        let operations = [
            r#"{"$set":{"plan":"pro"},"$setOnce":{"first":1},"$add":{"n":1},"$unset":{"old":"-"},"$append":{"l":[1]}}"#,
            r#"{"$clearAll":"-"}"#,
            r#"{"flat":1,"$set":{"flat":2},"$unknown":{"x":1}}"#,
        ];
        for bag in operations {
            samples.push(event.clone().with(place, bag).sample(format!("{event_type} with operations")));
        }
        for value in VALUES {
            let bag = format!("{{\"$set\":{value},\"$setOnce\":{value},\"$add\":{value}}}");
            samples.push(event.clone().with(place, bag).sample(format!("{event_type} with {value} under operations")));
            samples.push(event.clone().with(place, value).sample(format!("{event_type} with {place} {value}")));
        }
        samples.push(event.clone().without("user_id").sample(format!("{event_type} without a user")));
        samples.push(event.without("groups").sample(format!("{event_type} without groups")));
    }
    samples
}
