//! What an author implements.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Choice, Event, Group, Outcome, Selection};

/// A rule for which group is the account. Exported with [`selector!`](crate::selector).
pub trait Selector {
    /// A short name.
    const NAME: &str;
    /// One sentence for the people who choose between plugins.
    const SUMMARY: &str;
    /// A JSON Schema (draft 2020-12) of the settings. The host checks settings against it before they are used, so it
    /// should refuse whatever [`Self::Settings`] can't be read from. `{}` accepts any.
    const SETTINGS_SCHEMA: &str = "{}";
    /// The settings, read from a JSON object.
    type Settings: DeserializeOwned;

    /// Chooses among the candidates, which are in the order of the mapping's own rule. There may be none.
    fn select(settings: &Self::Settings, event: &Event, candidates: &[Group]) -> Selection;
}

/// A whole mapping. Exported with [`mapping!`](crate::mapping).
pub trait Mapping {
    /// A short name.
    const NAME: &str;
    /// One sentence for the people who choose between plugins.
    const SUMMARY: &str;
    /// A JSON Schema (draft 2020-12) of the settings, as in [`Selector::SETTINGS_SCHEMA`].
    const SETTINGS_SCHEMA: &str = "{}";
    /// The settings, read from a JSON object once a batch.
    type Settings: DeserializeOwned;

    /// What becomes of an event. `choice` finds its account, with the tenant's selector if there is one.
    fn map(settings: &Self::Settings, event: &Event, choice: &Choice) -> Outcome;
}

/// The settings of a plugin that has none.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct NoSettings {}
