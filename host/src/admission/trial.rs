//! Trying a mapping on events before it is put in force.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::AdmissionError;
use crate::config::AdmissionConfig;
use crate::event::Event;
use crate::sandbox::{Chooser, Fault, Mapping, OnFault, Outcome, Ran, Refusal, Selector, Settings, SettingsError};

/// Events of every sort.
const SAMPLES: &str = include_str!("samples.ndjson");

/// Faults that are told in full.
const TOLD_FAULTS: usize = 10;

/// Faults that a refusal tells.
const TOLD_IN_REFUSAL: usize = 3;

/// Why what was taken in can't be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Misfit {
    /// The settings do not fit the mapping.
    #[error(transparent)]
    Settings(SettingsError),
    /// The settings do not fit the selector.
    #[error("group selector: {0}")]
    SelectorSettings(SettingsError),
    /// The mapping and the selector do not fit each other.
    #[error("the mapping {0}")]
    Together(Refusal),
}

/// How a trial went, if it could be made.
pub(super) type Tried = Result<Trial, Misfit>;

/// How a mapping did on events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// How many events it was tried on.
    pub events: usize,
    /// How many it delivers.
    pub delivered: usize,
    /// How many it skips.
    pub skipped: usize,
    /// How many it holds for broken.
    pub rejected: usize,
    /// How many it fails on.
    pub faults: usize,
    /// The first ones of these.
    pub first_faults: Vec<TrialFault>,
    /// The most linear memory of an instance, in bytes.
    pub memory_bytes: usize,
    /// Microseconds for all events, instructions not counted.
    pub micros: u64,
    /// WebAssembly instructions for all events, when they were counted.
    pub fuel: Option<u64>,
}

/// A fault on an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialFault {
    /// The event's place: the built-in samples come first.
    pub event: usize,
    /// Its type.
    pub event_type: String,
    /// What went wrong.
    pub fault: Fault,
}

/// Tries a mapping by itself.
pub(super) fn try_alone(mapping: &Mapping, settings: &str, texts: &[String]) -> Tried {
    let settings = mapping.settings(settings).map_err(Misfit::Settings)?;
    Ok(run(mapping, &settings, None, texts))
}

/// Tries a mapping with a selector.
pub(super) fn try_together(
    mapping: &Mapping,
    settings: &str,
    selector: &Arc<Selector>,
    selector_settings: &str,
    on_fault: OnFault,
    texts: &[String],
) -> Tried {
    let settings = mapping.settings(settings).map_err(Misfit::Settings)?;
    let selector_settings = selector.settings(selector_settings).map_err(Misfit::SelectorSettings)?;
    let chooser = Arc::new(Chooser::new(Arc::clone(selector), selector_settings, on_fault));
    mapping.takes_selector().map_err(Misfit::Together)?;
    Ok(run(mapping, &settings, Some(&chooser), texts))
}

/// Runs the built-in samples and these events, in batches as live. A text that is no event is left
/// out: no mapping would get it.
fn run(mapping: &Mapping, settings: &Settings, chooser: Option<&Arc<Chooser>>, texts: &[String]) -> Trial {
    let limits = mapping.limits();
    let mut trial = Trial::default();
    let mut batch: Vec<Event<'_>> = Vec::new();
    let mut bytes = 0;
    for text in SAMPLES.lines().chain(texts.iter().map(String::as_str)) {
        let Ok(event) = Event::read(text.as_bytes()) else { continue };
        if !batch.is_empty() && (batch.len() >= limits.batch_events || bytes + text.len() > limits.batch_bytes) {
            trial.run_batch(mapping, settings, chooser, &batch);
            batch.clear();
            bytes = 0;
        }
        batch.push(event);
        bytes += text.len();
    }
    trial.run_batch(mapping, settings, chooser, &batch);
    trial
}

