//! An event in canonical form, and how it gets there.
//!
//! Events come in three dialects: HTTP V2 (what SDKs send), export rows (what
//! files, streams and webhooks carry) and templates of people's own. They
//! differ in the names of a few fields and in how a time is written. After
//! [`Event::read`] a mapping can't tell them apart.

mod canonical;
mod time;

use std::borrow::Cow;

pub use canonical::Invalid;
pub(crate) use time::{from_text as normal_time, now_ms, of_unix_ms as time_of, unix_ms};

/// An event in canonical form, as the contract (`wit/`) describes it. It
/// borrows what it can from the text that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// `insert_id`, `$insert_id` or `uuid`; nothing if the event has none.
    pub id: Option<Cow<'a, str>>,
    /// The event's name, never empty.
    pub event_type: Cow<'a, str>,
    /// The user: never empty.
    pub user_id: Option<Cow<'a, str>>,
    /// The device: never empty.
    pub device_id: Option<Cow<'a, str>>,
    /// RFC 3339, UTC, milliseconds.
    pub time: Option<String>,
    /// JSON text, `null` when the event has none; so are the next three.
    pub event_properties: Cow<'a, str>,
    /// JSON text.
    pub user_properties: Cow<'a, str>,
    /// JSON text.
    pub groups: Cow<'a, str>,
    /// JSON text.
    pub group_properties: Cow<'a, str>,
    /// A JSON object with every other field.
    pub attributes: String,
}
