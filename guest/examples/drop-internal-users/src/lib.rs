//! The default mapping, without what colleagues do.

use accoil_plugin::{Event, Outcome};
use default_mapping::{DefaultMapping, Variation};
use serde::Deserialize;

/// What can be set beside the settings of the default mapping. Keep `settings.schema.json` like it.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Domains of colleagues' e-mail addresses; what is below them belongs to them.
    internal_domains: Vec<String>,
    /// The property that holds the user's e-mail address.
    email_property: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { internal_domains: Vec::new(), email_property: "email".into() }
    }
}

struct DropInternalUsers;

impl Variation for DropInternalUsers {
    const NAME: &str = "drop-internal-users";
    const SUMMARY: &str =
        "The default mapping, without events of users whose e-mail address is in domains that are set.";
    const SETTINGS_SCHEMA: &str = include_str!("settings.schema.json");
    type Settings = Settings;

    fn map(settings: &Settings, event: Event, default: &DefaultMapping) -> Outcome {
        let is_internal = |address: &str| {
            let domain = address.rsplit_once('@').map(|(_, domain)| domain.trim().to_lowercase());
            let belongs = |to: &String| {
                let rest = domain.as_ref().and_then(|domain| domain.strip_suffix(&to.to_lowercase()));
                rest.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            };
            settings.internal_domains.iter().any(belongs)
        };
        let email = event.property(&settings.email_property).and_then(|value| value.as_str());
        if email.is_some_and(|address| is_internal(&address)) || event.user_id.as_deref().is_some_and(is_internal) {
            return Outcome::skip("internal user");
        }
        default.map(event)
    }
}

default_mapping::variation!(DropInternalUsers);
