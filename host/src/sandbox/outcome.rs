//! What becomes of an event, and what that took.

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

/// What a call used. Of several calls: the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Linear memory in bytes.
    pub memory: usize,
    /// Instructions, when they are metered.
    pub fuel: Option<u64>,
}
