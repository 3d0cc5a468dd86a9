//! Which group is the account: the first one that pays, else the one that the default rule chooses.

use accoil_plugin::{Event, Group, Selection, Selector};
use serde::Deserialize;

/// What can be set, with defaults. Keep `settings.schema.json` like it: the host checks settings by that.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The trait of a group that names its plan.
    r#trait: String,
    /// What stands there when a group does not pay.
    free_value: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { r#trait: "plan".into(), free_value: "free".into() }
    }
}

struct Plugin;

impl Selector for Plugin {
    const NAME: &str = "{{name}}";
    const SUMMARY: &str = "Prefers the first group whose plan is not free.";
    const SETTINGS_SCHEMA: &str = include_str!("settings.schema.json");
    type Settings = Settings;

    fn select(settings: &Settings, _event: &Event, candidates: &[Group]) -> Selection {
        Selection::first(candidates, |group| {
            group.trait_str(&settings.r#trait).is_some_and(|plan| plan != settings.free_value)
        })
    }
}

accoil_plugin::selector!(Plugin);

#[cfg(test)]
mod tests {
    use super::*;
    use accoil_plugin::testing::{account, select};

    const EVENT: &str = r#"{
        "event_type": "Report Created",
        "groups": {"Account": ["1", "2"]},
        "group_properties": {"Account": {"1": {"plan": "free"}, "2": {"plan": "pro", "tier": "free"}}}
    }"#;

    #[test]
    fn who_pays_is_preferred() {
        assert_eq!(account::<Plugin>("{}", EVENT), Ok(Some("2".into())));
    }

    #[test]
    fn else_the_default_rule_decides() {
        assert_eq!(select::<Plugin>(r#"{"trait":"tier"}"#, EVENT), Ok(Selection::DefaultRule));
    }
}
