//! Running a batch: each event under its version, and under the one before if that one fails.

use std::time::{Duration, Instant};

use crate::event::Event;
use crate::sandbox::{self, Fault, FaultKind, Outcome};
use crate::versions::{InForce, Judge, Tally, Trial, Verdict, Version};

/// What running a batch came to.
pub(in crate::tenant) struct Ran {
    /// One for each event, in order.
    pub(in crate::tenant) outcomes: Vec<RanEvent>,
    /// How long the versions in force took.
    pub(in crate::tenant) took: Duration,
    /// Set when the version that is watched must not go on.
    pub(super) verdict: Option<Verdict>,
}

/// What running an event came to.
pub(in crate::tenant) struct RanEvent {
    /// The version whose outcome it is.
    pub(in crate::tenant) version: u32,
    /// The outcome.
    pub(in crate::tenant) outcome: Outcome,
    /// What the version's selector failed on, where the mapping's own rule stepped in.
    pub(in crate::tenant) fallback: Option<Fault>,
    /// Set when that is not the version in force.
    pub(in crate::tenant) repin: Option<Repin>,
}

/// That an event was mapped by another version than the one in force for it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(in crate::tenant) struct Repin {
    /// The version in force.
    pub(in crate::tenant) from: u32,
    /// What it made of the event.
    pub(in crate::tenant) because: String,
}

/// Runs a batch. What a version on trial fails on is run by the good one; what it rejects and the
/// good one does not is counted, and taken over from the good one if that is the last straw. Whether it
/// was is not known any more of events that are mapped `again`: all such rejects are taken over then,
/// for the good one may have been delivered in part. Only the first trial is judged.
///
/// What was cut short counts as a fault, but is not taken over: that it was depends on the events it
/// came with, and mapped again among others it would be another version's.
pub(super) fn run<'a>(
    in_force: &InForce,
    trials: impl Iterator<Item = Trial<'a>>,
    mut judge: Option<&mut Judge>,
    is_again: bool,
    events: &[Event<'_>],
    call: &Call<'_>,
) -> Ran {
    let start = Instant::now();
    let outcomes = first_run(in_force, events, call);
    let mut ran = Ran { outcomes, took: start.elapsed(), verdict: None };
    for trial in trials {
        let again = second_run(&ran.outcomes, trial, events, call);
        let (tally, rejected) = take_over_faults(&mut ran.outcomes, trial, again, is_again);
        let Some(verdict) = judge.take().and_then(|judge| judge.hear(tally)) else { continue };
        ran.verdict = Some(verdict);
        for (index, good) in rejected {
            if let Some(ran) = ran.outcomes.get_mut(index) {
                take_over(ran, trial.good, good);
            }
        }
    }
    ran
}

/// Takes over from the good version what the one on trial failed on. Gives what that says of the
/// latter, and what the good one makes of what the other one alone rejects.
fn take_over_faults(
    outcomes: &mut [RanEvent],
    trial: Trial<'_>,
    again: Vec<(usize, Once)>,
    is_again: bool,
) -> (Tally, Vec<(usize, Once)>) {
    let mut tally = Tally { events: on(trial.tried, outcomes), ..Tally::default() };
    let mut rejected = Vec::new();
    for (index, good) in again {
        let Some(ran) = outcomes.get_mut(index) else { continue };
        match (&ran.outcome, &good.outcome) {
            (_, Outcome::Fault(_)) | (Outcome::Reject(_), Outcome::Reject(_)) => {}
            // The account is the one that the rule says, and not the one that the selector would have.
            (Outcome::Deliver(_) | Outcome::Skip(_), _) if good.fallback.is_some() => {}
            (Outcome::Reject(_), _) if !is_again => {
                tally.rejects += 1;
                rejected.push((index, good));
            }
            (Outcome::Fault(fault), _) if fault.kind == FaultKind::CutShort => tally.faults += 1,
            (Outcome::Reject(_), _) => take_over(ran, trial.good, good),
            _ => {
                tally.faults += 1;
                take_over(ran, trial.good, good);
            }
        }
    }
    (tally, rejected)
}

