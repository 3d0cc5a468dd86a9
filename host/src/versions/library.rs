//! The components that are compiled, each once, whichever tenants use it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use super::{Candidate, Pin, hex_digest};
use crate::admission::{Admission, AdmissionError, Trial};
use crate::limits::Limits;
use crate::sandbox::{Error, Mapping, Metering, Refusal, Sandbox, SettingsError};

/// Mappings that stay compiled although nothing runs them.
const KEPT: usize = 4;

/// Why no candidate can be made.
#[derive(Debug, thiserror::Error)]
pub enum CandidateError {
    /// The component can't run here.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The settings do not fit it.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// It was not taken in for another reason.
    #[error(transparent)]
    Admission(AdmissionError),
}

impl From<AdmissionError> for CandidateError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Refused(refusal) => Self::Refused(refusal),
            AdmissionError::Settings(error) => Self::Settings(error),
            other => Self::Admission(other),
        }
    }
}

impl CandidateError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Settings(error) => error.code(),
            Self::Admission(error) => error.code(),
        }
    }
}

/// The engine with all that was compiled by it and is still in use.
pub struct Library {
    sandbox: Sandbox,
    admission: Admission,
    shelf: Mutex<Shelf>,
    changed: Condvar,
}

/// Components by their digest.
#[derive(Default)]
struct Shelf {
    compiled: HashMap<String, Weak<Mapping>>,
    /// The last few, newest last: whoever goes back to one of them need not wait.
    last: VecDeque<Arc<Mapping>>,
    under_way: HashSet<String>,
}

impl Library {
    /// Starts the engine. Components that are not known yet are taken in as `admission` says.
    ///
    /// # Errors
    /// When the machine can't run it.
    pub fn new(limits: &Limits, admission: Admission) -> Result<Self, Error> {
        let sandbox = Sandbox::new(limits, Metering::Off)?;
        Ok(Self { sandbox, admission, shelf: Mutex::default(), changed: Condvar::new() })
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        self.sandbox.limits()
    }

    /// Takes in a component, if it is not known yet, and checks settings against it. Blocks, for a
    /// component that takes long to compile as long as `[admission]` lets it: call it on a thread that
    /// nothing else waits for.
    ///
    /// # Errors
    /// [`CandidateError`] that says what does not fit.
    pub fn candidate(&self, component: &[u8], settings: &str) -> Result<Candidate, CandidateError> {
        let digest = hex_digest(component);
        let mapping = self.mapping(&digest, component)?;
        self.made(digest, mapping, settings)
    }

    /// The same, for a version that is to be put in force: the component is tried on built-in samples
    /// and on these texts of a tenant's recent events, also when it is known already.
    ///
    /// # Errors
    /// [`CandidateError`], also when it fails on too many of them or takes too much.
    pub fn admit(
        &self,
        component: &[u8],
        settings: &str,
        recent: Vec<String>,
    ) -> Result<(Candidate, Trial), CandidateError> {
        crate::sandbox::check_settings_size(settings)?;
        let digest = hex_digest(component);
        let (mapping, trial) = self.admission.admit_tried(&self.sandbox, component, settings, recent)?;
        let mapping = self.lock().shelve(&digest, Arc::new(mapping));
        Ok((self.made(digest, mapping, settings)?, trial))
    }

    fn made(&self, digest: String, mapping: Arc<Mapping>, settings: &str) -> Result<Candidate, CandidateError> {
        let settings = Arc::new(mapping.settings(settings)?);
        let pin = Pin::new(digest, settings.text(), self.limits());
        Ok(Candidate { pin, mapping, settings })
    }

    /// Of two who ask for the same component, one takes it in and the other waits; those who ask for
    /// others do not.
    fn mapping(&self, digest: &str, component: &[u8]) -> Result<Arc<Mapping>, AdmissionError> {
        // Its turn may take as long to come as the work itself.
        let patience = self.admission.patience() * 2;
        let shelf = self.lock();
        let waited = self.changed.wait_timeout_while(shelf, patience, |shelf| shelf.under_way.contains(digest));
        let (mut shelf, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(AdmissionError::Busy { waited_s: patience.as_secs() });
        }
        if let Some(mapping) = shelf.compiled.get(digest).and_then(Weak::upgrade) {
            shelf.keep(&mapping);
            return Ok(mapping);
        }
        shelf.under_way.insert(digest.to_owned());
        drop(shelf);
        let _under_way = UnderWay { library: self, digest };
        let mapping = Arc::new(self.admission.admit(&self.sandbox, component)?);
        Ok(self.lock().shelve(digest, mapping))
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Puts a mapping in its place, and gives the one that stands there.
    fn shelve(&mut self, digest: &str, mapping: Arc<Mapping>) -> Arc<Mapping> {
        self.compiled.retain(|_, other| other.strong_count() > 0);
        if let Some(earlier) = self.compiled.get(digest).and_then(Weak::upgrade) {
            self.keep(&earlier);
            return earlier;
        }
        self.keep(&mapping);
        self.compiled.insert(digest.to_owned(), Arc::downgrade(&mapping));
        mapping
    }

    fn keep(&mut self, mapping: &Arc<Mapping>) {
        self.last.retain(|other| !Arc::ptr_eq(other, mapping));
        self.last.push_back(Arc::clone(mapping));
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }
}

/// A component that is being taken in; whatever comes of it, it is not any more when this is dropped.
struct UnderWay<'a> {
    library: &'a Library,
    digest: &'a str,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.library.lock().under_way.remove(self.digest);
        self.library.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::DEFAULT_COMPONENT;

    #[test]
    fn those_who_ask_for_the_same_component_get_the_same() {
        let library = Library::new(&Limits::default(), Admission::in_process()).unwrap();
        let candidates: Vec<Candidate> = std::thread::scope(|threads| {
            let ask = || library.candidate(DEFAULT_COMPONENT, "{}").unwrap();
            let asking: Vec<_> = (0..4).map(|_| threads.spawn(ask)).collect();
            asking.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(candidates.iter().all(|one| Arc::ptr_eq(&one.mapping, &candidates[0].mapping)));
        let (deployed, trial) = library.admit(DEFAULT_COMPONENT, "{}", Vec::new()).unwrap();
        assert!(Arc::ptr_eq(&deployed.mapping, &candidates[0].mapping));
        assert_eq!((trial.events, trial.faults), (6, 0));
        assert!(trial.fuel.is_some_and(|fuel| fuel > 0));
    }

    #[test]
    fn a_component_that_is_refused_is_not_under_way_any_more() {
        let library = Library::new(&Limits::default(), Admission::in_process()).unwrap();
        for _ in 0..2 {
            assert_eq!(library.candidate(b"text", "{}").err().unwrap().code(), "component-not-wasm");
        }
        let error = library.admit(DEFAULT_COMPONENT, "[]", Vec::new()).err().unwrap();
        assert_eq!(error.code(), "settings-invalid");
    }
}
