//! A mapping, perhaps with a selector, with settings: what is run and measured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::Event;
use crate::sandbox::{Chooser, Mapping, OnFault, PluginKind, Ran, Settings, Usage};

use super::subject::{Ready, SubjectError};

/// What runs batches, exactly as the service does.
pub(super) struct Player<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) settings: Settings,
    pub(super) chooser: Option<Arc<Chooser>>,
}

/// What a call came to.
pub(super) struct Played {
    pub(super) ran: Ran,
    /// How long it took, with all that the host does around it.
    pub(super) took: Duration,
}

impl<'a> Player<'a> {
    /// A player with the settings of the plugin under test, and those of the mapping if that is another one.
    pub(super) fn new(ready: &'a Ready, settings: &str, mapping_settings: &str) -> Result<Self, SubjectError> {
        let of_mapping = |text| ready.mapping.settings(text).map_err(SubjectError::MappingSettings);
        let Some(selector) = &ready.selector else {
            let settings = ready.mapping.settings(settings).map_err(SubjectError::Settings)?;
            return Ok(Self { mapping: &ready.mapping, settings, chooser: None });
        };
        let settings = selector.settings(settings).map_err(SubjectError::Settings)?;
        let chooser = Chooser::new(Arc::clone(selector), settings, OnFault::DeadLetter);
        Ok(Self { mapping: &ready.mapping, settings: of_mapping(mapping_settings)?, chooser: Some(Arc::new(chooser)) })
    }

    /// A player of a mapping alone.
    pub(super) fn alone(mapping: &'a Mapping, settings: &str) -> Result<Self, SubjectError> {
        let settings = mapping.settings(settings).map_err(SubjectError::MappingSettings)?;
        Ok(Self { mapping, settings, chooser: None })
    }

    /// Which of the two is under test.
    pub(super) fn kind(&self) -> PluginKind {
        if self.chooser.is_some() { PluginKind::GroupSelector } else { PluginKind::Mapping }
    }

    /// One call of the mapping.
    pub(super) fn play(&self, events: &[Event<'_>]) -> Played {
        let start = Instant::now();
        let ran = self.mapping.run_with(&self.settings, self.chooser.as_ref(), events);
        Played { ran, took: start.elapsed() }
    }
}

/// Instructions of the mapping and its selector together, as admission counts them.
pub(super) fn fuel(usage: &Usage) -> u64 {
    let fuel = |fuel: Option<u64>| fuel.unwrap_or_default();
    fuel(usage.fuel).saturating_add(fuel(usage.selector.fuel))
}
