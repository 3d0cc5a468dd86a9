//! The components that are compiled, each once, whichever tenants use it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::pin::hex_digest;
use super::{Candidate, Pin};
use crate::limits::Limits;
use crate::sandbox::{Error, Mapping, Metering, Refusal, Sandbox, SettingsError};

/// Why no candidate can be made.
#[derive(Debug, thiserror::Error)]
pub enum CandidateError {
    /// The component can't run here.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The settings do not fit it.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl CandidateError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Settings(error) => error.code(),
        }
    }
}

/// The engine with all that was compiled by it and is still in use.
pub struct Library {
    sandbox: Sandbox,
    compiled: Mutex<HashMap<String, Weak<Mapping>>>,
}

impl Library {
    /// Starts the engine.
    ///
    /// # Errors
    /// When the machine can't run it.
    pub fn new(limits: &Limits) -> Result<Self, Error> {
        Ok(Self { sandbox: Sandbox::new(limits, Metering::Off)?, compiled: Mutex::default() })
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        self.sandbox.limits()
    }

    /// Admits a component, if it is not known yet, and checks settings against it. Compiling takes
    /// a while: call it where waiting does no harm.
    ///
    /// # Errors
    /// [`CandidateError`] that says what does not fit.
    pub fn candidate(&self, component: &[u8], settings: &str) -> Result<Candidate, CandidateError> {
        let digest = hex_digest(component);
        let mapping = self.mapping(&digest, component)?;
        let settings = Arc::new(mapping.settings(settings)?);
        let pin = Pin::new(digest, settings.text(), self.limits());
        Ok(Candidate { pin, mapping, settings })
    }

    fn mapping(&self, digest: &str, component: &[u8]) -> Result<Arc<Mapping>, Refusal> {
        // Held while compiling: of two who ask for the same, one compiles.
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mapping) = compiled.get(digest).and_then(Weak::upgrade) {
            return Ok(mapping);
        }
        let mapping = Arc::new(self.sandbox.admit(component)?);
        compiled.retain(|_, other| other.strong_count() > 0);
        compiled.insert(digest.to_owned(), Arc::downgrade(&mapping));
        Ok(mapping)
    }
}
