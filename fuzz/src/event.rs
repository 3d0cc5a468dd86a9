//! The text of an event, from any sender.

#[path = "../../tests/mapping/fields.rs"]
mod fields;
#[path = "../../tests/mapping/json.rs"]
#[allow(dead_code, reason = "the tests of the mapping need more of it")]
mod json;

use accoil_stream::event::Event;
use json_text::{check, compact};
use serde_json::Value;
use serde_json::value::RawValue;

use self::fields::NO_ATTRIBUTES;
use self::json::Json;

/// How deeply JSON may be nested.
const LEVELS: usize = 128;

/// Reads bytes as an event, and holds that against two other readers of JSON.
///
/// # Panics
///
/// When they do not agree on what is an event, or on what it says, or when the canonical form, written as an event, is
/// read as another one.
pub fn event(data: &[u8]) {
    let read = Event::read(data);
    let plain = Json::read(data);
    agrees_with_serde_json(data, plain.as_ref());
    let named = plain.as_ref().and_then(|json| json.get("event_type")?.string()).filter(|name| !name.is_empty());
    assert_eq!(read.as_ref().ok().map(|event| event.event_type.to_string()), named, "whether it is an event: {read:?}");
    match (read, plain) {
        (Ok(event), Some(plain)) => {
            says_what_was_written(&event, &plain);
            is_stable(&event);
        }
        (Err(error), _) => {
            assert!(error.code().starts_with("event-"), "{error}");
            assert!(error.to_string().len() < 200, "{error}");
        }
        (Ok(_), None) => unreachable!("it has a name"),
    }
}

/// `RawValue` takes what RFC 8259 takes; `Value` refuses some of it, such as halves of surrogate pairs.
fn agrees_with_serde_json(data: &[u8], plain: Option<&Json>) {
    let raw = serde_json::from_slice::<&RawValue>(data).is_ok();
    assert!(raw || plain.is_none(), "serde_json says that it is no JSON");
    assert!(!raw || plain.is_some() || depth(data) > LEVELS, "serde_json says that it is JSON");
    assert!(plain.is_some() || serde_json::from_slice::<Value>(data).is_err(), "serde_json makes a value of it");
}

/// How deeply JSON is nested.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn says_what_was_written(event: &Event<'_>, plain: &Json) {
    let bags = [
        ("event_properties", &event.event_properties),
        ("user_properties", &event.user_properties),
        ("groups", &event.groups),
        ("group_properties", &event.group_properties),
    ];
    for (name, bag) in bags {
        let written = plain.get(name).map_or_else(|| "null".to_owned(), Json::written);
        assert_eq!(**bag, *written, "{name}");
    }
    let Json::Object(members) = plain else { unreachable!("it is an event") };
    let attributes = members.iter().filter(|(name, _)| !NO_ATTRIBUTES.contains(&name.content().as_str()));
    assert_eq!(event.attributes, Json::Object(attributes.cloned().collect()).written());

    let id = |name| match plain.get(name)? {
        Json::Number(text) => Some(text.clone()),
        other => other.string().filter(|text| !text.is_empty()),
    };
    assert_eq!(event.user_id.as_deref().map(str::to_owned), id("user_id"));
    assert_eq!(event.device_id.as_deref().map(str::to_owned), id("device_id"));
    let named = id("insert_id").or_else(|| id("$insert_id")).or_else(|| id("uuid"));
    assert_eq!(event.id.as_deref().map(str::to_owned), named);
}

/// What a mapping gets is an event again, and the same one.
fn is_stable(event: &Event<'_>) {
    let mut text = String::from("{");
    let strings = [
        ("event_type", Some(&*event.event_type)),
        ("insert_id", event.id.as_deref()),
        ("user_id", event.user_id.as_deref()),
        ("device_id", event.device_id.as_deref()),
        ("event_time", event.time.as_deref()),
    ];
    for (name, value) in strings {
        if let Some(value) = value {
            text.push_str(&format!("\"{name}\":{},", Value::from(value)));
        }
    }
    let bags = [
        ("event_properties", &*event.event_properties),
        ("user_properties", &*event.user_properties),
        ("groups", &*event.groups),
        ("group_properties", &*event.group_properties),
    ];
    for (name, bag) in bags {
        assert_eq!(check(bag), Ok(()), "{name}");
        assert_eq!(compact(bag, true), bag, "{name} is not compact");
        text.push_str(&format!("\"{name}\":{bag},"));
    }
    assert_eq!(check(&event.attributes), Ok(()));
    assert_eq!(compact(&event.attributes, true), event.attributes, "attributes are not compact");
    let attributes = event.attributes.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).expect("an object");
    text.push_str(attributes);
    let text = format!("{}}}", text.trim_end_matches(','));
    assert_eq!(Event::read(text.as_bytes()).as_ref(), Ok(event), "{text}");
}
