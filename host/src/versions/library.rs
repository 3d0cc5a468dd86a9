//! The components that are compiled, each once, whichever tenants use it.

use std::sync::Arc;

use super::shelf::{Found, Shelf};
use super::{Candidate, Parts, Pin, SelectorParts, SelectorPin, hex_digest};
use crate::admission::{Admission, AdmissionError, Admitted, Trial};
use crate::limits::Limits;
use crate::sandbox::{Chooser, Error, Mapping, Metering, Plugin, Refusal, Sandbox, Selector, SettingsError, World};

/// Why no candidate can be made.
#[derive(Debug, thiserror::Error)]
pub enum CandidateError {
    /// The component can't run here.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The settings do not fit it.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The same of its group selector.
    #[error("group selector: {0}")]
    Selector(Box<Self>),
    /// It was not taken in for another reason.
    #[error(transparent)]
    Admission(AdmissionError),
}

impl From<AdmissionError> for CandidateError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Refused(refusal) => Self::Refused(refusal),
            AdmissionError::Settings(error) => Self::Settings(error),
            AdmissionError::Selector(error) => Self::Selector(Box::new(Self::from(*error))),
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
            Self::Selector(error) => error.code(),
            Self::Admission(error) => error.code(),
        }
    }
}

/// The engine with all that was compiled by it and is still in use.
pub struct Library {
    sandbox: Sandbox,
    admission: Admission,
    mappings: Shelf<Mapping>,
    selectors: Shelf<Selector>,
}

impl Library {
    /// Starts the engine. Components that are not known yet are taken in as `admission` says.
    ///
    /// # Errors
    /// When the machine can't run it.
    pub fn new(limits: &Limits, admission: Admission) -> Result<Self, Error> {
        let sandbox = Sandbox::new(limits, Metering::Off)?;
        Ok(Self { sandbox, admission, mappings: Shelf::new(), selectors: Shelf::new() })
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        self.sandbox.limits()
    }

    /// Takes in what is not known yet, and checks settings against it. Blocks, for a component that
    /// takes long to compile as long as `[admission]` lets it: call it on a thread that nothing else
    /// waits for.
    ///
    /// # Errors
    /// [`CandidateError`] that says what does not fit.
    pub fn candidate(&self, parts: &Parts) -> Result<Candidate, CandidateError> {
        let mapping = self.plugin(&self.mappings, &parts.mapping)?;
        let selector = match &parts.selector {
            Some(selector) => {
                let plugin = self.plugin(&self.selectors, &selector.component);
                Some((plugin.map_err(|error| CandidateError::from(error).of_selector())?, selector))
            }
            None => None,
        };
        made(parts, mapping, selector)
    }

    /// The same, for a version that is to be put in force: it is tried on built-in samples and on
    /// these texts of a tenant's recent events, also when all of it is known already.
    ///
    /// # Errors
    /// [`CandidateError`], also when it fails on too many of them or takes too much.
    pub fn admit(&self, parts: &Parts, recent: Vec<String>) -> Result<(Candidate, Trial), CandidateError> {
        crate::sandbox::check_settings_size(&parts.settings)?;
        if let Some(selector) = &parts.selector {
            let checked = crate::sandbox::check_settings_size(&selector.settings);
            checked.map_err(|error| CandidateError::from(error).of_selector())?;
        }
        let Admitted { mapping, selector, trial } =
            self.admission.admit_tried(&self.sandbox, &parts.offer(), recent)?;
        let mapping = self.mappings.shelve(&hex_digest(&parts.mapping), mapping);
        let selector = parts
            .selector
            .as_ref()
            .zip(selector)
            .map(|(parts, selector)| (self.selectors.shelve(&hex_digest(&parts.component), selector), parts));
        Ok((made(parts, mapping, selector)?, trial))
    }

