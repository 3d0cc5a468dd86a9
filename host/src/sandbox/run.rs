//! Running a mapping: a batch of events in, an outcome for each out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::Store;

use super::about::About;
use super::admission;
use super::contract::{self, Description, MappingComponentPre};
use super::engine::{Metering, Sandbox, fresh_store, fuel_used};
use super::fault::{Fault, FaultKind};
use super::inspection::Inspection;
use super::outcome::{Outcome, Usage};
use super::output;
use super::refusal::Refusal;
use super::settings::{Schema, Settings, SettingsError};
use super::store::Held;
use crate::event::Event;
use crate::limits::Limits;

/// A mapping that was admitted: compiled, and ready to run any number of
/// batches, on any thread.
pub struct Mapping {
    pre: MappingComponentPre<Held>,
    limits: Arc<Limits>,
    metering: Metering,
    about: About,
    schema: Schema,
}

impl Mapping {
    pub(super) fn new(sandbox: &Sandbox, pre: MappingComponentPre<Held>, about: About) -> Result<Self, Refusal> {
        let schema = Schema::parse(&about.description.settings_schema)?;
        let limits = Arc::clone(&sandbox.limits);
        Ok(Self { pre, limits, metering: sandbox.metering, about, schema })
    }

    /// Its code, for [`Sandbox::load`].
    pub(crate) fn code(&self) -> Result<Vec<u8>, Refusal> {
        admission::code(&self.pre)
    }

    /// What is known about it.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What the component says about itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.about.description
    }

    /// What it is made of.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.about.inspection
    }

    /// The limits that it runs under.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Checks settings, as JSON text, against the mapping's schema.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit, and where it is.
    pub fn settings(&self, text: &str) -> Result<Settings, SettingsError> {
        self.schema.check(text)
    }

    /// Maps a batch. The answer has one outcome for each event, in order.
    ///
    /// If the batch as a whole fails, every event is run on its own, so that a
    /// fault costs the event that caused it and no other. Since a fault can
    /// cost a whole deadline, this goes on only until the faults of the batch
    /// have cost a few of them, or the outcomes are larger than a batch's may
    /// be; what is left then is not run ([`FaultKind::CutShort`]).
    #[must_use]
    pub fn run(&self, settings: &Settings, events: &[Event<'_>]) -> Vec<Outcome> {
        self.run_measured(settings, events).0
    }

    /// As [`Mapping::run`], and what it used.
    #[must_use]
    pub fn run_measured(&self, settings: &Settings, events: &[Event<'_>]) -> (Vec<Outcome>, Usage) {
        let lowered: Vec<_> = events.iter().map(lower).collect();
        let (answer, usage) = self.call(settings, &lowered);
        let outcomes = match answer {
            Ok(outcomes) => outcomes,
            Err(fault) if lowered.len() <= 1 => lowered.iter().map(|_| Outcome::Fault(fault.clone())).collect(),
            Err(_) => self.run_one_by_one(settings, &lowered),
        };
        (outcomes, usage)
    }

    /// Maps one event and tells among which groups the account was chosen, as type and id. A mapping
    /// that chooses without asking shows none.
    #[must_use]
    pub fn run_watched(&self, settings: &Settings, event: &Event<'_>) -> (Outcome, Vec<(String, String)>) {
        let lowered = [lower(event)];
        let mut store = fresh_store(self.pre.engine(), &self.limits, self.metering);
        store.data_mut().watch_choices();
        let answer = self.call_in(&mut store, settings, &lowered);
        let candidates = store.data_mut().candidates();
        let outcome = match self.checked(answer, &lowered, &store) {
            Ok(outcomes) => outcomes.into_iter().next().unwrap_or_else(|| Outcome::Fault(wrong_count(0, 1))),
            Err(fault) => Outcome::Fault(fault),
        };
        (outcome, candidates.into_iter().map(|group| (group.group_type, group.group_id)).collect())
    }

    fn run_one_by_one(&self, settings: &Settings, events: &[contract::Event<'_>]) -> Vec<Outcome> {
        let budget = Duration::from_millis(self.limits.deadline_ms) * self.limits.fault_deadlines;
        let mut spent = Duration::ZERO;
        // Each may give back as much as a batch, but not all of them together: it is all kept until the last has run.
        let mut given = 0;
        let mut run = |event| {
            let cut_short = |detail| Outcome::Fault(Fault::new(FaultKind::CutShort, detail));
            if spent >= budget {
                return cut_short(format!(
                    "not run: faults of other events of its batch took {} ms",
                    spent.as_millis()
                ));
            }
            if given > self.limits.output_bytes {
                return cut_short(format!("not run: other events of its batch gave back {given} bytes"));
            }
            let start = Instant::now();
            match self.call(settings, std::slice::from_ref(event)).0 {
                Ok(outcomes) => {
                    let outcome = outcomes.into_iter().next().unwrap_or_else(|| Outcome::Fault(wrong_count(0, 1)));
                    given += output::size(&outcome);
                    outcome
                }
                Err(fault) => {
                    spent += start.elapsed();
                    Outcome::Fault(fault)
                }
            }
        };
        events.iter().map(&mut run).collect()
    }

    /// One call in a fresh instance.
    fn call(&self, settings: &Settings, events: &[contract::Event<'_>]) -> (Result<Vec<Outcome>, Fault>, Usage) {
        let mut store = fresh_store(self.pre.engine(), &self.limits, self.metering);
        let answer = self.call_in(&mut store, settings, events);
        let usage = Usage { memory: store.data().peak_memory(), fuel: fuel_used(&store) };
        (self.checked(answer, events, &store), usage)
    }

    /// The outcomes of a call, each looked at, or what the call failed of.
    fn checked(
        &self,
        answer: wasmtime::Result<Vec<contract::types::Outcome>>,
        events: &[contract::Event<'_>],
        store: &Store<Held>,
    ) -> Result<Vec<Outcome>, Fault> {
        match answer {
            Err(error) => Err(Fault::of(&error, store.data())),
            Ok(outcomes) if outcomes.len() != events.len() => Err(wrong_count(outcomes.len(), events.len())),
            Ok(outcomes) => {
                let checked = |(outcome, event)| output::checked(outcome, event, &self.limits);
                Ok(outcomes.into_iter().zip(events).map(checked).collect())
            }
        }
    }

    fn call_in(
        &self,
        store: &mut Store<Held>,
        settings: &Settings,
        events: &[contract::Event<'_>],
    ) -> wasmtime::Result<Vec<contract::types::Outcome>> {
        let instance = self.pre.instantiate(&mut *store)?;
        instance.accoil_event_stream_mapping().call_transform(store, settings.text(), events)
    }
}

fn wrong_count(found: usize, expected: usize) -> Fault {
    Fault::new(FaultKind::InvalidOutput, format!("{found} outcomes for {expected} events"))
}

fn lower<'a>(event: &'a Event<'_>) -> contract::Event<'a> {
    contract::Event {
        id: event.id.as_deref().unwrap_or_default(),
        event_type: &event.event_type,
        user_id: event.user_id.as_deref(),
        device_id: event.device_id.as_deref(),
        time: event.time.as_deref(),
        event_properties: &event.event_properties,
        user_properties: &event.user_properties,
        groups: &event.groups,
        group_properties: &event.group_properties,
        attributes: &event.attributes,
    }
}
