//! Which group is the account: one of the type that the event's name asks for.

use accoil_plugin::{Event, Group, Selection, Selector};
use serde::Deserialize;

/// What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The first rule that names the event decides.
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// Names of events; with a `*` at the end, how they begin.
    events: Vec<String>,
    group_type: String,
}

impl Default for Settings {
    fn default() -> Self {
        let events = ["Invoice *", "Subscription *"].map(String::from).into();
        Self { rules: vec![Rule { events, group_type: "Billing Account".into() }] }
    }
}

struct AccountByEventType;

impl Selector for AccountByEventType {
    const NAME: &str = "account-by-event-type";
    const SUMMARY: &str = "Prefers groups of the type that the event's name asks for.";
    const SETTINGS_SCHEMA: &str = include_str!("settings.schema.json");
    type Settings = Settings;

    fn select(settings: &Settings, event: &Event, candidates: &[Group]) -> Selection {
        let names = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => event.event_type.starts_with(beginning),
            None => event.event_type == *pattern,
        };
        match settings.rules.iter().find(|rule| rule.events.iter().any(names)) {
            Some(rule) => Selection::first(candidates, |group| group.group_type == rule.group_type),
            None => Selection::DefaultRule,
        }
    }
}

accoil_plugin::selector!(AccountByEventType);
