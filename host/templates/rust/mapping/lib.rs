//! What is told to Accoil: who did what, some properties, and the account.

use accoil_plugin::{AccoilEvent, Choice, Event, Group, Mapping, Object, Outcome};
use serde::Deserialize;

/// What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The properties that become the user's metadata.
    properties: Vec<String>,
    /// The type of the groups that can be the account.
    group_type: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { properties: vec!["plan".into()], group_type: "Account".into() }
    }
}

struct Plugin;

impl Mapping for Plugin {
    const NAME: &str = "{{name}}";
    const SUMMARY: &str = "Tells who did what, the properties that are set, and the account.";
    const SETTINGS_SCHEMA: &str = include_str!("settings.schema.json");
    type Settings = Settings;

    fn map(settings: &Settings, event: &Event, choice: &Choice) -> Outcome {
        if event.event_type.starts_with('$') {
            return Outcome::skip("not an action");
        }
        let Some(user_id) = event.user_id.clone() else {
            return Outcome::skip("missing user id");
        };
        Outcome::one(AccoilEvent {
            user_id: Some(user_id),
            event: Some(event.event_type.clone()),
            timestamp: event.time.clone(),
            metadata: metadata(settings, event),
            group_traits: account(settings, event, choice).iter().map(Group::told).collect(),
        })
    }
}

fn metadata(settings: &Settings, event: &Event) -> String {
    let mut object = Object::new();
    for name in &settings.properties {
        if let Some(value) = event.property(name) {
            object = object.json(name, value);
        }
    }
    object.finish()
}

/// The groups of the type that is set, ascending by id: the tenant's selector chooses, or else the first is the account.
fn account(settings: &Settings, event: &Event, choice: &Choice) -> Option<Group> {
    let mut candidates = event.candidates();
    candidates.retain(|group| group.group_type == settings.group_type);
    choice.among(candidates)
}

accoil_plugin::mapping!(Plugin);

#[cfg(test)]
mod tests {
    use super::*;
    use accoil_plugin::testing::map;

    #[test]
    fn an_action_is_told() {
        let event = r#"{"event_type": "Report Created", "user_id": "u1", "user_properties": {"plan": "pro"}}"#;
        let Ok(Outcome::Deliver(told)) = map::<Plugin>("{}", event) else { panic!("it is delivered") };
        assert_eq!(told[0].metadata, r#"{"plan":"pro"}"#);
    }

    #[test]
    fn nobody_is_skipped() {
        let event = r#"{"event_type": "Report Created"}"#;
        assert_eq!(map::<Plugin>("{}", event), Ok(Outcome::skip("missing user id")));
    }
}
