//! What becomes of an event, and what that took.

use std::time::Duration;

use json_text::push_string;

use super::fault::Fault;
use crate::accoil::AccoilEvent;

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These are for Accoil; there is at least one.
    Deliver(Vec<AccoilEvent>),
    /// By the mapping's rules the event is not for Accoil.
    Skip(String),
    /// The mapping holds the event for broken.
    Reject(String),
    /// The mapping failed on it.
    Fault(Fault),
}

impl Outcome {
    /// How much text it has, in bytes.
    pub(crate) fn size(&self) -> usize {
        super::output::size(self)
    }

    /// Appends it as a JSON object: `outcome` says which it is, and `events` or `reason` what it holds.
    pub fn push_json(&self, out: &mut String) {
        match self {
            Self::Deliver(events) => {
                out.push_str("{\"outcome\":\"deliver\",\"events\":[");
                for (index, event) in events.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    event.push_json(out);
                }
                out.push_str("]}");
            }
            Self::Skip(reason) => push_reason(out, "skip", reason),
            Self::Reject(reason) => push_reason(out, "reject", reason),
            Self::Fault(fault) => push_reason(out, "fault", &fault.to_string()),
        }
    }
}

fn push_reason(out: &mut String, outcome: &str, reason: &str) {
    out.push_str("{\"outcome\":\"");
    out.push_str(outcome);
    out.push_str("\",\"reason\":");
    push_string(out, reason);
    out.push('}');
}

/// What a batch came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// One for each event, in order.
    pub outcomes: Vec<Outcome>,
    /// On what the batch failed as a whole, before each of its events ran by itself. Nothing if it did not.
    pub whole: Option<Fault>,
    /// On which events, by index, the selector failed, where the mapping's own rule stepped in
    /// ([`OnFault::DefaultRule`](super::OnFault::DefaultRule)).
    pub fallbacks: Vec<(usize, Fault)>,
    /// What that used.
    pub usage: Usage,
}

impl From<Vec<Outcome>> for Ran {
    fn from(outcomes: Vec<Outcome>) -> Self {
        Self { outcomes, ..Self::default() }
    }
}

/// What a call of a mapping used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The most linear memory in bytes.
    pub memory: usize,
    /// Instructions, when they are metered.
    pub fuel: Option<u64>,
    /// What its selector used besides.
    pub selector: SelectorUsage,
}

/// What a selector used during a call of a mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectorUsage {
    /// How often it was asked.
    pub calls: u64,
    /// How long the mapping waited for it.
    pub time: Duration,
    /// The most linear memory of an instance, in bytes.
    pub memory: usize,
    /// Instructions, when they are metered.
    pub fuel: Option<u64>,
}