impl Trial {
    fn run_batch(
        &mut self,
        mapping: &Mapping,
        settings: &Settings,
        chooser: Option<&Arc<Chooser>>,
        events: &[Event<'_>],
    ) {
        let start = Instant::now();
        let Ran { outcomes, fallbacks, usage, .. } = mapping.run_with(settings, chooser, events);
        self.micros = self.micros.saturating_add(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
        self.memory_bytes = self.memory_bytes.max(usage.memory).max(usage.selector.memory);
        for fuel in [usage.fuel, usage.selector.fuel].into_iter().flatten() {
            self.fuel = Some(self.fuel.unwrap_or_default().saturating_add(fuel));
        }
        // What falls back on the mapping's rule is a fault of what is tried all the same.
        let before = self.events;
        for (index, fault) in fallbacks {
            if let Some(event) = events.get(index) {
                self.note(before + index, event, fault);
            }
        }
        for (event, outcome) in events.iter().zip(outcomes) {
            match outcome {
                Outcome::Deliver(_) => self.delivered += 1,
                Outcome::Skip(_) => self.skipped += 1,
                Outcome::Reject(_) => self.rejected += 1,
                Outcome::Fault(fault) => self.note(self.events, event, fault),
            }
            self.events += 1;
        }
    }

    fn note(&mut self, place: usize, event: &Event<'_>, fault: Fault) {
        self.faults += 1;
        if self.first_faults.len() < TOLD_FAULTS {
            let event_type = event.event_type.chars().take(100).collect();
            self.first_faults.push(TrialFault { event: place, event_type, fault });
        }
    }

    /// Refuses what fails too often or takes too much.
    pub(super) fn judge(&self, config: &AdmissionConfig) -> Result<(), AdmissionError> {
        let events = self.events;
        if (self.faults as u64).saturating_mul(100) > config.faults_percent.saturating_mul(events as u64) {
            let (faults, percent) = (self.faults, config.faults_percent);
            return Err(AdmissionError::Trial { faults, events, percent, first: self.told() });
        }
        let per_event = self.fuel.unwrap_or_default().checked_div(events as u64).unwrap_or_default();
        if per_event > config.fuel_per_event {
            return Err(AdmissionError::Fuel { per_event, events, most: config.fuel_per_event });
        }
        Ok(())
    }

    fn told(&self) -> String {
        let mut told = String::new();
        for TrialFault { event, event_type, fault } in self.first_faults.iter().take(TOLD_IN_REFUSAL) {
            let separator = if told.is_empty() { "" } else { "; " };
            // Writing into a string can't fail.
            let _ = write!(told, "{separator}event {event} ({event_type}): {fault}");
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::sandbox::{DEFAULT_COMPONENT, FaultKind, Metering, Sandbox};

    #[test]
    fn every_event_is_tried_in_batches_as_live() {
        let limits = Limits { batch_events: 5, ..Limits::default() };
        let mapping = Sandbox::new(&limits, Metering::Off).unwrap().admit(DEFAULT_COMPONENT).unwrap();
        let mut texts = vec![r#"{"event_type":"Opened","user_id":"u"}"#.to_owned(); 12];
        texts.insert(3, "no event".to_owned());
        let trial = try_alone(&mapping, "{}", &texts).unwrap();
        assert_eq!((trial.events, trial.delivered, trial.skipped, trial.faults), (18, 17, 1, 0), "{trial:?}");
        assert!(trial.memory_bytes > 0 && trial.micros > 0 && trial.fuel.is_none(), "{trial:?}");
        trial.judge(&AdmissionConfig::default()).unwrap();
    }

    #[test]
    fn too_many_faults_and_too_many_instructions_are_refused_by_name() {
        let config = AdmissionConfig { faults_percent: 25, fuel_per_event: 100, ..AdmissionConfig::default() };
        let fault = Fault::new(FaultKind::Panic, "it gave up");
        let first_faults = vec![TrialFault { event: 3, event_type: "Opened".to_owned(), fault }];
        let mut trial = Trial { events: 4, faults: 1, first_faults, fuel: Some(403), ..Trial::default() };
        trial.judge(&config).unwrap();
        trial.fuel = Some(404);
        assert_eq!(trial.judge(&config).unwrap_err().code(), "admission-fuel");
        trial.faults = 2;
        let error = trial.judge(&config).unwrap_err();
        assert_eq!(error.code(), "admission-trial");
        assert!(error.to_string().ends_with("event 3 (Opened): panic: it gave up"), "{error}");
    }
}
