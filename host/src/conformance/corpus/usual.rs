//! Events as they come by the thousand, with all that is in them left to (seeded) chance.

use fastrand::Rng;

use super::Sample;
use super::words::{EVENT_TYPES, NUMBERS};

/// Ids of users and groups.
const IDS: [&str; 10] = [
    "\"user_81\"",
    "\"7\"",
    "7",
    "\"210000\"",
    "\"ø-1\"",
    "\"ada@example.com\"",
    "\"\"",
    "null",
    "12",
    "\"anonymous\"",
];

/// Names of properties and traits.
const KEYS: [&str; 10] = ["plan", "email", "rows", "status", "mrr", "name", "path", "país", "seats", "x"];

/// Types of groups.
const TYPES: [&str; 4] = ["Account", "Team", "org", "Konto"];

/// So many events: most of them with a user, properties and groups.
pub(in crate::conformance) fn usual(count: usize) -> Vec<Sample> {
    let mut chance = Rng::with_seed(1);
    (0..count).map(|number| Sample::new(format!("usual event {number}"), event(&mut chance, number))).collect()
}

fn pick(chance: &mut Rng, from: &[&'static str]) -> &'static str {
    chance.choice(from).copied().unwrap_or_default()
}

fn value(chance: &mut Rng) -> &'static str {
    match chance.u8(..10) {
        0 => pick(chance, &NUMBERS),
        1 => pick(chance, &["null", "true", "[1,2]", "{\"a\":{\"b\":[]}}", "\"\""]),
        2..=4 => pick(chance, &["1", "120", "12.5", "-3"]),
        _ => pick(chance, &["\"pro\"", "\"free\"", "\"paid\"", "\"/pricing\"", "\"Analytical Engines\"", "\"blåbær\""]),
    }
}

fn bag(chance: &mut Rng, most: usize) -> String {
    let members: Vec<String> =
        (0..chance.usize(..=most)).map(|_| format!("\"{}\":{}", pick(chance, &KEYS), value(chance))).collect();
    format!("{{{}}}", members.join(","))
}

fn operations(chance: &mut Rng) -> String {
    format!("{{\"$set\":{},\"$setOnce\":{},\"flat\":{}}}", bag(chance, 4), bag(chance, 2), value(chance))
}

/// `groups` and `group_properties`.
fn groups(chance: &mut Rng) -> (String, String) {
    let (mut groups, mut properties) = (Vec::new(), Vec::new());
    for group_type in TYPES {
        if chance.u8(..10) < 4 {
            continue;
        }
        let ids: Vec<&str> = (0..chance.usize(1..4)).map(|_| pick(chance, &IDS)).collect();
        groups.push(format!("\"{group_type}\":[{}]", ids.join(",")));
        let named = ids.iter().filter(|id| id.starts_with('"'));
        let traits: Vec<String> = named.map(|id| format!("{id}:{}", bag(chance, 4))).collect();
        properties.push(format!("\"{group_type}\":{{{}}}", traits.join(",")));
    }
    (format!("{{{}}}", groups.join(",")), format!("{{{}}}", properties.join(",")))
}

fn event(chance: &mut Rng, number: usize) -> String {
    let event_type = pick(chance, &EVENT_TYPES);
    let mut text = format!("{{\"event_type\":\"{event_type}\",\"insert_id\":\"c-{number}\"");
    let (groups, mut group_properties) = groups(chance);
    if event_type == "$groupidentify" {
        group_properties = operations(chance);
    }
    let user_properties = if event_type == "$identify" { operations(chance) } else { bag(chance, 6) };
    let time = 1_764_000_000_000_u64 + chance.u64(..1_000_000_000);
    for (name, value, percent) in [
        ("user_id", pick(chance, &IDS).to_owned(), 90),
        ("device_id", pick(chance, &IDS).to_owned(), 60),
        ("time", time.to_string(), 90),
        ("event_properties", bag(chance, 6), 85),
        ("user_properties", user_properties, 85),
        ("groups", groups, 80),
        ("group_properties", group_properties, 80),
        ("platform", "\"Web\"".to_owned(), 70),
        ("country", value(chance).to_owned(), 40),
        ("revenue", pick(chance, &NUMBERS).to_owned(), 10),
    ] {
        if chance.u8(..100) < percent {
            text.push_str(&format!(",\"{name}\":{value}"));
        }
    }
    text.push('}');
    text
}
