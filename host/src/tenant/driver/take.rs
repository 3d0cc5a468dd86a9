//! Taking events from the queue and having them mapped.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::Shared;
use super::super::attempt::Way;
use super::super::mapping::{Job, Mapped, Outcomes};
use super::{Driver, FIRST_PAUSE, MOST_UNWRITTEN, Setup};
use crate::event::now_ms;
use crate::queue::{QueueError, Seq, Stored, TakeLimits};
use crate::sandbox::Fault;
use crate::versions::{Judge, Timeline, invariants};

/// The least and the most events that are taken at once. More are taken when those before were gone
/// by the time the next ones came: a take costs a commit, however many it brings.
pub(super) const LEAST_TAKEN: usize = 256;
const MOST_TAKEN: usize = 2048;

/// The most events that are taken and have not ended. Most of them are known by number only; they
/// are many only when lanes are blocked.
const MOST_HELD: usize = 200_000;

/// How long the log is silent about a selector that goes on failing.
const TELL_FALLBACKS_AGAIN: Duration = Duration::from_secs(60);

/// A take that is under way.
pub(super) type Taking = Pin<Box<dyn Future<Output = Taken> + Send>>;

/// What a take brought.
pub(super) enum Taken {
    /// Events up to `last`, mapped.
    Mapped { outcomes: Outcomes, last: Seq },
    /// There was nothing left to recover up to `last`.
    Recovered { last: Seq },
    /// There are no more events.
    Nothing,
    /// It did not work.
    Failed(QueueError),
    /// The host's own mapping code panicked.
    Panicked,
}

impl Driver {
    pub(super) fn start_taking(&mut self) {
        let is_due = !self.idle && self.taking.is_none() && self.pause_until <= Instant::now();
        // Once for what is held now: what can't be thinned any more stays as it is until there is more.
        if self.lanes.ready() == 0 && !self.has_memory() && self.thinned_at != self.taken {
            self.thinned_at = self.taken;
            self.thin_crowded_lanes();
        }
        let has_room = self.lanes.ready() < self.take_size
            && self.has_memory()
            && self.lanes.len() < MOST_HELD
            && self.recorder.waiting() < MOST_UNWRITTEN;
        // What can't be delivered now may as well stay in the queue, where a new version still reaches it; but a
        // gate that is to be probed needs something to probe with.
        let is_wanted = self.lanes.is_empty() || self.way.gate.closed().is_none();
        if is_due && has_room && is_wanted && self.may_begin() && !self.is_switching() {
            self.taking = Some(self.take_next());
        }
    }

    fn has_memory(&self) -> bool {
        self.works.len() < self.plan.delivery.window.get()
    }

    fn take_next(&self) -> Taking {
        let limits = self.setup.library.limits();
        let bytes = limits.batch_bytes.saturating_mul(self.take_size / LEAST_TAKEN);
        let limits = TakeLimits { events: self.take_size, bytes };
        let recovers = self.taken < self.recover_to;
        let pending = if recovers {
            self.setup.queue.unsettled(self.id, self.taken, limits)
        } else {
            self.setup.queue.take(self.id, self.taken, limits)
        };
        let (mapper, recover_to, after) = (self.mapper(recovers), self.recover_to, self.taken);
        Box::pin(async move {
            match pending.await {
                Err(error) => Taken::Failed(error),
                Ok(events) => {
                    debug_assert!(
                        invariants::go_on_after(after, events.iter().map(|event| event.seq)),
                        "events are taken in order"
                    );
                    match events.last().map(|event| event.seq) {
                        None if recovers => Taken::Recovered { last: recover_to },
                        None => Taken::Nothing,
                        Some(last) => mapper.map(events, last).await,
                    }
                }
            }
        })
    }

    /// Maps events; those that may have been mapped before are not judged by.
    pub(super) fn mapper(&self, is_again: bool) -> Mapper {
        Mapper {
            setup: Arc::clone(&self.setup),
            shared: Arc::clone(&self.shared),
            timeline: self.timeline.clone(),
            judge: self.judge.clone(),
            is_again,
            way: Arc::clone(&self.way),
        }
    }

