//! Whose turn it is, and what an attempt came to.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::FLIGHTS_OF_EACH;
use super::super::attempt::{Attempted, End};
use super::super::gate::Turn;
use super::super::mapping::Mapped;
use super::super::work::Work;
use super::{Driver, FIRST_PAUSE, LONGEST_PAUSE, MOST_UNWRITTEN};
use crate::event::{now_ms, unix_ms};
use crate::outbound::FailureReason;
use crate::outbound::classify::Verdict;
use crate::outbound::lanes::Ticket;
use crate::queue::{Change, Fact, QueueError, Seq};

/// What a task of an event brought.
pub(super) enum Ran {
    Attempted(Ticket, Box<Attempted>),
    /// A parked event is not what it was.
    Mapped(Ticket, Seq, Option<Mapped>),
    /// A parked event could not be loaded.
    Unloaded(Ticket, Seq, QueueError),
}

impl Driver {
    /// Begins what may begin.
    pub(super) fn start_attempts(&mut self) {
        while self.can_start() {
            let is_probe = self.way.gate.closed().is_some();
            if is_probe && !self.way.gate.take_probe() {
                return;
            }
            match self.next_turn(is_probe) {
                Some((ticket, seq)) => self.begin(ticket, seq, is_probe),
                None => {
                    if is_probe {
                        self.way.gate.give_probe_back();
                    }
                    return;
                }
            }
        }
    }

    pub(super) fn can_start(&self) -> bool {
        self.may_begin() && self.running.len() < self.most_running() && self.recorder.waiting() < MOST_UNWRITTEN
    }

    /// When there are many of all tenants, the end of one of its own lets the loop look again.
    fn most_running(&self) -> usize {
        let most = self.plan.delivery.in_flight.get();
        if self.setup.are_many_flying() { most.min(FLIGHTS_OF_EACH) } else { most }
    }

    /// The event that is to be tried next: one whose time has come, one that was held, a new one.
    fn next_turn(&mut self, is_probe: bool) -> Option<(Ticket, Seq)> {
        // A destination that is probed need not wait for an event's own time.
        let due = self.timers.first_entry().filter(|first| is_probe || first.key().0 <= Instant::now());
        if let Some(first) = due {
            let (_, seq) = *first.key();
            let ticket = first.remove();
            self.metrics.retrying.set(i64::try_from(self.timers.len()).unwrap_or(i64::MAX));
            return Some((ticket, seq));
        }
        self.held.pop_front().or_else(|| self.lanes.take_ready())
    }

    fn begin(&mut self, ticket: Ticket, seq: Seq, is_probe: bool) {
        let way = Arc::clone(&self.way);
        let flight = self.setup.fly();
        if let Some(mut work) = self.works.remove(&seq) {
            if std::mem::take(&mut work.is_resumed) && !is_probe && work.due_at > now_ms() {
                self.wait_for_due(ticket, work);
                return;
            }
            self.running.push(Box::pin(async move {
                let _flight = flight;
                Ran::Attempted(ticket, Box::new(way.attempt(work, is_probe).await))
            }));
            return;
        }
        if !self.can_be_loaded(seq) {
            if is_probe {
                self.way.gate.give_probe_back();
            }
            self.set_timer(FIRST_PAUSE, seq, ticket);
            return;
        }
        let (pending, mapper) = (self.setup.queue.load(self.id, seq), self.mapper(true));
        self.running.push(Box::pin(async move {
            let _flight = flight;
            let unprobed = || {
                if is_probe {
                    way.gate.give_probe_back();
                }
            };
            let stored = match pending.await {
                Ok(Some(stored)) => stored,
                Ok(None) => {
                    unprobed();
                    return Ran::Mapped(ticket, seq, None);
                }
                Err(error) => {
                    unprobed();
                    return Ran::Unloaded(ticket, seq, error);
                }
            };
            match mapper.map_one(stored).await {
                Some(Mapped::Work(work)) if !work.calls.is_empty() => {
                    Ran::Attempted(ticket, Box::new(way.attempt(work, is_probe).await))
                }
                other => {
                    unprobed();
                    Ran::Mapped(ticket, seq, other)
                }
            }
        }));
    }

    /// An event that was tried before this start has its time still to come.
    fn wait_for_due(&mut self, ticket: Ticket, work: Work) {
        let wait = Duration::from_millis(work.due_at.saturating_sub(now_ms())).min(self.plan.delivery.retry_max());
        self.put_off(wait, ticket, work);
    }

    /// Lets an event that holds its lanes wait for its time.
    fn set_timer(&mut self, wait: Duration, seq: Seq, ticket: Ticket) {
        self.timers.insert((Instant::now() + wait, seq), ticket);
        self.metrics.retrying.set(i64::try_from(self.timers.len()).unwrap_or(i64::MAX));
    }