    /// Of two who ask for the same component, one takes it in and the other waits; those who ask for
    /// others do not.
    fn plugin<W: World>(&self, shelf: &Shelf<Plugin<W>>, component: &[u8]) -> Result<Arc<Plugin<W>>, AdmissionError> {
        let digest = hex_digest(component);
        // Its turn may take as long to come as the work itself.
        match shelf.find(&digest, self.admission.patience() * 2)? {
            Found::Here(plugin) => Ok(plugin),
            Found::UnderWay(_under_way) => Ok(shelf.shelve(&digest, self.admission.take_in(&self.sandbox, component)?)),
        }
    }
}

fn made(
    parts: &Parts,
    mapping: Arc<Mapping>,
    selector: Option<(Arc<Selector>, &SelectorParts)>,
) -> Result<Candidate, CandidateError> {
    let settings = Arc::new(mapping.settings(&parts.settings)?);
    let chooser = match selector {
        Some((selector, parts)) => {
            let settings =
                selector.settings(&parts.settings).map_err(|error| CandidateError::from(error).of_selector())?;
            let chooser = Chooser::new(selector, settings, parts.on_fault);
            mapping.takes_selector()?;
            Some((SelectorPin::new(hex_digest(&parts.component), &chooser), Arc::new(chooser)))
        }
        None => None,
    };
    let (selector_pin, chooser) = chooser.unzip();
    let pin = Pin::new(hex_digest(&parts.mapping), settings.text(), mapping.limits()).with_selector(selector_pin);
    Ok(Candidate { pin, mapping, settings, chooser })
}

impl CandidateError {
    /// Whether this may be otherwise another time: it says nothing of the component.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Settings(_) => false,
            Self::Selector(error) => error.may_pass(),
            Self::Admission(_) => true,
        }
    }

    fn of_selector(self) -> Self {
        Self::Selector(Box::new(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::DEFAULT_COMPONENT;

    #[test]
    fn those_who_ask_for_the_same_component_get_the_same() {
        let library = Library::new(&Limits::default(), Admission::in_process()).unwrap();
        let parts = Parts::alone(DEFAULT_COMPONENT, "{}");
        let candidates: Vec<Candidate> = std::thread::scope(|threads| {
            let asking: Vec<_> = (0..4).map(|_| threads.spawn(|| library.candidate(&parts).unwrap())).collect();
            asking.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(candidates.iter().all(|one| Arc::ptr_eq(&one.mapping, &candidates[0].mapping)));
        let (deployed, trial) = library.admit(&parts, Vec::new()).unwrap();
        assert!(Arc::ptr_eq(&deployed.mapping, &candidates[0].mapping));
        assert_eq!((trial.events, trial.faults), (6, 0));
        assert!(trial.fuel.is_some_and(|fuel| fuel > 0));
    }

    #[test]
    fn a_component_that_is_refused_is_not_under_way_any_more() {
        let library = Library::new(&Limits::default(), Admission::in_process()).unwrap();
        for _ in 0..2 {
            let error = library.candidate(&Parts::alone(*b"text", "{}")).err().unwrap();
            assert_eq!(error.code(), "component-not-wasm");
        }
        let error = library.admit(&Parts::alone(DEFAULT_COMPONENT, "[]"), Vec::new()).err().unwrap();
        assert_eq!(error.code(), "settings-invalid");
    }

    #[test]
    fn what_is_wrong_with_the_selector_is_said_of_the_selector() {
        let library = Library::new(&Limits::default(), Admission::in_process()).unwrap();
        let selector = SelectorParts {
            component: DEFAULT_COMPONENT.into(),
            settings: "{}".to_owned(),
            on_fault: crate::sandbox::OnFault::DeadLetter,
        };
        let parts = Parts { selector: Some(selector), ..Parts::alone(DEFAULT_COMPONENT, "{}") };
        for error in [library.candidate(&parts).err().unwrap(), library.admit(&parts, Vec::new()).err().unwrap()] {
            assert_eq!(error.code(), "component-import");
            assert!(error.to_string().starts_with("group selector: imports `"), "{error}");
        }
    }
}
