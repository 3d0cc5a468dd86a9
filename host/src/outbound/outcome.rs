//! What goes into delivery and what comes out of it.

use serde::Serialize;

use crate::accoil::{Call, Lane, write_failed_line};

/// The calls of one event, sent one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// What the caller knows it by: an event id, a file and line. Comes back with the outcome.
    pub id: String,
    /// The calls, in order.
    pub calls: Vec<Call>,
}

impl Unit {
    /// The lanes the unit holds, each once.
    pub fn lanes(&self) -> Vec<Lane> {
        let mut lanes = Vec::new();
        self.calls.iter().for_each(|call| call.add_lanes(&mut lanes));
        lanes
    }
}

/// How a unit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The unit's id.
    pub id: String,
    /// Calls that were answered with success.
    pub sent: u32,
    /// Calls that said nothing new and were not sent.
    pub unchanged: u32,
    /// Attempts beyond the first, of all calls.
    pub retries: u32,
    /// Set when the unit did not come through.
    pub failure: Option<Failure>,
}

/// What did not come through, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The call that failed and those after it, which were not tried.
    pub calls: Vec<Call>,
    /// Why.
    pub reason: FailureReason,
    /// Attempts at the first of `calls`; 0 when delivery had stopped before its turn.
    pub attempts: u32,
    /// The last status, if there was an answer.
    pub status: Option<u16>,
    /// The first bytes of the last answer, or what the network said; empty when nothing was tried.
    pub answer: String,
}

/// Why a call was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureReason {
    /// The destination answered that it will not take this call.
    Refused,
    /// It was tried, or had to wait, for longer than `give_up_after_s`.
    GaveUp,
    /// The destination refuses the key, so delivery stopped.
    KeyRefused,
    /// The destination has an address that is not allowed, so delivery stopped.
    AddressRefused,
    /// Nothing came through for `give_up_after_s`, so delivery stopped.
    DestinationDown,
    /// The caller ended delivery.
    Interrupted,
}

impl FailureReason {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::GaveUp => "gave-up",
            Self::KeyRefused => "key-refused",
            Self::AddressRefused => "address-refused",
            Self::DestinationDown => "destination-down",
            Self::Interrupted => "interrupted",
        }
    }

    /// A sentence for people: what happened and what to do.
    pub fn message(self) -> &'static str {
        match self {
            Self::Refused => "the destination refused this call; see its answer, correct the call and send it again",
            Self::GaveUp => "no success within give_up_after_s, or a longer pause asked for; send it again later",
            Self::KeyRefused => "the destination refuses the api key; correct api_key and send it again",
            Self::AddressRefused => "the endpoint has an address that is not allowed; see allow_private_endpoint",
            Self::DestinationDown => "nothing came through within give_up_after_s; send it again when accoil answers",
            Self::Interrupted => "delivery was interrupted before this call; send it again",
        }
    }
}

#[derive(Serialize)]
struct FailureNote<'a> {
    id: &'a str,
    reason: FailureReason,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "str::is_empty")]
    answer: &'a str,
}

impl Failure {
    /// Appends one line per call left, in the form `send` reads again. Attempts and answer belong
    /// to the first.
    pub fn write_lines(&self, id: &str, out: &mut String) {
        for (index, call) in self.calls.iter().enumerate() {
            let first = index == 0;
            let note = FailureNote {
                id,
                reason: self.reason,
                attempts: if first { self.attempts } else { 0 },
                status: self.status.filter(|_| first),
                answer: if first { &self.answer } else { "" },
            };
            // Numbers and strings cannot fail to serialise; `null` would still be read again.
            let note = serde_json::to_string(&note).unwrap_or_else(|_| "null".to_owned());
            write_failed_line(call, &note, out);
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accoil::{AccoilEvent, GroupTraits, parse_request_line};

    #[test]
    fn a_failed_unit_prints_lines_that_can_be_read_again() {
        let track = |event: &str| Call::Track { user_id: "u".into(), event: event.into(), timestamp: None };
        let failure = Failure {
            calls: vec![track("a"), track("b")],
            reason: FailureReason::Refused,
            attempts: 1,
            status: Some(404),
            answer: "no \"such\" path".into(),
        };
        let mut text = String::new();
        failure.write_lines("events.json:7", &mut text);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                r#"{"method":"POST","path":"/v2/track","body":{"userId":"u","event":"a"},"failure":{"id":"events.json:7","reason":"refused","attempts":1,"status":404,"answer":"no \"such\" path"}}"#,
                r#"{"method":"POST","path":"/v2/track","body":{"userId":"u","event":"b"},"failure":{"id":"events.json:7","reason":"refused","attempts":0}}"#,
            ]
        );
        assert_eq!(parse_request_line(lines[1], None).unwrap(), track("b"));
    }

    #[test]
    fn a_unit_holds_the_lanes_of_all_its_users_once() {
        let event = |user: Option<&str>, groups: &[&str]| Call::Combined {
            path: "/".into(),
            event: AccoilEvent {
                user_id: user.map(Into::into),
                event: None,
                timestamp: None,
                metadata: "{}".into(),
                group_traits: groups
                    .iter()
                    .map(|id| GroupTraits { group_id: (*id).into(), traits: "{}".into() })
                    .collect(),
            },
        };
        let calls =
            vec![event(Some("u"), &["g"]), event(None, &["g", "h"]), event(Some("u"), &[]), event(Some("v"), &[])];
        let lanes = Unit { id: String::new(), calls }.lanes();
        let user = |id: &str| Lane::User(id.into());
        let group = |id: &str| Lane::Group(id.into());
        assert_eq!(lanes, [user("u"), group("g"), group("h"), user("v")]);
    }
}
