//! What a report says: plain data, as JSON for programs and as the source of what is printed.
//!
//! The shape is stable: fields are only added. Shares are fractions between 0 and 1. Lists are
//! sorted worst first. In tables, what is beyond the bound on names is counted under `other`,
//! which has no name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Kind, Sides};

/// What a report says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// How many events were compared, and how many differ.
    pub events: Events,
    /// How many users are concerned.
    pub users: Users,
    /// How many calls to Accoil each side makes.
    pub requests: Sides<u64>,
    /// Instructions that each side executed; none if they were not metered.
    pub fuel: Option<Sides<u64>>,
    /// Time that each side's mapping took, in microseconds; none if it was not measured.
    pub mapping_us: Option<Sides<u64>>,
    /// Events on which each side failed, by the name of the fault's kind. An event on which both
    /// fail is the same on both.
    pub faults: Sides<BTreeMap<String, u64>>,
    /// How many events differ in which way; ways in which none does are left out.
    pub differences: Vec<Difference>,
    /// The same for each event type.
    pub event_types: Table<Slice>,
    /// The same for each type of the account before (where there was none, after). Without a name:
    /// events without an account, or whose account's type nobody says.
    pub group_types: Table<Slice>,
    /// From which type to which the account changed.
    pub primary_group_moves: Table<Move>,
    /// Which keys of metadata differ.
    pub metadata_keys: Table<Key>,
    /// Which traits of groups differ.
    pub trait_keys: Table<Key>,
    /// The first few events of each kind of difference.
    pub examples: Vec<Example>,
}

/// How many events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Events {
    /// Events with an outcome of both sides.
    pub compared: u64,
    /// Those whose outcomes differ.
    pub differing: u64,
    /// `differing` of `compared`.
    pub share: f64,
    /// Events that a sample left out.
    pub sampled_out: u64,
    /// Events that were not compared for want of time or room.
    pub shed: u64,
}

/// How many users. Counted are those that are told to Accoil, by the baseline or else by the
/// candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Users {
    /// How many there are.
    pub total: u64,
    /// Whether the numbers are exact. Otherwise they are estimates from a sample of users.
    pub exact: bool,
    /// Those with an event that differs.
    pub differing: u64,
    /// `differing` of `total`.
    pub differing_share: f64,
    /// Those whose account is another one on some event.
    pub primary_group_changed: u64,
    /// `primary_group_changed` of `total`.
    pub primary_group_changed_share: f64,
}

/// How many events differ in one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// In which way.
    pub kind: Kind,
    /// How many events. One that differs in several ways is counted for each.
    pub events: u64,
    /// Of those that were compared.
    pub share: f64,
}

/// Counts by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table<T> {
    /// Those that are known by name.
    pub named: Vec<T>,
    /// All others together, if there are any.
    pub other: Option<T>,
}

/// What differs among events that have something in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// What they have in common.
    pub name: Option<String>,
    /// How many were compared.
    pub compared: u64,
    /// How many differ.
    pub differing: u64,
    /// `differing` of `compared`.
    pub share: f64,
    /// How many in which way, by the name of the kind.
    pub differences: BTreeMap<Kind, u64>,
}

/// A change of the account's type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The type before; none if there was no account, or nobody says its type.
    pub from: Option<String>,
    /// The type after.
    pub to: Option<String>,
    /// How many times.
    pub times: u64,
}

/// How a key of bags differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The key.
    pub name: Option<String>,
    /// How many times it was added.
    pub added: u64,
    /// How many times it was removed.
    pub removed: u64,
    /// How many times it has another value.
    pub changed: u64,
}

/// An event that differs. Long texts in it are cut.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Example {
    /// The event's id.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// Its user.
    pub user_id: Option<String>,
    /// In which ways it differs.
    pub kinds: Vec<Kind>,
    /// The first of its differences.
    pub changes: Vec<Change>,
    /// How many more there are.
    pub more_changes: u64,
    /// The outcome of the baseline, as `transform` prints it; if it is too long,
    /// `{"outcome":"cut","bytes":…,"text":…}` with how long it is and how it begins.
    pub baseline: Box<RawValue>,
    /// The outcome of the candidate.
    pub candidate: Box<RawValue>,
}

/// A difference; see [`super::Change`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// In which way.
    pub kind: Kind,
    /// The user whose account changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The key in metadata or traits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// After.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The account's type before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_type: Option<String>,
    /// The account's type after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_type: Option<String>,
}

/// A part of a whole, as a fraction; nothing of nothing is 0.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a share, to be read by people")]
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
