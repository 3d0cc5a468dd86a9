use std::cell::RefCell;

use accoil_plugin::{NoSettings, testing};
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::types::{Group, Selection};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    suffix: String,
}

/// Skips what is secret, and adds something to the names of the rest.
struct Suffixed;

impl Variation for Suffixed {
    const NAME: &str = "suffixed";
    const SUMMARY: &str = "Adds something to the names of events.";
    const SETTINGS_SCHEMA: &str = r##"{"required":["suffix"],"properties":{"suffix":{"$ref":"#/$defs/text"}},"$defs":{"text":{"type":"string"}}}"##;
    type Settings = Own;

    fn map(own: &Own, event: Event, default: &DefaultMapping) -> Outcome {
        if event.event_type == "Secret" {
            return Outcome::skip("secret");
        }
        let mut outcome = default.map(event);
        for told in outcome.events_mut() {
            told.event = told.event.take().map(|name| name + &own.suffix);
        }
        outcome
    }
}

fn event(text: &str) -> Event {
    testing::event(text).unwrap()
}

fn names(outcomes: &[Outcome]) -> Vec<String> {
    let name = |outcome: &Outcome| match outcome {
        Outcome::Deliver(events) => events[0].event.clone().unwrap(),
        Outcome::Skip(reason) | Outcome::Reject(reason) => reason.clone(),
    };
    outcomes.iter().map(name).collect()
}

#[test]
fn settings_of_both_stand_side_by_side() {
    let settings = r#"{"user_id":"email","suffix":"!","properties":["plan"]}"#;
    let mapped =
        vary_one::<Suffixed>(settings, event(r#"{"event_type":"A","user_properties":{"email":"a@b","plan":1}}"#));
    let Outcome::Deliver(told) = mapped else { panic!("{mapped:?}") };
    assert_eq!(told[0].user_id.as_deref(), Some("a@b"));
    assert_eq!(told[0].event.as_deref(), Some("A!"));
    assert_eq!(told[0].metadata, r#"{"plan":1}"#);
}

#[test]
fn settings_that_cannot_be_read_reject_every_event() {
    for (settings, problem) in
        [("{}", "settings: missing field `suffix`"), (r#"{"suffix":"","user_id":1}"#, "settings: ")]
    {
        let outcome = vary_one::<Suffixed>(settings, event(r#"{"event_type":"A","user_id":"u"}"#));
        assert!(matches!(&outcome, Outcome::Reject(reason) if reason.starts_with(problem)), "{outcome:?}");
    }
}

#[test]
fn the_schema_is_that_of_both() {
    let described = describe::<Suffixed>("1.0.0");
    let schema: Value = serde_json::from_str(&described.settings_schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let is_valid = |settings: Value| validator.is_valid(&settings);
    assert!(is_valid(serde_json::json!({ "suffix": "x", "properties": ["plan"] })));
    assert!(!is_valid(serde_json::json!({ "properties": ["plan"] })), "what is required still is");
    assert!(!is_valid(serde_json::json!({ "suffix": 1 })), "definitions are still found");
    assert!(!is_valid(serde_json::json!({ "suffix": "x", "properties": "plan" })));
    assert!(!is_valid(serde_json::json!({ "suffix": "x", "sufix": "x" })));
}

#[test]
fn without_settings_of_its_own_the_schema_is_the_defaults() {
    let schema: Value = serde_json::from_str(&schema("{}")).unwrap();
    let default: Value = serde_json::from_str(SCHEMA).unwrap();
    assert_eq!(schema["properties"], default["properties"]);
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
#[should_panic(expected = "user_id is a setting of the default mapping")]
fn a_setting_of_the_defaults_name_is_refused() {
    let _ = schema(r#"{"properties":{"user_id":{}}}"#);
}

/// Notes for which event it was asked.
struct Noted(RefCell<Vec<u32>>);

impl Choice for Noted {
    fn active(&self) -> bool {
        true
    }

    fn choose(&self, event_index: u32, _: &[Group]) -> Selection {
        self.0.borrow_mut().push(event_index);
        Selection::None
    }
}

#[test]
fn the_selector_is_asked_about_the_event_of_the_batch() {
    let events = ["A", "Secret", "B"].map(|name| event(&format!(r#"{{"event_type":"{name}","user_id":"u"}}"#)));
    let asked = Noted(RefCell::default());
    let outcomes = vary::<Suffixed>(r#"{"suffix":"!"}"#, events.into(), &asked);
    assert_eq!(names(&outcomes), ["A!", "secret", "B!"]);
    assert_eq!(asked.0.into_inner(), [0, 2], "what is skipped does not shift the others");
}

/// Changes nothing.
struct Same;

impl Variation for Same {
    const NAME: &str = "same";
    const SUMMARY: &str = "The default mapping.";
    type Settings = NoSettings;

    fn map(_: &NoSettings, event: Event, default: &DefaultMapping) -> Outcome {
        default.map(event)
    }
}

#[test]
fn a_variation_that_changes_nothing_is_the_default_mapping() {
    let texts = [
        r#"{"event_type":"A","user_id":"u","groups":{"Account":["2","1"]},"group_properties":{}}"#,
        r#"{"event_type":"$identify","user_id":"u","user_properties":{"$set":{"plan":"pro"}}}"#,
        r#"{"event_type":"$groupidentify","groups":{"Account":"1"},"group_properties":{"$set":{"plan":"pro"}}}"#,
        r#"{"event_type":"A"}"#,
    ];
    let events = || texts.map(event).to_vec();
    let settings = r#"{"properties":["plan"]}"#;
    assert_eq!(vary::<Same>(settings, events(), &NoChoice), crate::map_events(settings, events(), &NoChoice));
}
