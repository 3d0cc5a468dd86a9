//! One unit's way through its calls: each is sent when its turn has come, again when that may help,
//! until it is delivered or given up. The first call that is given up ends the unit, since those
//! after it rest on it.

use tokio::time::{Duration, Instant};

use super::backoff::Backoff;
use super::brake::Brake;
use super::classify::{Verdict, classify};
use super::novelty::Decision;
use super::{Answer, Client, Failure, FailureReason, Novelty, Outcome, Unit};
use crate::accoil::Call;

/// What all units of a run share.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) client: Client,
    pub(super) novelty: Novelty,
    pub(super) brake: Brake,
    pub(super) backoff: Backoff,
    /// How long a call is tried, from its turn on.
    pub(super) give_up_after: Duration,
}

/// How a call ended well.
enum Done {
    Sent,
    Unchanged,
}

/// A call that has been tried some times.
#[derive(Default)]
struct Tries {
    attempts: u32,
    last: Option<Answer>,
}

impl Run {
    /// Sends the calls of a unit, one after the other.
    pub(super) async fn deliver(&self, unit: Unit) -> Outcome {
        let mut outcome = Outcome { id: unit.id, sent: 0, unchanged: 0, retries: 0, failure: None };
        let mut calls = unit.calls.into_iter();
        while let Some(call) = calls.next() {
            let mut tries = Tries::default();
            let end = self.deliver_call(&call, &mut tries).await;
            outcome.retries += tries.attempts.saturating_sub(1);
            match end {
                Ok(Done::Sent) => outcome.sent += 1,
                Ok(Done::Unchanged) => outcome.unchanged += 1,
                Err(reason) => {
                    let left = std::iter::once(call).chain(calls).collect();
                    outcome.failure = Some(tries.failure(left, reason));
                    break;
                }
            }
        }
        outcome
    }

    async fn deliver_call(&self, call: &Call, tries: &mut Tries) -> Result<Done, FailureReason> {
        let start = Instant::now();
        let give_up_at = start + self.give_up_after;
        let mut earliest = start;
        loop {
            if let Err(reason) = self.brake.wait(earliest, give_up_at).await {
                return Err(self.give_up(reason, start, tries.attempts));
            }
            // Held for one attempt only, so that a call that waits to be retried lets others speak
            // about its account.
            let guard = self.novelty.lock_group(call).await;
            // The one that held it before may have been answered with a pause or a stop.
            if let Err(reason) = self.brake.wait(earliest, give_up_at).await {
                return Err(self.give_up(reason, start, tries.attempts));
            }
            let decision = self.novelty.decide(call);
            if decision == Decision::NothingNew {
                return Ok(Done::Unchanged);
            }
            let answer = self.client.post_call(call, decision).await;
            tries.attempts += 1;
            let verdict = classify(&answer);
            if verdict == Verdict::Delivered {
                // A run that ends with the process has nowhere to keep what changed.
                let _ = self.novelty.delivered(call, decision);
                self.brake.success();
                return Ok(Done::Sent);
            }
            drop(guard);
            let wait = self.backoff.wait(tries.attempts, &mut fastrand::Rng::new());
            earliest = Instant::now() + wait;
            self.heed(&answer);
            tries.last = Some(answer);
            self.stop_or_refuse(verdict)?;
        }
    }

    /// A `Retry-After` is a floor for the whole destination, whatever the status it came with.
    fn heed(&self, answer: &Answer) {
        if let Answer::Http { retry_after: Some(wait), .. } = answer {
            self.brake.hold_until(Instant::now() + *wait);
        }
    }

    fn stop_or_refuse(&self, verdict: Verdict) -> Result<(), FailureReason> {
        let reason = match verdict {
            Verdict::Delivered | Verdict::Retry => return Ok(()),
            Verdict::Dead => return Err(FailureReason::Refused),
            Verdict::DestinationRefusesKey => FailureReason::KeyRefused,
            Verdict::DestinationForbidden => FailureReason::AddressRefused,
        };
        self.brake.stop(reason);
        Err(reason)
    }

    /// When a call's time is up and no other came through in it either, the destination is down,
    /// and those that are left need not find out one by one.
    fn give_up(&self, reason: FailureReason, start: Instant, attempts: u32) -> FailureReason {
        if reason == FailureReason::GaveUp && attempts > 0 && !self.brake.succeeded_since(start) {
            self.brake.stop(FailureReason::DestinationDown);
        }
        reason
    }
}

impl Tries {
    fn failure(self, calls: Vec<Call>, reason: FailureReason) -> Failure {
        let (status, answer) = match self.last {
            Some(Answer::Http { status, excerpt, .. }) => (Some(status), excerpt),
            Some(Answer::Network { problem } | Answer::AddressRefused { problem }) => (None, problem),
            None => (None, String::new()),
        };
        Failure { calls, reason, attempts: self.attempts, status, answer }
    }
}