fn on(version: &Version, outcomes: &[RanEvent]) -> u64 {
    outcomes.iter().filter(|ran| ran.version == version.number && ran.repin.is_none()).count() as u64
}

fn take_over(ran: &mut RanEvent, version: &Version, good: Once) {
    let because = match (&ran.outcome, &ran.fallback) {
        (Outcome::Fault(fault), _) => fault.to_string(),
        (Outcome::Reject(reason), _) => format!("rejected: {reason}"),
        (Outcome::Deliver(_) | Outcome::Skip(_), fallback) => {
            fallback.as_ref().map(ToString::to_string).unwrap_or_default()
        }
    };
    let repin = Some(Repin { from: ran.version, because });
    *ran = good.by(version, repin);
}

/// What one run made of an event.
struct Once {
    outcome: Outcome,
    fallback: Option<Fault>,
}

impl Once {
    fn by(self, version: &Version, repin: Option<Repin>) -> RanEvent {
        RanEvent { version: version.number, outcome: self.outcome, fallback: self.fallback, repin }
    }

    /// One for each event, in order.
    fn each(ran: sandbox::Ran) -> Vec<Self> {
        let mut each: Vec<Self> = ran.outcomes.into_iter().map(|outcome| Self { outcome, fallback: None }).collect();
        for (index, fault) in ran.fallbacks {
            if let Some(once) = each.get_mut(index) {
                once.fallback = Some(fault);
            }
        }
        each
    }
}

/// Each event under the version that is in force for it.
fn first_run(in_force: &InForce, events: &[Event<'_>], call: &Call<'_>) -> Vec<RanEvent> {
    let Some((split, canary)) = &in_force.canary else {
        let live = &in_force.live;
        return Once::each(call(live, events)).into_iter().map(|once| once.by(live, None)).collect();
    };
    let is_canary: Vec<bool> = events.iter().map(|event| split.takes(event)).collect();
    let side = |wanted: bool| -> Vec<Event<'_>> {
        let taken = is_canary.iter().zip(events).filter(|(is_canary, _)| **is_canary == wanted);
        taken.map(|(_, event)| event.clone()).collect()
    };
    let mut live = Once::each(call(&in_force.live, &side(false))).into_iter();
    let mut tried = Once::each(call(canary, &side(true))).into_iter();
    let next = |is_canary: &bool| match is_canary {
        true => tried.next().map(|once| once.by(canary, None)),
        false => live.next().map(|once| once.by(&in_force.live, None)),
    };
    is_canary.iter().filter_map(next).collect()
}

/// What the version on trial, or its selector, failed on or rejected, under the good one: index and outcome.
fn second_run(outcomes: &[RanEvent], trial: Trial<'_>, events: &[Event<'_>], call: &Call<'_>) -> Vec<(usize, Once)> {
    let failed = |ran: &RanEvent| {
        let is_tried = ran.version == trial.tried.number && ran.repin.is_none();
        is_tried && (ran.fallback.is_some() || matches!(ran.outcome, Outcome::Fault(_) | Outcome::Reject(_)))
    };
    let failed: Vec<(usize, Event<'_>)> = outcomes
        .iter()
        .zip(events)
        .enumerate()
        .filter(|(_, (ran, _))| failed(ran))
        .map(|(index, (_, event))| (index, event.clone()))
        .collect();
    if failed.is_empty() {
        return Vec::new();
    }
    let (indexes, events): (Vec<usize>, Vec<Event<'_>>) = failed.into_iter().unzip();
    indexes.into_iter().zip(Once::each(call(trial.good, &events))).collect()
}

/// Runs a version on a batch of events.
pub(super) type Call<'a> = dyn Fn(&Version, &[Event<'_>]) -> sandbox::Ran + 'a;

/// Runs a version's mapping in the sandbox.
pub(in crate::tenant) fn in_sandbox(version: &Version, events: &[Event<'_>]) -> sandbox::Ran {
    if events.is_empty() {
        return sandbox::Ran::default();
    }
    version.what.run(events)
}
