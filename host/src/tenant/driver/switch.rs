//! Changing what is in force, between two takes.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::super::switch::{Switch, SwitchError, Switched};
use super::{Driver, FIRST_PAUSE};
use crate::event::now_ms;
use crate::outbound::lanes::Ticket;
use crate::queue::{self, Activation, AuditEntry, NewActivation, Pending, QueueError};
use crate::tenant::RolledBack;
use crate::versions::{Candidate, Fallback, InForce, Judge, OnTrial, Split, Verdict, Version, invariants};

/// How much of what was in force is kept without a look at whether it is still needed.
const MOST_REMEMBERED: usize = 32;

/// A switch that was asked for, and who waits for it.
pub(super) type Asked = (Box<Switch>, oneshot::Sender<Result<Switched, SwitchError>>);

impl Driver {
    /// Whether a switch waits. No take begins then: it is made when the one under way has ended, for
    /// the events of a take are all mapped by what was in force before.
    pub(super) fn is_switching(&self) -> bool {
        self.condemned.is_some() || !self.switches.is_empty()
    }

    /// Makes the switches that wait, as soon as no take is under way.
    pub(super) async fn make_switches(&mut self) {
        if self.taking.is_some() {
            return;
        }
        if let Some(verdict) = self.condemned.take()
            && let Err(error) = self.take_back(&verdict).await
        {
            tracing::error!(tenant = self.name, code = error.code(), "the rollback waits: {error}");
            self.condemned = Some(verdict);
            self.rest_a_while();
            return;
        }
        while let Some((switch, reply)) = self.switches.pop_front() {
            let switched = self.switch(*switch).await;
            // Who asked may be gone; it is made all the same.
            let _ = reply.send(switched);
        }
    }

    async fn switch(&mut self, switch: Switch) -> Result<Switched, SwitchError> {
        let begun = Instant::now();
        let before = Arc::clone(&self.in_force);
        if !switch.only_if.allows(&before.activation) {
            return Err(SwitchError::Conflict { version: before.activation.version });
        }
        let is_other = switch.live.pin != before.live.what.pin;
        // What is live for all is no canary.
        let canary = switch.canary.filter(|(candidate, _)| candidate.pin != switch.live.pin);
        let is_watched = switch.is_watched && is_other && !self.plan.watch.is_zero();
        let fallback = is_watched.then(|| Fallback {
            version: Arc::clone(&before.live),
            until: now_ms().saturating_add(u64::try_from(self.plan.watch.as_millis()).unwrap_or(u64::MAX)),
        });
        let written = Instant::now();
        // A canary beside a version that is watched does not end the watch.
        let goes_on = before.fallback.clone().filter(|fallback| !is_other && now_ms() < fallback.until);
        let fallback = fallback.or(goes_on);
        let activation = self.activate(&switch.live, canary.as_ref(), fallback.as_ref(), switch.audit).await?;
        let wrote = written.elapsed();
        self.put_in_force(activation.clone(), switch.live, canary, fallback);
        let took = begun.elapsed().saturating_sub(wrote);
        Ok(Switched { activation, before: before.activation.clone(), took, wrote })
    }

    fn activate(
        &self,
        live: &Candidate,
        canary: Option<&(Candidate, u32)>,
        fallback: Option<&Fallback>,
        audit: AuditEntry,
    ) -> Pending<Activation> {
        // What was taken before this start may have been delivered in part, so it keeps its version.
        let after = Some(self.taken.max(self.recover_to));
        let new = NewActivation {
            pin: live.pin.to_json(),
            canary: canary.map(|(candidate, share)| (candidate.pin.to_json(), *share)),
            fallback: fallback.map(|to| queue::Fallback { version: to.version.number, until: to.until }),
            audit,
        };
        self.setup.queue.activate(self.id, after, new)
    }

    fn put_in_force(
        &mut self,
        activation: Activation,
        live: Candidate,
        canary: Option<(Candidate, u32)>,
        fallback: Option<Fallback>,
    ) {
        if activation.number == self.in_force.activation.number {
            return;
        }
        let (number, from) = (activation.version, activation.from);
        debug_assert!(
            invariants::begins_after(&activation, self.taken.max(self.recover_to)),
            "what was taken keeps its version"
        );
        let by = &activation.by;
        match activation.canary {
            Some(queue::Canary { version, share }) => {
                let percent = f64::from(share) / 10_000.0;
                tracing::info!(tenant = self.name, version, percent, live = number, from, by, "new canary in force");
            }
            None => tracing::info!(tenant = self.name, version = number, from, by, "new version in force"),
        }
        let canary = canary.zip(activation.canary).map(|((candidate, share), recorded)| {
            let split = Split::new(candidate.pin.digest(), share);
            (split, Arc::new(Version { number: recorded.version, what: candidate }))
        });
        let live = Arc::new(Version { number, what: live });
        self.timeline.push(InForce { activation, live, canary, fallback });
        self.marks.push_back((from, self.lanes.next_ticket()));
        self.forget_old();
        self.note_in_force();
        // A version that is waited for is not made to wait.
        self.pause_until = Instant::now();
        self.pause = FIRST_PAUSE;
    }

    /// Forgets what no event needs that is under way, once there is much of it: under load the lanes
    /// are never empty.
    fn forget_old(&mut self) {
        if self.timeline.len() <= MOST_REMEMBERED || self.taken < self.recover_to {
            return;
        }
        let oldest = self.lanes.oldest().unwrap_or(Ticket::MAX);
        while let Some((from, _)) = self.marks.get(1).filter(|(_, first)| *first <= oldest).copied() {
            self.marks.pop_front();
            self.timeline.forget_before(from);
        }
    }

    /// Takes up what is newest.
    pub(super) fn note_in_force(&mut self) {
        if let Some(newest) = self.timeline.newest() {
            self.in_force = Arc::clone(newest);
            self.judge = Judge::new(self.plan.rules);
            self.shared.note_judged(self.judge.seen());
            self.metrics.version.set(i64::from(newest.live.number));
            self.shared.in_force.store(Arc::clone(newest));
        }
    }

    /// Goes back from the version that is watched, for good.
    async fn take_back(&mut self, verdict: &Verdict) -> Result<(), QueueError> {
        let bad = Arc::clone(&self.in_force);
        let Some(trial) = bad.trial(0) else { return Ok(()) };
        let words = format!("version {} is taken back: {verdict}", trial.tried.number);
        let audit = AuditEntry {
            tenant: Some(self.name.clone()),
            what: "auto-rollback".to_owned(),
            by: "accoil-stream".to_owned(),
            reason: words.clone(),
            detail: serde_json::json!({
                "condemned": trial.tried.number,
                "canary": trial.which == OnTrial::Canary,
                "events": verdict.tally.events,
                "faults": verdict.tally.faults,
                "rejects": verdict.tally.rejects,
            })
            .to_string(),
        };
        let good = trial.good.what.clone();
        let activation = self.activate(&good, None, None, audit).await?;
        tracing::error!(
            tenant = self.name,
            condemned = trial.tried.number,
            version = activation.version,
            from = activation.from,
            "rolled back: {words}"
        );
        self.metrics.rollbacks.inc();
        self.shared.note_rollback(RolledBack {
            at: activation.at,
            condemned: trial.tried.number,
            to: activation.version,
            from: activation.from,
            reason: words,
        });
        self.put_in_force(activation, good, None, None);
        Ok(())
    }
}