    fn put_off(&mut self, wait: Duration, ticket: Ticket, work: Work) {
        self.set_timer(wait, work.seq, ticket);
        if self.has_memory_for_crowded() {
            self.works.insert(work.seq, work);
        } else {
            self.parked.insert(work.seq, self.recorder.pushed());
        }
    }

    /// Whether what is on disk about a parked event is the latest.
    fn can_be_loaded(&mut self, seq: Seq) -> bool {
        let is_written = self.parked.get(&seq).is_none_or(|mark| *mark <= self.recorder.on_disk());
        if is_written {
            self.parked.remove(&seq);
        }
        is_written
    }

    pub(super) fn took_place(&mut self, ran: Ran) {
        match ran {
            Ran::Attempted(ticket, attempted) => self.attempted(ticket, *attempted),
            Ran::Mapped(ticket, _, Some(Mapped::Work(work))) => {
                self.lanes.finish(ticket);
                self.settle_delivered(&work, Vec::new());
            }
            Ran::Mapped(ticket, seq, Some(Mapped::NotRun(_))) => {
                self.set_timer(LONGEST_PAUSE, seq, ticket);
            }
            Ran::Mapped(ticket, _, Some(ended)) => {
                self.lanes.finish(ticket);
                self.settle_unsent(ended);
            }
            Ran::Mapped(ticket, seq, None) => {
                tracing::error!(
                    tenant = self.name,
                    seq,
                    "an event that is to be delivered is not in the store any more"
                );
                self.lanes.finish(ticket);
            }
            Ran::Unloaded(ticket, seq, error) => {
                tracing::warn!(tenant = self.name, seq, code = error.code(), "an event can't be read: {error}");
                self.set_timer(FIRST_PAUSE, seq, ticket);
            }
        }
    }

    fn attempted(&mut self, ticket: Ticket, attempted: Attempted) {
        let Attempted { mut work, end, facts, turn } = attempted;
        self.note_turn(turn);
        match end {
            End::Delivered => {
                self.lanes.finish(ticket);
                self.settle_delivered(&work, facts);
            }
            End::Held | End::Failed(Verdict::DestinationRefusesKey | Verdict::DestinationForbidden) => {
                self.keep_progress(&work, facts);
                self.held.push_front((ticket, work.seq));
                self.works.insert(work.seq, work);
            }
            End::Failed(Verdict::Retry | Verdict::Delivered) => {
                self.metrics.retries.inc();
                let wait = self.plan.backoff().wait(work.attempts, &mut fastrand::Rng::new());
                work.age_ms += u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                if work.age_ms >= self.plan.keep_trying_ms() {
                    self.give_up(
                        ticket,
                        &work,
                        FailureReason::GaveUp,
                        "no success within delivery.keep_trying_s",
                        facts,
                    );
                    return;
                }
                work.due_at = unix_ms(std::time::SystemTime::now() + wait);
                self.recorder.push(Some(Change::Attempted { seq: work.seq, attempt: work.attempt() }), facts);
                self.put_off(wait, ticket, work);
            }
            End::Failed(Verdict::Dead) => {
                self.give_up(ticket, &work, FailureReason::Refused, "the destination refused this call", facts);
            }
        }
    }

    fn give_up(&mut self, ticket: Ticket, work: &Work, reason: FailureReason, detail: &str, facts: Vec<Fact>) {
        self.lanes.finish(ticket);
        let detail = match &work.last {
            Some((Some(status), _)) => format!("{detail}; the last answer was {status}"),
            Some((None, problem)) => format!("{detail}; {problem}"),
            None => detail.to_owned(),
        };
        self.bury(work.seq, reason.code().to_owned(), detail, work.attempt(), facts);
    }

    /// What was delivered of an event that has to wait must not be delivered again after a crash.
    fn keep_progress(&mut self, work: &Work, facts: Vec<Fact>) {
        let change = (!work.delivered.is_empty()).then(|| Change::Attempted { seq: work.seq, attempt: work.attempt() });
        self.recorder.push(change, facts);
    }

    fn note_turn(&self, turn: Turn) {
        match turn {
            Turn::Same => {}
            Turn::Opened => {
                tracing::info!(tenant = self.name, "the destination answers again");
            }
            Turn::Closed(closed) => {
                let last = self.way.gate.last_error().unwrap_or_default();
                tracing::warn!(
                    tenant = self.name,
                    reason = closed.name(),
                    "the destination is left alone: {last:.300}"
                );
            }
        }
    }
}
