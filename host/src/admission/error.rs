//! Why a component was not taken in.

use super::trial::Misfit;
use crate::sandbox::{Error, Refusal, SettingsError};

/// Why a component was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// It can't run here.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The settings do not fit it.
    #[error(transparent)]
    Settings(SettingsError),
    /// The same of the group selector that goes with it.
    #[error("group selector: {0}")]
    Selector(Box<Self>),
    /// It fails on too many of the events that it was tried on.
    #[error(
        "it fails on {faults} of the {events} events that it was tried on, and may fail on {percent} % of them \
         (admission.faults_percent): {first}"
    )]
    Trial {
        /// On how many it fails.
        faults: usize,
        /// On how many it was tried.
        events: usize,
        /// On how many per cent of them it may fail.
        percent: u64,
        /// The first of them, with what went wrong.
        first: String,
    },
    /// It executes too many instructions.
    #[error(
        "it takes {per_event} instructions for an event, on average over {events}, and may take {most} \
         (admission.fuel_per_event)"
    )]
    Fuel {
        /// Instructions for an event.
        per_event: u64,
        /// On how many it was tried.
        events: usize,
        /// Instructions that an event may take.
        most: u64,
    },
    /// Compiling and trying it takes too long.
    #[error("compiling and trying it took more than {seconds} s {kind} (admission.{key})")]
    Time {
        /// Seconds that it may take.
        seconds: u64,
        /// Of which clock.
        kind: &'static str,
        /// The key under `[admission]`.
        key: &'static str,
    },
    /// Compiling and trying it takes too much memory.
    #[error("compiling and trying it took more than {bytes} bytes of memory (admission.memory_bytes)")]
    Memory {
        /// Bytes that it may take.
        bytes: u64,
    },
    /// The process that compiled and tried it came to a bad end.
    #[error("the process that compiled and tried it ended with {how}{said}")]
    Died {
        /// Its exit code or the signal.
        how: String,
        /// What it said last, after a colon, if anything.
        said: String,
    },
    /// That process can't be started or does not work. It says nothing about the component.
    #[error("the process that compiles components can't do its work: {problem}")]
    Child {
        /// Why.
        problem: String,
    },
    /// Others are being taken in.
    #[error("other components are being taken in; it waited {waited_s} s for its turn, try again later")]
    Busy {
        /// Seconds for which it waited.
        waited_s: u64,
    },
    /// The engine does not start.
    #[error(transparent)]
    Engine(Error),
}

impl AdmissionError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Settings(error) => error.code(),
            Self::Selector(error) => error.code(),
            Self::Trial { .. } => "admission-trial",
            Self::Fuel { .. } => "admission-fuel",
            Self::Time { .. } => "admission-time",
            Self::Memory { .. } => "admission-memory",
            Self::Died { .. } => "admission-died",
            Self::Child { .. } => "admission-child",
            Self::Busy { .. } => "admission-busy",
            Self::Engine(error) => error.code(),
        }
    }

    /// The same, but of a group selector.
    pub(super) fn of_selector(self) -> Self {
        Self::Selector(Box::new(self))
    }

    /// The child's answer is none.
    pub(super) fn answer(problem: &str) -> Self {
        Self::Child { problem: format!("its answer can't be used: {problem}") }
    }
}

impl From<Misfit> for AdmissionError {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Settings(error) => Self::Settings(error),
            Misfit::SelectorSettings(error) => Self::Settings(error).of_selector(),
            Misfit::Together(refusal) => Self::Refused(refusal),
        }
    }
}
