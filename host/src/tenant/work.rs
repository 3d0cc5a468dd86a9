//! An event on its way out: what is left to send, and what has been.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::mapping::Repin;
use crate::accoil::{Call, Lane, parse_request_line, write_request_line};
use crate::outbound::Answer;
use crate::queue::{Attempt, Seq, UnixMs};

/// How a call came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CallEnd {
    /// It said nothing new.
    Unchanged,
    /// It is replayed, and a later one was delivered since.
    Superseded,
    /// It was answered with this status.
    #[serde(untagged)]
    Status(u16),
}

/// What is told about a delivered event: how each of its calls ended, in order.
#[derive(Serialize)]
struct Note<'a> {
    answers: &'a [CallEnd],
    #[serde(skip_serializing_if = "is_zero")]
    retries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    repinned: Option<&'a Repin>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The calls of one event that are not delivered yet.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) seq: Seq,
    pub(super) accepted_at: UnixMs,
    /// The version that made the calls.
    pub(super) version: u32,
    /// The calls that are left, in order.
    pub(super) calls: Vec<Call>,
    /// The calls that were delivered.
    pub(super) delivered: Vec<Call>,
    /// How the calls that came to an end did so.
    pub(super) ends: Vec<CallEnd>,
    /// How often the first call that is left was tried.
    pub(super) attempts: u32,
    /// Attempts beyond the first, of all calls.
    pub(super) retries: u32,
    /// For how long it was tried before this process or this attempt. Milliseconds.
    pub(super) age_ms: u64,
    /// When it may be tried again, by the clock on the wall: what a restart, and a person, can make something of. In one
    /// process a timer counts, whatever becomes of that clock meanwhile.
    pub(super) due_at: UnixMs,
    /// Whether it was read from the store, and its time may be still to come.
    pub(super) is_resumed: bool,
    pub(super) last: Option<(Option<u16>, String)>,
    /// Whether it is a dead letter that is replayed.
    pub(super) is_replay: bool,
    /// Whether one of its Accoil events names an account.
    pub(super) has_account: bool,
    /// Set when another version than the one in force made the calls.
    pub(super) repin: Option<Repin>,
}

impl Work {
    /// An event that was just mapped.
    pub(super) fn new(seq: Seq, accepted_at: UnixMs, version: u32, calls: Vec<Call>) -> Self {
        let has_account = calls.iter().any(|call| call.group_id().is_some());
        Self {
            seq,
            accepted_at,
            version,
            calls,
            delivered: Vec::new(),
            ends: Vec::new(),
            attempts: 0,
            retries: 0,
            age_ms: 0,
            due_at: 0,
            is_resumed: false,
            last: None,
            is_replay: false,
            has_account,
            repin: None,
        }
    }

    /// An event whose delivery was tried before; `None` when its calls can't be read, as after a
    /// change of the dialect.
    pub(super) fn resume(seq: Seq, accepted_at: UnixMs, attempt: Attempt, combined_path: Option<&str>) -> Option<Self> {
        let calls = read_lines(&attempt.calls, combined_path)?;
        let delivered = read_lines(&attempt.delivered, combined_path)?;
        let has_account = calls.iter().chain(&delivered).any(|call| call.group_id().is_some());
        Some(Self {
            ends: Vec::new(),
            attempts: attempt.attempts,
            retries: attempt.attempts,
            age_ms: attempt.age_ms,
            due_at: attempt.due_at,
            is_resumed: true,
            last: Some((attempt.status, attempt.answer)),
            delivered,
            has_account,
            ..Self::new(seq, accepted_at, attempt.version, calls)
        })
    }

    /// Takes out what was delivered before the event became a dead letter. Other calls of it may be
    /// sent again.
    pub(super) fn leave_out(&mut self, delivered: &str, combined_path: Option<&str>) {
        self.is_replay = true;
        let sent = read_lines(delivered, combined_path).unwrap_or_default();
        self.calls.retain(|call| match call {
            // Only these count things.
            Call::Track { .. } | Call::Combined { .. } => !sent.contains(call),
            Call::Identify { .. } | Call::Group { .. } => true,
        });
        self.delivered = sent;
    }

