//! What Accoil takes: the event a mapping makes, the calls of the ingest API, and their printed
//! form.
//!
//! Plain types without I/O. The shapes are those of the pages ingress-api/identify, /group and
//! /track at <https://developer.accoil.com/docs/ingress-api>.

mod call;
mod request_line;
#[cfg(test)]
mod request_line_tests;
mod writer;

pub use call::{Call, Lane};
pub use request_line::{RequestLineError, parse_request_line, write_failed_line, write_request_line};

/// The bag that holds nothing, as text.
pub const EMPTY_BAG: &str = "{}";

/// One event as a mapping hands it over: the structure of Amplitude's page "Accoil (Event Stream)".
///
/// Bags are compact JSON objects as text, already checked, with keys in ascending order; `{}` when
/// empty. Timestamps are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccoilEvent {
    /// The user, by the id Accoil knows; none for an event about groups alone.
    pub user_id: Option<String>,
    /// The event's name; none when only traits are set.
    pub event: Option<String>,
    /// When it happened.
    pub timestamp: Option<String>,
    /// Properties that travel with the event.
    pub metadata: String,
    /// The accounts it belongs to; the first is the primary one.
    pub group_traits: Vec<GroupTraits>,
}

/// An account and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTraits {
    /// The account's id.
    pub group_id: String,
    /// Its traits, a bag.
    pub traits: String,
}

impl AccoilEvent {
    /// Appends it as JSON, in the structure that Amplitude's page shows.
    pub fn push_json(&self, out: &mut String) {
        let mut members = writer::Members::open(out);
        call::write_event(&mut members, self);
        members.close();
    }
}
