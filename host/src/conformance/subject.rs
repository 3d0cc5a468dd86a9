//! What is checked: a mapping, or a selector with the default mapping.

use std::sync::Arc;

use crate::event::Event;
use crate::sandbox::{
    Chooser, Description, Fault, Mapping, OnFault, PluginKind, Ran, Selector, Settings, SettingsError,
};

/// Settings of the default mapping for which it asks a selector about as many events as it can.
const WITH_SELECTOR: &str = r#"{"groups_without_properties":"keep"}"#;

/// What is checked.
pub struct Subject(Kind);

enum Kind {
    Mapping(Box<Mapping>),
    Selector { mapping: Box<Mapping>, settings: Settings, selector: Arc<Selector> },
}

/// The subject can't be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// The settings do not fit it.
    #[error(transparent)]
    Settings(SettingsError),
    /// The mapping that a selector is to be checked with does not ask one, or not with the settings
    /// that the default mapping has.
    #[error("a selector is checked with the default mapping, and not with this one: {0}")]
    Mapping(String),
}

impl SubjectError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Settings(error) => error.code(),
            Self::Mapping(_) => "conformance-mapping",
        }
    }
}

/// Settings of the subject, ready to run.
pub(super) struct Given {
    /// As JSON text.
    pub(super) text: String,
    mapping: Settings,
    chooser: Option<Arc<Chooser>>,
}

impl Subject {
    /// A mapping.
    #[must_use]
    pub fn mapping(mapping: Mapping) -> Self {
        Self(Kind::Mapping(Box::new(mapping)))
    }

    /// A selector, with the default mapping.
    ///
    /// # Errors
    ///
    /// [`SubjectError::Mapping`] when that is another mapping.
    pub fn selector(selector: Selector, mapping: Mapping) -> Result<Self, SubjectError> {
        mapping.takes_selector().map_err(|refusal| SubjectError::Mapping(refusal.to_string()))?;
        let settings = mapping.settings(WITH_SELECTOR).map_err(|error| SubjectError::Mapping(error.to_string()))?;
        Ok(Self(Kind::Selector { mapping: Box::new(mapping), settings, selector: Arc::new(selector) }))
    }

    pub(super) fn kind(&self) -> PluginKind {
        match &self.0 {
            Kind::Mapping(_) => PluginKind::Mapping,
            Kind::Selector { .. } => PluginKind::GroupSelector,
        }
    }

    pub(super) fn description(&self) -> &Description {
        match &self.0 {
            Kind::Mapping(mapping) => mapping.description(),
            Kind::Selector { selector, .. } => selector.description(),
        }
    }

    /// The mapping, if that is what is checked.
    pub(super) fn as_mapping(&self) -> Option<&Mapping> {
        match &self.0 {
            Kind::Mapping(mapping) => Some(mapping),
            Kind::Selector { .. } => None,
        }
    }

    /// Time for a call in milliseconds, and linear memory in bytes, that the subject may have.
    pub(super) fn budget(&self) -> (u64, usize) {
        let limits = match &self.0 {
            Kind::Mapping(mapping) => mapping.limits(),
            Kind::Selector { selector, .. } => selector.limits(),
        };
        (limits.deadline_ms, limits.memory_bytes)
    }

    /// The limits of events and batches.
    pub(super) fn limits(&self) -> &crate::limits::Limits {
        match &self.0 {
            Kind::Mapping(mapping) | Kind::Selector { mapping, .. } => mapping.limits(),
        }
    }

    pub(super) fn describe_twice(&self) -> Result<[Description; 2], Fault> {
        match &self.0 {
            Kind::Mapping(mapping) => mapping.describe_twice(),
            Kind::Selector { selector, .. } => selector.describe_twice(),
        }
    }

    /// Checks settings against the subject's schema.
    pub(super) fn given(&self, text: &str) -> Result<Given, SettingsError> {
        match &self.0 {
            Kind::Mapping(mapping) => {
                Ok(Given { text: text.to_owned(), mapping: mapping.settings(text)?, chooser: None })
            }
            Kind::Selector { settings, selector, .. } => {
                let own = selector.settings(text)?;
                let chooser = Chooser::new(Arc::clone(selector), own, OnFault::DeadLetter);
                Ok(Given { text: text.to_owned(), mapping: settings.clone(), chooser: Some(Arc::new(chooser)) })
            }
        }
    }

    /// Runs one batch.
    pub(super) fn run(&self, given: &Given, events: &[Event<'_>]) -> Ran {
        match &self.0 {
            Kind::Mapping(mapping) | Kind::Selector { mapping, .. } => {
                mapping.run_with(&given.mapping, given.chooser.as_ref(), events)
            }
        }
    }
}

impl Given {
    /// The settings of the mapping that runs.
    pub(super) fn mapping(&self) -> &Settings {
        &self.mapping
    }
}
