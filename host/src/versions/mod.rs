//! Versions: which mapping with which settings and selector a tenant's events run under, from which event on.
//!
//! A version is immutable; what it consists of is its [`Pin`]. Which version an event runs under
//! follows from its place in the order and its user alone: what is in force is the last of the
//! [`Timeline`] whose first event is not after it, and a [`Split`] says whose events are the
//! canary's. So nothing has to be written when an event is taken, and a restart maps what was under
//! way by the same version again. A [`Judge`] says when a version that is watched is taken back.

pub(crate) mod invariants;
mod judge;
mod library;
mod parts;
mod pin;
mod shelf;
mod split;
mod timeline;

use std::sync::Arc;

pub use judge::{Judge, Rules, Tally, Verdict};
pub use library::{CandidateError, Library};
pub use parts::{Parts, SelectorParts};
pub(crate) use pin::hex_digest;
pub use pin::{HOST_FORMAT, Pin, SelectorPin};
pub use split::Split;
pub use timeline::{Fallback, InForce, OnTrial, Timeline, Trial};

use crate::event::Event;
use crate::sandbox::{Choice, Chooser, Mapping, Outcome, Ran, Settings};

/// A mapping with settings and perhaps a selector, ready to run, that has no number yet.
#[derive(Clone)]
pub struct Candidate {
    /// What it consists of.
    pub pin: Pin,
    /// The mapping.
    pub mapping: Arc<Mapping>,
    /// Its settings.
    pub settings: Arc<Settings>,
    /// The group selector that it asks.
    pub chooser: Option<Arc<Chooser>>,
}

impl Candidate {
    /// Maps a batch of events.
    #[must_use]
    pub fn run(&self, events: &[Event<'_>]) -> Ran {
        self.mapping.run_with(&self.settings, self.chooser.as_ref(), events)
    }

    /// Maps one event and tells of the choice of its account.
    #[must_use]
    pub fn run_watched(&self, event: &Event<'_>) -> (Outcome, Option<Choice>) {
        self.mapping.run_watched(&self.settings, self.chooser.as_ref(), event)
    }
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
