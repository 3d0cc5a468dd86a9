//! From stored events to work: the part that runs on the mapping threads.
//!
//! Events are cut into batches of what is in force for them; `run` has a batch mapped, and what a
//! version that is watched fails on mapped again; `settle` says what becomes of each event.

mod run;
#[cfg(test)]
mod run_tests;
mod settle;

use std::sync::Arc;

pub(crate) use settle::canonical;

use super::shadow::Shadow;
use super::work::Work;
use super::{Runs, span};
use crate::event::Event;
use crate::outbound::Dialect;
use crate::queue::{Attempt, Seq, Stored, UnixMs};
use crate::sandbox::Fault;
use crate::versions::{InForce, Judge, Timeline, Verdict, invariants};
pub(super) use run::{Ran, RanEvent, Repin, in_sandbox};
use settle::{resumed, settle};

/// What became of a stored event.
pub(super) enum Mapped {
    /// There is something to send.
    Work(Work),
    /// The mapping skipped it.
    Skip {
        /// Which event.
        seq: Seq,
        /// By which version.
        version: u32,
        /// Why.
        reason: String,
        /// Set when another version had failed on it.
        repin: Option<Repin>,
    },
    /// It can't be delivered.
    Dead {
        /// Which event.
        seq: Seq,
        /// By which version, and what was delivered of it before.
        attempt: Attempt,
        /// A stable code.
        reason: String,
        /// The reason for people.
        detail: String,
    },
    /// It was not run: others of its batch took too long, or its version was just condemned.
    NotRun(Stored),
}

/// What is needed to map stored events.
pub(super) struct Job {
    /// The tenant's name.
    pub(super) tenant: Arc<str>,
    pub(super) timeline: Timeline,
    pub(super) dialect: Dialect,
    /// Judges the version that is watched, if what is newest is what it has heard of.
    pub(super) judge: Judge,
    /// An event that was mapped before and is mapped again is judged no more, and what took over
    /// from a version that failed on it does so again.
    pub(super) is_again: bool,
    pub(super) now: UnixMs,
    pub(super) shadow: Option<Arc<Shadow>>,
    pub(super) runs: Arc<Runs>,
}

/// What became of stored events.
pub(super) struct Outcomes {
    /// One for each, in order.
    pub(super) mapped: Vec<Mapped>,
    /// The judge, who has heard of them.
    pub(super) judge: Judge,
    /// Set when the version that is watched must not go on.
    pub(super) verdict: Option<Verdict>,
    /// On what selectors failed, where the mapping's own rule stepped in.
    pub(super) fallbacks: Vec<Fault>,
}

impl Job {
    /// Maps stored events, in order. What was tried before is taken up where it was left. After one
    /// that was not run none is: it is all taken again.
    pub(super) fn map(self, events: Vec<Stored>) -> Outcomes {
        let mut mapping = Mapping {
            mapped: Vec::with_capacity(events.len()),
            verdict: None,
            fallbacks: Vec::new(),
            judge: self.judge.clone(),
            batch: Vec::new(),
            bytes: 0,
            current: None,
            job: &self,
        };
        for mut stored in events {
            if mapping.is_full() {
                mapping.flush();
            }
            if mapping.has_stopped() {
                mapping.mapped.push(Mapped::NotRun(stored));
                continue;
            }
            if let Some(work) = resumed(&mut stored, &self.dialect) {
                mapping.flush();
                mapping.mapped.push(Mapped::Work(work));
                continue;
            }
            mapping.push(stored);
        }
        mapping.flush();
        let Mapping { mapped, judge, verdict, fallbacks, .. } = mapping;
        Outcomes { mapped, judge, verdict, fallbacks }
    }
}

/// The state of a job.
struct Mapping<'a> {
    job: &'a Job,
    mapped: Vec<Mapped>,
    judge: Judge,
    verdict: Option<Verdict>,
    fallbacks: Vec<Fault>,
    /// Events for which `current` is in force.
    batch: Vec<Stored>,
    bytes: usize,
    current: Option<Arc<InForce>>,
}

impl Mapping<'_> {
    fn has_stopped(&self) -> bool {
        self.verdict.is_some() || matches!(self.mapped.last(), Some(Mapped::NotRun(_)))
    }

    /// Whether the batch is as large as a mapping may get at once.
    fn is_full(&self) -> bool {
        self.current.as_ref().is_some_and(|in_force| {
            let limits = in_force.live.what.mapping.limits();
            self.batch.len() >= limits.batch_events || self.bytes >= limits.batch_bytes
        })
    }

    fn push(&mut self, stored: Stored) {
        let in_force = self.job.timeline.at(stored.seq);
        let number = |in_force: &Arc<InForce>| in_force.activation.number;
        if in_force.map(number) != self.current.as_ref().map(number) {
            self.flush();
            self.current = in_force.cloned();
        }
        // What was flushed may have been the last that is run.
        if self.has_stopped() {
            self.mapped.push(Mapped::NotRun(stored));
            return;
        }
        self.bytes += stored.body.len();
        self.batch.push(stored);
    }

    /// Runs the batch.
    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let Some(in_force) = self.current.clone().filter(|_| !batch.is_empty()) else {
            // Without any version nothing is taken; these stay in the queue.
            self.mapped.extend(batch.into_iter().map(Mapped::NotRun));
            return;
        };
        let span = span::batch(&self.job.tenant, in_force.live.number, batch.len());
        let read: Vec<Result<Event<'_>, (&'static str, String)>> = batch.iter().map(canonical).collect();
        let mut faults = Vec::with_capacity(read.len());
        let mut events = Vec::with_capacity(read.len());
        for event in read {
            faults.push(event.map(|event| events.push(event)).err());
        }
        let mut ran = self.run(&in_force, &events);
        if let Some(shadow) = &self.job.shadow {
            let readable = batch.iter().zip(&faults).filter(|(_, fault)| fault.is_none()).map(|(stored, _)| stored);
            shadow.offer(&events, readable, &ran);
        }
        drop(events);
        if let Some(span) = span {
            span::mapped(span, &faults, &ran.outcomes);
        }
        debug_assert!(
            ran.outcomes.iter().all(|ran| {
                invariants::Choice::from(&*in_force).may_map(ran.version, ran.repin.as_ref().map(|repin| repin.from))
            }),
            "an event is mapped by what is in force for it"
        );
        self.fallbacks.extend(ran.outcomes.iter_mut().filter_map(|ran| ran.fallback.take()));
        ran.outcomes.reverse();
        for (stored, fault) in batch.into_iter().zip(faults) {
            let end = match fault {
                Some(fault) => Err(fault),
                None => ran.outcomes.pop().ok_or(("mapping-no-outcome", "an outcome is missing".to_owned())),
            };
            self.mapped.push(settle(stored, end, in_force.live.number, &self.job.dialect));
        }
    }

    fn run(&mut self, in_force: &InForce, events: &[Event<'_>]) -> Ran {
        let newest = self.job.timeline.newest().map(|newest| newest.activation.number);
        let is_judged = !self.job.is_again && newest == Some(in_force.activation.number);
        let trials = in_force.trials(if self.job.is_again { 0 } else { self.job.now });
        let ran = run::run(
            in_force,
            trials,
            is_judged.then_some(&mut self.judge),
            self.job.is_again,
            events,
            &*self.job.runs,
        );
        self.verdict = ran.verdict.clone();
        ran
    }
}
