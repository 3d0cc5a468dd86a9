//! Events that are as large or as deep as the host lets through.

use super::{Fields, Sample, usual};
use crate::limits::Limits;

/// Levels of nesting, that of the event itself included.
const LEVELS: usize = json_text::MAX_DEPTH as usize;

/// Events of exactly `event_bytes`, each filled in another way.
pub(in crate::conformance) fn largest(limits: &Limits) -> Vec<Sample> {
    let full = Fields::full;
    let string = |bytes: usize| format!("{{\"text\":\"{}\"}}", "x".repeat(bytes));
    let room = limits.event_bytes.saturating_sub(full().text().len() + 1000);
    let members = |bytes: usize| {
        let members: Vec<String> = (0..bytes / 12).map(|number| format!("\"p{number:06}\":1")).collect();
        format!("{{{}}}", members.join(","))
    };
    let list = |bytes: usize| format!("{{\"list\":[{}]}}", vec!["\"item\""; bytes / 7].join(","));
    [
        ("one long string", full().with("event_properties", string(room))),
        ("many members", full().with("user_properties", members(room))),
        ("a long list", full().with("event_properties", list(room))),
        ("long traits of a group", full().with_group("\"Account\"", "\"7\"", &string(room))),
    ]
    .map(|(name, fields)| filled(&fields, name, limits.event_bytes))
    .into()
}

/// Fills an event up to so many bytes.
fn filled(fields: &Fields, name: &str, bytes: usize) -> Sample {
    let empty = fields.clone().with("fill", "\"\"").text().len();
    fields.clone().with("fill", format!("\"{}\"", "x".repeat(bytes.saturating_sub(empty)))).sample(name)
}

/// Bags nested as deep as may be.
pub(in crate::conformance) fn deep() -> Vec<Sample> {
    let lists = |levels: usize| format!("{{\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let objects = |levels: usize| format!("{}{{}}{}", "{\"x\":".repeat(levels - 1), "}".repeat(levels - 1));
    let full = || Fields::full().with("event_properties", "1").with("user_properties", "1");
    let mut samples = Vec::new();
    for (name, bag) in [("lists", &lists as &dyn Fn(usize) -> String), ("objects", &objects)] {
        for place in ["event_properties", "user_properties", "groups", "group_properties", "unknown"] {
            let fields = full().with("groups", "1").with("group_properties", "1");
            samples.push(fields.with(place, bag(LEVELS - 1)).sample(format!("deep {name} in {place}")));
        }
        let fields = full().with("groups", r#"{"Account":"7"}"#);
        let traits = format!("{{\"Account\":{{\"7\":{}}}}}", bag(LEVELS - 3));
        samples.push(fields.with("group_properties", traits).sample(format!("deep {name} in a group's traits")));
        for event_type in ["$identify", "$groupidentify"] {
            let operations = format!("{{\"$set\":{}}}", bag(LEVELS - 2));
            let fields = Fields::full()
                .with("event_properties", "1")
                .with("event_type", format!("\"{event_type}\""))
                .with("user_properties", &*operations)
                .with("group_properties", operations);
            samples.push(fields.sample(format!("deep {name} in {event_type}")));
        }
    }
    samples
}

/// As many events as the host gives at once, and as much of them.
pub(in crate::conformance) fn full_batch(limits: &Limits) -> Vec<Sample> {
    let each = limits.batch_bytes / limits.batch_events.max(1);
    let mut samples = usual(limits.batch_events);
    for sample in &mut samples {
        let open = sample.text.strip_suffix('}').unwrap_or_default();
        // `,"fill":""}` is eleven bytes.
        let fill = "x".repeat(each.saturating_sub(open.len() + 11));
        sample.text = format!("{open},\"fill\":\"{fill}\"}}");
    }
    samples
}
