//! Versions: which mapping with which settings a tenant's events run under, from which event on.
//!
//! A version is immutable; what it consists of is its [`Pin`]. Which version an event runs under
//! follows from its place in the order alone: the last one whose first event is not after it. So
//! nothing has to be written when an event is taken, and a restart maps what was under way by the
//! same version again.

mod library;
mod pin;

use std::sync::Arc;

pub use library::{CandidateError, Library};
pub use pin::{HOST_FORMAT, Pin};

use crate::queue::{Activation, Seq};
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

/// A version in force.
#[derive(Clone)]
pub struct Version {
    /// Its number.
    pub number: u32,
    /// The first event that runs under it.
    pub from: Seq,
    /// The mapping and its settings.
    pub what: Candidate,
}

/// The versions of a tenant that may still be needed, oldest first.
#[derive(Clone, Default)]
pub struct Versions(Vec<Arc<Version>>);

impl Versions {
    /// Adds the newest one.
    pub fn push(&mut self, activation: &Activation, what: Candidate) {
        let version = Version { number: activation.version, from: activation.from, what };
        self.0.retain(|other| other.number != version.number);
        self.0.push(Arc::new(version));
        self.0.sort_by_key(|version| version.number);
    }

    /// The version that an event runs under. An event older than all that are known runs under the
    /// oldest.
    pub fn of(&self, seq: Seq) -> Option<&Arc<Version>> {
        self.0.iter().rev().find(|version| version.from <= seq).or_else(|| self.0.first())
    }

    /// The newest one.
    pub fn newest(&self) -> Option<&Arc<Version>> {
        self.0.last()
    }

    /// Forgets versions that no event from `first` on runs under.
    pub fn forget_before(&mut self, first: Seq) {
        if let Some(index) = self.0.iter().rposition(|version| version.from <= first) {
            self.0.drain(..index);
        }
    }
}
