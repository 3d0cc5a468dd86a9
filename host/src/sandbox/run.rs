//! Running a mapping: a batch of events in, an outcome for each out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::Store;

use super::choice::{Choice, Choices, extend_deadline};
use super::chooser::Chooser;
use super::contract;
use super::engine::{fresh_store, fuel_used};
use super::fault::{Fault, FaultKind};
use super::outcome::{Outcome, Ran, Usage};
use super::output;
use super::plugin::{Mapping, PluginKind, World};
use super::settings::Settings;
use super::store::{Bounded, Held};
use crate::event::Event;

/// What one call came to.
pub(super) struct Called {
    pub(super) answer: Result<Vec<Outcome>, Fault>,
    fallbacks: Vec<(usize, Fault)>,
    usage: Usage,
}

impl Mapping {
    /// Maps a batch without any selector. The answer has one outcome for each event, in order.
    ///
    /// If the batch as a whole fails, every event is run on its own, so that a
    /// fault costs the event that caused it and no other. Since a fault can
    /// cost a whole deadline, this goes on only until the faults of the batch
    /// have cost a few of them, or the outcomes are larger than a batch's may
    /// be; what is left then is not run ([`FaultKind::CutShort`]).
    #[must_use]
    pub fn run(&self, settings: &Settings, events: &[Event<'_>]) -> Vec<Outcome> {
        self.run_with(settings, None, events).outcomes
    }

    /// As [`Mapping::run`], with a selector to ask, and what it used.
    #[must_use]
    pub fn run_with(&self, settings: &Settings, chooser: Option<&Arc<Chooser>>, events: &[Event<'_>]) -> Ran {
        let lowered: Vec<_> = events.iter().map(lower).collect();
        let left = chooser.map_or(Duration::ZERO, |chooser| Choices::budget(chooser));
        let Called { answer, fallbacks, usage } = self.call(settings, chooser, left, &lowered);
        match answer {
            // Whoever puts back what was cut short must find the first one done, or the same comes again for ever.
            Ok(outcomes) if lowered.len() > 1 && outcomes.first().is_some_and(is_cut_short) => {
                Ran { usage, ..self.run_one_by_one(settings, chooser, left, &lowered) }
            }
            Ok(outcomes) => Ran { outcomes, whole: None, fallbacks, usage },
            Err(fault) if lowered.len() <= 1 => {
                let outcomes = lowered.iter().map(|_| Outcome::Fault(fault.clone())).collect();
                Ran { outcomes, whole: Some(fault), fallbacks, usage }
            }
            Err(fault) => Ran { whole: Some(fault), usage, ..self.run_one_by_one(settings, chooser, left, &lowered) },
        }
    }

    /// Maps one event and tells of the choice of its account. A mapping that chooses without asking shows none.
    #[must_use]
    pub fn run_watched(
        &self,
        settings: &Settings,
        chooser: Option<&Arc<Chooser>>,
        event: &Event<'_>,
    ) -> (Outcome, Option<Choice>) {
        let lowered = [lower(event)];
        let left = chooser.map_or(Duration::ZERO, |chooser| Choices::budget(chooser));
        let _slot = self.slots.take();
        let mut store = self.store(chooser, left, &lowered);
        store.data_mut().watch_choices();
        let answer = self.call_in(&mut store, settings, &lowered);
        let mut choice = store.data_mut().last_choice();
        let Called { answer, fallbacks, .. } = self.ended(answer, chooser, &mut store, &lowered);
        if let Some(choice) = &mut choice {
            choice.fault = fallbacks.into_iter().next().map(|(_, fault)| fault);
        }
        let outcome = match answer {
            Ok(outcomes) => outcomes.into_iter().next().unwrap_or_else(|| Outcome::Fault(wrong_count(0, 1))),
            Err(fault) => Outcome::Fault(fault),
        };
        (outcome, choice)
    }

    fn run_one_by_one(
        &self,
        settings: &Settings,
        chooser: Option<&Arc<Chooser>>,
        mut left: Duration,
        events: &[contract::Event<'_>],
    ) -> Ran {
        let budget = Duration::from_millis(self.limits.deadline_ms) * self.limits.fault_deadlines;
        let mut spent = Duration::ZERO;
        // Each may give back as much as a batch, but not all of them together: it is all kept until the last has run.
        let mut given = 0;
        let mut ran = Ran::default();
        for (index, event) in events.iter().enumerate() {
            let cut_short = |detail| Outcome::Fault(Fault::new(FaultKind::CutShort, detail));
            if spent >= budget {
                let millis = spent.as_millis();
                ran.outcomes.push(cut_short(format!("not run: faults of other events of its batch took {millis} ms")));
                continue;
            }
            if given > self.limits.output_bytes {
                ran.outcomes.push(cut_short(format!("not run: other events of its batch gave back {given} bytes")));
                continue;
            }
            let start = Instant::now();
            let Called { answer, fallbacks, usage } = self.call(settings, chooser, left, std::slice::from_ref(event));
            left = left.saturating_sub(usage.selector.time);
            ran.fallbacks.extend(fallbacks.into_iter().map(|(_, fault)| (index, fault)));
            ran.outcomes.push(match answer {
                Ok(outcomes) => {
                    let outcome = outcomes.into_iter().next().unwrap_or_else(|| Outcome::Fault(wrong_count(0, 1)));
                    given += output::size(&outcome);
                    outcome
                }
                Err(fault) => {
                    spent += start.elapsed();
                    Outcome::Fault(fault)
                }
            });
        }
        ran
    }

    /// One call in a fresh instance.
    fn call(
        &self,
        settings: &Settings,
        chooser: Option<&Arc<Chooser>>,
        left: Duration,
        events: &[contract::Event<'_>],
    ) -> Called {
        let _slot = self.slots.take();
        let mut store = self.store(chooser, left, events);
        let answer = self.call_in(&mut store, settings, events);
        self.ended(answer, chooser, &mut store, events)
    }

    pub(super) fn store(
        &self,
        chooser: Option<&Arc<Chooser>>,
        left: Duration,
        events: &[contract::Event<'_>],
    ) -> Store<Held> {
        let mut store: Store<Held> = fresh_store(self.world.instance_pre().engine(), &self.limits, self.metering);
        if let Some(chooser) = chooser {
            store.data_mut().choices = Some(Choices::new(chooser, events, left));
            extend_deadline(&mut store, Duration::from_millis(self.limits.deadline_ms));
        }
        store
    }

    pub(super) fn call_in(
        &self,
        store: &mut Store<Held>,
        settings: &Settings,
        events: &[contract::Event<'_>],
    ) -> wasmtime::Result<Vec<contract::types::Outcome>> {
        let instance = self.world.0.instantiate(&mut *store)?;
        instance.accoil_event_stream_mapping().call_transform(store, settings.text(), events)
    }

    /// The outcomes of a call, each looked at, or what the call failed of.
    pub(super) fn ended(
        &self,
        answer: wasmtime::Result<Vec<contract::types::Outcome>>,
        chooser: Option<&Arc<Chooser>>,
        store: &mut Store<Held>,
        events: &[contract::Event<'_>],
    ) -> Called {
        let mut answer = match answer {
            Err(error) => Err(Fault::of(PluginKind::Mapping, &error, store.data().bounds())),
            Ok(outcomes) if outcomes.len() != events.len() => Err(wrong_count(outcomes.len(), events.len())),
            Ok(outcomes) => {
                let checked = |(outcome, event)| output::checked(outcome, event, &self.limits);
                Ok(outcomes.into_iter().zip(events).map(checked).collect::<Vec<_>>())
            }
        };
        let choices = store.data_mut().choices.take();
        let memory = store.data().bounds().peak_memory();
        let mut usage = Usage { memory, fuel: fuel_used(store), ..Usage::default() };
        let mut fallbacks = Vec::new();
        if let (Some(chooser), Some(choices)) = (chooser, choices) {
            let faults;
            (faults, usage.selector) = choices.end();
            for (index, fault) in faults {
                if !Choices::is_lost(chooser, &fault) {
                    fallbacks.push((index, fault));
                } else if let Some(outcome) = answer.as_mut().ok().and_then(|outcomes| outcomes.get_mut(index)) {
                    *outcome = Outcome::Fault(fault);
                }
            }
        }
        Called { answer, fallbacks, usage }
    }
}

fn is_cut_short(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Fault(fault) if fault.kind == FaultKind::CutShort)
}

fn wrong_count(found: usize, expected: usize) -> Fault {
    Fault::new(FaultKind::InvalidOutput, format!("{found} outcomes for {expected} events"))
}

pub(super) fn lower<'a>(event: &'a Event<'_>) -> contract::Event<'a> {
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
