//! Versions: which mapping with which settings a tenant's events run under, from which event on.
//!
//! A version is immutable; what it consists of is its [`Pin`]. Which version an event runs under
//! follows from its place in the order and its user alone: what is in force is the last of the
//! [`Timeline`] whose first event is not after it, and a [`Split`] says whose events are the
//! canary's. So nothing has to be written when an event is taken, and a restart maps what was under
//! way by the same version again. A [`Judge`] says when a version that is watched is taken back.

pub(crate) mod invariants;
mod judge;
mod library;
mod pin;
mod split;
mod timeline;

use std::sync::Arc;

pub use judge::{Judge, Rules, Tally, Verdict};
pub use library::{CandidateError, Library};
pub(crate) use pin::hex_digest;
pub use pin::{HOST_FORMAT, Pin};
pub use split::Split;
pub use timeline::{Fallback, InForce, OnTrial, Timeline, Trial};

use crate::sandbox::{Mapping, Settings};

/// A mapping with settings, ready to run, that has no number yet.
#[derive(Clone)]
pub struct Candidate {
    /// What it consists of.
    pub pin: Pin,
    /// The mapping.
    pub mapping: Arc<Mapping>,
    /// Its settings.
    pub settings: Arc<Settings>,
}

/// A version of a tenant.
#[derive(Clone)]
pub struct Version {
    /// Its number.
    pub number: u32,
    /// The mapping and its settings.
    pub what: Candidate,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "version {}", self.number)
    }
}
