//! A selector sees the event itself, whatever the mapping does, and its own settings.

use std::borrow::Cow;
use std::sync::Arc;

use accoil_stream::event::Event;
use accoil_stream::sandbox::{Chooser, OnFault};

use super::super::guest::selector;
use super::{DEFAULT, PATIENT, account};

/// Where the text of each field is among the arguments, and the byte that says whether it is there: the length of texts
/// that always are.
const FIELDS: [(&str, usize, usize); 10] = [
    ("id", 8, 12),
    ("event_type", 16, 20),
    ("user_id", 28, 24),
    ("device_id", 40, 36),
    ("time", 52, 48),
    ("event_properties", 60, 64),
    ("user_properties", 68, 72),
    ("groups", 76, 80),
    ("group_properties", 84, 88),
    ("attributes", 92, 96),
];

fn full() -> Event<'static> {
    Event {
        id: Some(Cow::Borrowed("an id")),
        event_type: Cow::Borrowed("Opened \u{1F600}"),
        user_id: Some(Cow::Borrowed("üser")),
        device_id: Some(Cow::Borrowed("device")),
        time: Some("2026-11-24T08:00:46.123Z".into()),
        event_properties: Cow::Borrowed(r#"{"price":1.0,"note":"\u0000é"}"#),
        user_properties: Cow::Borrowed(r#"{"a":12345678901234567890}"#),
        groups: Cow::Borrowed(r#"{"Account":"a"}"#),
        group_properties: Cow::Borrowed(r#"{"Account":{"a":{}}}"#),
        attributes: r#"{"platform":"iOS"}"#.to_owned(),
    }
}

/// What of the optional fields the default mapping can do without.
fn sparse() -> Event<'static> {
    Event { id: None, device_id: None, time: None, user_properties: Cow::Borrowed("null"), ..full() }
}

fn field<'a>(event: &'a Event<'_>, name: &str) -> Option<&'a str> {
    match name {
        "id" => event.id.as_deref(),
        "event_type" => Some(&event.event_type),
        "user_id" => event.user_id.as_deref(),
        "device_id" => event.device_id.as_deref(),
        "time" => event.time.as_deref(),
        "event_properties" => Some(&event.event_properties),
        "user_properties" => Some(&event.user_properties),
        "groups" => Some(&event.groups),
        "group_properties" => Some(&event.group_properties),
        _ => Some(&event.attributes),
    }
}

#[test]
fn every_field_and_its_own_settings() {
    let mapping_settings = DEFAULT.settings(r#"{"properties":["price"]}"#).unwrap();
    for (name, text, is_there) in FIELDS {
        let fields = include_str!("../guests/selector/tells_a_field.wat")
            .replace("{text}", &text.to_string())
            .replace("{is_there}", &is_there.to_string());
        let selector = Arc::new(PATIENT.admit_selector(&selector(&fields)).unwrap());
        let settings = selector.settings(r#"{"own":[1.0]}"#).unwrap();
        let chooser = Arc::new(Chooser::new(selector, settings, OnFault::DeadLetter));
        // Several in a batch: each has its own.
        let events = [full(), sparse(), full()];
        let ran = DEFAULT.run_with(&mapping_settings, Some(&chooser), &events);
        for (outcome, event) in ran.outcomes.iter().zip(&events) {
            assert_eq!(account(outcome), field(event, name), "{name}");
            let accoil_stream::sandbox::Outcome::Deliver(told) = outcome else { panic!() };
            let own =
                told[0].group_traits.first().is_none_or(|group| group.traits == r#"{"group_type":"{\"own\":[1.0]}"}"#);
            assert!(own, "{told:?}");
        }
    }
}
