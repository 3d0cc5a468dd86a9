//! The choices of one batch: a mapping asks, a selector answers.
//!
//! The selector runs in a store of its own, under limits of its own, while the mapping waits. Its
//! fault is never an error of the mapping's call, which would cost the whole batch: it is noted for
//! the event, and the mapping is told to go by its own rule.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline};

use super::chooser::{Chooser, OnFault};
use super::contract::{Event, Group, GroupSelector, Selection};
use super::engine::{fresh_store, fuel_used, ticks};
use super::fault::{Fault, FaultKind};
use super::outcome::SelectorUsage;
use super::output;
use super::plugin::{PluginKind, World};
use super::store::{Bounds, Held};
use super::texts::Texts;

/// A choice that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Among which groups, as type and id, in the order of the mapping's own rule.
    pub candidates: Vec<(String, String)>,
    /// What was chosen.
    pub chosen: Chosen,
    /// On what the selector failed, when the mapping's own rule stepped in.
    pub fault: Option<Fault>,
}

/// In words.
impl fmt::Display for Choice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chosen.fmt(out)?;
        self.fault
            .as_ref()
            .map_or(Ok(()), |fault| write!(out, ", since it failed ({}: {})", fault.kind.name(), fault.detail))
    }
}

/// The answer of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// What the mapping's own rule says.
    DefaultRule,
    /// The event belongs to no account.
    None,
    /// The candidate with this index.
    Candidate(usize),
    /// A group that is not among the candidates: type and id.
    Custom(String, String),
}

impl fmt::Display for Chosen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DefaultRule => out.write_str("default rule"),
            Self::None => out.write_str("no account"),
            Self::Candidate(index) => write!(out, "candidate {index}, counted from 0"),
            Self::Custom(group_type, id) => write!(out, "another group: {group_type} {id}"),
        }
    }
}

impl Choice {
    pub(super) fn new(candidates: Vec<Group>, selection: &Selection) -> Self {
        let chosen = match selection {
            Selection::DefaultRule => Chosen::DefaultRule,
            Selection::None => Chosen::None,
            Selection::Candidate(index) => Chosen::Candidate(*index as usize),
            Selection::Custom(group) => Chosen::Custom(group.group_type.clone(), group.group_id.clone()),
        };
        let candidates = candidates.into_iter().map(|group| (group.group_type, group.group_id)).collect();
        Self { candidates, chosen, fault: None }
    }
}

/// The selector of a tenant during one call of its mapping.
pub(super) struct Choices {
    chooser: Arc<Chooser>,
    /// The events of the batch, as the host has them.
    events: Texts,
    /// One that has answered.
    instance: Option<Instance>,
    /// By the index of the event: on what the selector failed.
    faults: BTreeMap<usize, Fault>,
    usage: SelectorUsage,
    /// How much longer the selector may take, all events of the batch together.
    left: Duration,
    /// By the index of the event: how long the selector took.
    took: Vec<Duration>,
    /// When the call of the mapping began.
    began: Instant,
}

/// An instance of the selector.
struct Instance {
    store: Store<Bounds>,
    guest: GroupSelector,
    /// How long it ran. All that it does has one deadline, as all that a mapping does in a batch.
    ran: Duration,
    /// When it was last asked.
    asked: Instant,
}

