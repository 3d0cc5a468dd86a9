//! The default mapping, with some events told as several.

use std::collections::BTreeMap;

use accoil_plugin::{AccoilEvent, Event, Outcome};
use default_mapping::{DefaultMapping, Variation};
use serde::Deserialize;

/// What can be set beside the settings of the default mapping. Keep `settings.schema.json` like it.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// What each of these events is told as.
    split: BTreeMap<String, Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    event: String,
    /// A property that must be `true`.
    when: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let part = |event: &str, when: Option<&str>| Part { event: event.into(), when: when.map(Into::into) };
        let order = vec![part("Order Placed", None), part("First Order Placed", Some("is_first_order"))];
        Self { split: BTreeMap::from([("Order Placed".into(), order)]) }
    }
}

struct SplitEvents;

impl Variation for SplitEvents {
    const NAME: &str = "split-events";
    const SUMMARY: &str = "The default mapping, with events told as several, each under a condition.";
    const SETTINGS_SCHEMA: &str = include_str!("settings.schema.json");
    type Settings = Settings;

    fn map(settings: &Settings, event: Event, default: &DefaultMapping) -> Outcome {
        let Some(parts) = settings.split.get(&event.event_type) else { return default.map(event) };
        let is_true = |name: &String| event.property(name).and_then(|value| value.as_bool()) == Some(true);
        let parts: Vec<&Part> = parts.iter().filter(|part| part.when.as_ref().is_none_or(is_true)).collect();
        if parts.is_empty() {
            return Outcome::skip("no part applies");
        }
        let mut outcome = default.map(event);
        if let Outcome::Deliver(told) = &mut outcome {
            let named =
                |told: &AccoilEvent, part: &Part| AccoilEvent { event: Some(part.event.clone()), ..told.clone() };
            *told = told.iter().flat_map(|told| parts.iter().map(|part| named(told, part))).collect();
        }
        outcome
    }
}

default_mapping::variation!(SplitEvents);