    /// The lanes that the event holds, each once.
    pub(super) fn lanes(&self) -> Vec<u64> {
        let mut lanes = Vec::new();
        self.calls.iter().for_each(|call| call.add_lanes(&mut lanes));
        let mut keys: Vec<u64> = lanes.iter().map(lane_key).collect();
        keys.sort_unstable();
        // Two lanes with one key are one lane.
        keys.dedup();
        keys
    }

    /// The first call that is left has ended.
    pub(super) fn advance(&mut self, end: CallEnd) {
        if self.calls.is_empty() {
            return;
        }
        let call = self.calls.remove(0);
        if let CallEnd::Status(_) = end {
            self.delivered.push(call);
        }
        self.ends.push(end);
        self.attempts = 0;
    }

    /// An attempt at the first call that is left failed.
    pub(super) fn note_failure(&mut self, answer: Answer) {
        self.attempts += 1;
        self.retries += 1;
        self.last = Some(match answer {
            Answer::Http { status, excerpt, .. } => (Some(status), excerpt),
            Answer::Network { problem } | Answer::AddressRefused { problem } => (None, problem),
        });
    }

    /// What is written when it has to be tried again, or is given up.
    pub(super) fn attempt(&self) -> Attempt {
        let (status, answer) = self.last.clone().unwrap_or_default();
        Attempt {
            version: self.version,
            calls: lines(&self.calls),
            delivered: lines(&self.delivered),
            attempts: self.attempts,
            due_at: self.due_at,
            age_ms: self.age_ms,
            status,
            answer,
        }
    }

    /// What is told about it when it was delivered, as JSON text.
    pub(super) fn note(&self) -> String {
        let note = Note { answers: &self.ends, retries: self.retries, repinned: self.repin.as_ref() };
        // Numbers and words can't fail to serialise.
        serde_json::to_string(&note).unwrap_or_default()
    }
}

fn lane_key(lane: &Lane) -> u64 {
    let mut hasher = DefaultHasher::new();
    lane.hash(&mut hasher);
    hasher.finish()
}

pub(super) fn lines(calls: &[Call]) -> String {
    let mut text = String::new();
    for call in calls {
        write_request_line(call, &mut text);
        text.push('\n');
    }
    text
}

fn read_lines(text: &str, combined_path: Option<&str>) -> Option<Vec<Call>> {
    text.lines().map(|line| parse_request_line(line, combined_path).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(event: &str) -> Call {
        Call::Track { user_id: "u".into(), event: event.into(), timestamp: None }
    }

    fn identify() -> Call {
        Call::Identify { user_id: "u".into(), group_id: Some("g".into()), traits: "{}".into(), timestamp: None }
    }

    #[test]
    fn what_is_left_survives_a_restart() {
        let mut work = Work::new(7, 1, 2, vec![identify(), track("a"), track("b")]);
        work.advance(CallEnd::Status(202));
        work.advance(CallEnd::Unchanged);
        work.note_failure(Answer::Http { status: 500, retry_after: None, excerpt: "no".into() });
        let resumed = Work::resume(7, 1, work.attempt(), None).unwrap();
        assert_eq!((&resumed.calls, &resumed.delivered), (&vec![track("b")], &vec![identify()]));
        assert_eq!((resumed.attempts, resumed.version, resumed.has_account), (1, 2, true));
        assert_eq!(resumed.last, Some((Some(500), "no".to_owned())));
        assert_eq!(work.note(), r#"{"answers":[202,"unchanged"],"retries":1}"#);
    }

    #[test]
    fn a_replay_leaves_out_the_tracks_that_were_delivered() {
        let mut work = Work::new(7, 1, 2, vec![identify(), track("a"), track("b")]);
        work.leave_out(&lines(&[identify(), track("a")]), None);
        assert_eq!(work.calls, [identify(), track("b")]);
    }
}
