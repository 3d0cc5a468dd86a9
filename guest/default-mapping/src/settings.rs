//! What a tenant can set, and its defaults.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The JSON Schema (draft 2020-12) of the settings, with a description and
/// the default of each.
pub const SCHEMA: &str = include_str!("settings.schema.json");

/// The settings, as they are written. Every one can be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which events are mapped.
    pub event_types: EventTypes,
    /// The property that identifies the user; `user_id` when left out.
    pub user_id: Option<String>,
    /// The properties that become metadata.
    pub properties: Vec<String>,
    /// What becomes of groups when the event has no `group_properties`.
    pub groups_without_properties: GroupsWithoutProperties,
    /// Which group is the account.
    pub primary_group: PrimaryGroup,
}

/// Which events are mapped, by their type. Empty lists exclude nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventTypes {
    /// If not empty, only these.
    pub include: Vec<String>,
    /// Never these.
    pub exclude: Vec<String>,
}

/// What becomes of groups when the event has no `group_properties`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum GroupsWithoutProperties {
    /// They are no candidates: the event has no account data. This is what
    /// Amplitude's destination does.
    #[default]
    Drop,
    /// They are candidates without traits.
    Keep,
}

/// Which of an event's groups is the account. Each rule breaks the ties of the
/// one before it, in the order of these fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrimaryGroup {
    /// If not empty, groups of other types are no candidates.
    pub only_types: Vec<String>,
    /// Groups with this trait come first.
    pub prefer_where: Option<PreferWhere>,
    /// Groups of these types come first, in this order.
    pub prefer_types: Vec<String>,
    /// How the ids are ordered.
    pub order: Order,
}

/// A trait and the value that it should have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferWhere {
    /// The trait's name.
    #[serde(rename = "trait")]
    pub name: String,
    /// Any JSON value. Numbers are compared by value, objects without regard
    /// to the order of their members.
    pub equals: Box<RawValue>,
}

/// How group ids are ordered; the first one is the account.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By code point.
    #[default]
    Ascending,
    /// By code point, the other way round.
    Descending,
    /// Ids of ASCII digits first, by value; the others after them, ascending.
    Numeric,
}

impl Settings {
    /// Reads settings from JSON text.
    ///
    /// # Errors
    ///
    /// What is wrong, and where in the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("settings: {error}"))
    }
}