impl Choices {
    /// For a batch, and for so much time.
    pub(super) fn new(chooser: &Arc<Chooser>, events: &[Event<'_>], left: Duration) -> Self {
        Self {
            chooser: Arc::clone(chooser),
            events: Texts::of(events),
            instance: None,
            faults: BTreeMap::new(),
            usage: SelectorUsage::default(),
            left,
            took: vec![Duration::ZERO; events.len()],
            began: Instant::now(),
        }
    }

    /// How much time a batch has for its selector before events are put back: what the faults of a
    /// batch may cost.
    pub(super) fn budget(chooser: &Chooser) -> Duration {
        chooser.deadline() * chooser.selector.limits.fault_deadlines
    }

    /// How long the mapping itself has run.
    fn mapping_ran(&self) -> Duration {
        self.began.elapsed().saturating_sub(self.usage.time)
    }

    /// Asks about an event of the batch.
    ///
    /// # Errors
    ///
    /// When there is no such event: a fault of the mapping.
    pub(super) fn choose(&mut self, index: u32, candidates: &[Group]) -> wasmtime::Result<Selection> {
        let index = index as usize;
        if index >= self.events.len() {
            let count = self.events.len();
            return Err(wasmtime::format_err!("asks the group selector about event {index} of a batch of {count}"));
        }
        if self.faults.contains_key(&index) {
            return Ok(Selection::DefaultRule);
        }
        // The clock is read twice a call: more would be a tenth of what asking costs.
        let start = Instant::now();
        let chosen = self.chosen(index, candidates, start);
        let end = Instant::now();
        let took = end - start;
        if let Some(instance) = &mut self.instance {
            // It need not have been asked this time.
            instance.ran += end - instance.asked.max(start);
        }
        self.usage.calls += 1;
        self.usage.time += took;
        self.left = self.left.saturating_sub(took);
        if let Some(so_far) = self.took.get_mut(index) {
            *so_far += took;
        }
        Ok(chosen.unwrap_or_else(|fault| {
            self.faults.insert(index, fault);
            Selection::DefaultRule
        }))
    }

    /// An instance that has answered before is not what an event should fail of: then it is asked
    /// about once more, in a fresh one.
    fn chosen(&mut self, index: usize, candidates: &[Group], now: Instant) -> Result<Selection, Fault> {
        // What an event takes by being asked about again and again is its own: it is not asked about later.
        let deadline = self.chooser.deadline();
        if self.took.get(index).is_some_and(|took| *took >= deadline) {
            let detail = format!("ran longer than {} ms, all answers about the event together", deadline.as_millis());
            return Err(Fault::of_selector(FaultKind::Deadline, detail));
        }
        if self.left.is_zero() {
            let detail = "not asked: other events of its batch took all the time that a selector has";
            return Err(Fault::of_selector(FaultKind::CutShort, detail));
        }
        let is_fresh = self.instance.is_none();
        match self.ask(index, candidates, now) {
            Err(_) if !is_fresh => self.ask(index, candidates, Instant::now()),
            answer => answer,
        }
    }

    fn ask(&mut self, index: usize, candidates: &[Group], now: Instant) -> Result<Selection, Fault> {
        let mut instance = match self.instance.take() {
            Some(instance) => Instance { asked: now, ..instance },
            None => Instance::start(&self.chooser, now)?,
        };
        let answer = match self.events.event(index) {
            Some(event) => instance.select(&self.chooser, event, candidates),
            None => Ok(Selection::DefaultRule),
        };
        match answer {
            Ok(_) => self.instance = Some(instance),
            Err(_) => self.usage.add(&instance),
        }
        answer
    }

    /// What the selector failed on, by the index of the event, and what it used.
    pub(super) fn end(mut self) -> (BTreeMap<usize, Fault>, SelectorUsage) {
        if let Some(instance) = self.instance.take() {
            self.usage.add(&instance);
        }
        (self.faults, self.usage)
    }

    /// Whether an event is lost that the selector failed on in this way.
    pub(super) fn is_lost(chooser: &Chooser, fault: &Fault) -> bool {
        // What was not asked is put back, and asked later.
        chooser.on_fault == OnFault::DeadLetter || fault.kind == FaultKind::CutShort
    }
}

impl Instance {
    fn start(chooser: &Chooser, now: Instant) -> Result<Self, Fault> {
        let selector = &chooser.selector;
        let engine = selector.world.instance_pre().engine();
        let mut store = fresh_store(engine, &selector.limits, selector.metering);
        match selector.world.0.instantiate(&mut store) {
            Ok(guest) => Ok(Self { store, guest, ran: Duration::ZERO, asked: now }),
            Err(error) => Err(Fault::of(PluginKind::GroupSelector, &error, store.data())),
        }
    }

    fn select(&mut self, chooser: &Chooser, event: Event<'_>, candidates: &[Group]) -> Result<Selection, Fault> {
        let limits = &chooser.selector.limits;
        // Epochs pass for all stores alike, also while the mapping ran in between.
        self.store.set_epoch_deadline(ticks(chooser.deadline().saturating_sub(self.ran)));
        let guest = self.guest.accoil_event_stream_group_selection();
        let answer = guest.call_select(&mut self.store, chooser.settings.text(), event, candidates);
        let selection = answer.map_err(|error| Fault::of(PluginKind::GroupSelector, &error, self.store.data()))?;
        output::selection(selection, candidates.len(), limits)
            .map_err(|problem| Fault::of_selector(FaultKind::InvalidOutput, problem))
    }
}

impl SelectorUsage {
    fn add(&mut self, instance: &Instance) {
        self.memory = self.memory.max(instance.store.data().peak_memory());
        if let Some(fuel) = fuel_used(&instance.store) {
            self.fuel = Some(self.fuel.unwrap_or_default().saturating_add(fuel));
        }
    }
}

/// Lets a mapping that comes to its deadline go on for as long as it waited for the selector. That is
/// reckoned anew from what it ran itself: a tick for every short wait would be time without end.
pub(super) fn extend_deadline(store: &mut Store<Held>, deadline: Duration) {
    store.epoch_deadline_callback(move |store| {
        let ran = store.data().choices.as_ref().map(Choices::mapping_ran);
        let left = ran.and_then(|ran| deadline.checked_sub(ran)).filter(|left| !left.is_zero());
        Ok(left.map_or(UpdateDeadline::Interrupt, |left| UpdateDeadline::Continue(ticks(left))))
    });
}
