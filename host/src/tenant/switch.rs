//! Changing what is in force for a tenant.

use std::time::Duration;

use crate::queue::{Activation, AuditEntry, QueueError};
use crate::versions::Candidate;

/// What is to be in force from the next event that is taken on.
pub struct Switch {
    /// The version of all events but the canary's.
    pub live: Candidate,
    /// The version of a part of the users, and the part in millionths.
    pub canary: Option<(Candidate, u32)>,
    /// Whether the live version is watched, and taken back if it fails where the one before it does
    /// not.
    pub is_watched: bool,
    /// Only if this is what is in force now.
    pub only_if: OnlyIf,
    /// What is written down about it.
    pub audit: AuditEntry,
}

/// What must be in force for a switch to be made; what is not set does not restrict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OnlyIf {
    /// This version is live.
    pub version: Option<u32>,
    /// This is the activation.
    pub activation: Option<u64>,
}

/// A switch that was made.
#[derive(Debug, Clone)]
pub struct Switched {
    /// What is in force now.
    pub activation: Activation,
    /// What was before.
    pub before: Activation,
    /// How long the tenant took no events for it, without the durable write.
    pub took: Duration,
    /// How long the durable write took.
    pub wrote: Duration,
}

/// Why a switch was not made; what was in force still is.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// Somebody else was faster.
    #[error(
        "version {version} is in force meanwhile, and another one was expected: look at what it is, and decide again"
    )]
    Conflict {
        /// The version that is live.
        version: u32,
    },
    /// The store could not be written, or the loop has ended.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl SwitchError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "version-conflict",
            Self::Queue(error) => error.code(),
        }
    }
}

impl OnlyIf {
    pub(super) fn allows(self, in_force: &Activation) -> bool {
        self.version.is_none_or(|version| version == in_force.version)
            && self.activation.is_none_or(|activation| activation == in_force.number)
    }
}