    pub(super) fn take_in(&mut self, taken: Taken) {
        match taken {
            Taken::Nothing => {
                self.idle = true;
                if self.lanes.is_empty() {
                    self.timeline.forget_before(self.taken + 1);
                }
            }
            Taken::Failed(error) => {
                tracing::warn!(tenant = self.name, code = error.code(), "events can't be taken: {error}");
                self.rest_a_while();
            }
            Taken::Panicked => {
                tracing::error!(tenant = self.name, "mapping failed inside the host; it is tried again");
                self.rest_a_while();
            }
            Taken::Recovered { last } => self.taken = self.taken.max(last),
            Taken::Mapped { outcomes, last } => {
                self.taken = self.taken.max(last);
                self.judge = outcomes.judge;
                // Of one that is condemned nobody shall read that it has passed.
                if outcomes.verdict.is_none() {
                    self.shared.note_judged(self.judge.seen());
                }
                self.condemned = outcomes.verdict;
                self.note_fallbacks(&outcomes.fallbacks);
                self.adapt(outcomes.mapped.len());
                self.push_all(outcomes.mapped);
            }
        }
    }

    /// Counts what the mapping's own rule stepped in for. The log says so now and then: it may be every event.
    fn note_fallbacks(&mut self, faults: &[Fault]) {
        faults.iter().for_each(|fault| self.metrics.count_fallback(fault.kind.name()));
        let Some(first) = faults.first() else { return };
        if self.fallbacks_told.is_none_or(|told| told.elapsed() >= TELL_FALLBACKS_AGAIN) {
            self.fallbacks_told = Some(Instant::now());
            tracing::warn!(
                tenant = self.name,
                code = first.code(),
                events = faults.len(),
                "the mapping's own rule chose the account instead of the group selector: {first}"
            );
        }
    }

    fn adapt(&mut self, brought: usize) {
        let was_full = brought >= self.take_size;
        if was_full && self.lanes.ready() == 0 {
            self.take_size = (self.take_size * 2).min(MOST_TAKEN);
        } else if !was_full || self.lanes.ready() > self.take_size / 2 {
            self.take_size = (self.take_size / 2).max(LEAST_TAKEN);
        }
    }

    /// Takes up mapped events in order. From the first that was not run on they are taken again: at
    /// once when its version is taken back, else after a pause, for a mapping that costs so much time
    /// must cost neither all events nor all time.
    fn push_all(&mut self, mapped: Vec<Mapped>) {
        for one in mapped {
            if let Mapped::NotRun(stored) = one {
                self.taken = stored.seq - 1;
                // Where another version takes over, each round comes further; alone it would only cost time.
                let is_helped = self.timeline.at(stored.seq).is_some_and(|in_force| in_force.trial(0).is_some());
                if self.condemned.is_none() && !is_helped {
                    tracing::error!(
                        tenant = self.name,
                        seq = stored.seq,
                        pause_ms = u64::try_from(self.pause.as_millis()).unwrap_or(u64::MAX),
                        "the mapping's faults use up its time; the tenant's events wait"
                    );
                    self.rest_a_while();
                }
                return;
            }
            self.push(one);
        }
        self.pause = FIRST_PAUSE;
    }
}

/// Waits for the future in the place, if there is one.
pub(super) async fn next(taking: &mut Option<Taking>) -> Option<Taken> {
    match taking {
        Some(taking) => Some(taking.await),
        None => std::future::pending().await,
    }
}

/// What a mapping job needs.
pub(super) struct Mapper {
    setup: Arc<Setup>,
    shared: Arc<Shared>,
    timeline: Timeline,
    judge: Judge,
    is_again: bool,
    way: Arc<Way>,
}

impl Mapper {
    async fn map(self, events: Vec<Stored>, last: Seq) -> Taken {
        let seconds = self.way.metrics.mapping_seconds.clone();
        let (setup, job) = self.job();
        let outcomes = setup.pool.run(move || {
            let start = std::time::Instant::now();
            let outcomes = job.map(events);
            seconds.observe(start.elapsed().as_secs_f64());
            outcomes
        });
        outcomes.await.map_or(Taken::Panicked, |outcomes| Taken::Mapped { outcomes, last })
    }

    pub(super) async fn map_one(self, stored: Stored) -> Option<Mapped> {
        let (setup, job) = self.job();
        setup.pool.run(move || job.map(vec![stored])).await?.mapped.pop()
    }

    fn job(self) -> (Arc<Setup>, Job) {
        let job = Job {
            tenant: Arc::clone(&self.way.tenant),
            timeline: self.timeline,
            dialect: self.way.client.destination().dialect.clone(),
            judge: self.judge,
            is_again: self.is_again,
            now: now_ms(),
            shadow: if self.is_again { None } else { self.shared.shadow.load_full() },
            runs: Arc::clone(&self.setup.runs),
        };
        (self.setup, job)
    }
}
