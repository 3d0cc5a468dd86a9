//! One request within a transaction, and its answer after it.

use rusqlite::Connection;

use super::accept::{clear_facts, keep_component};
use super::dead::{drop_letter, replay_letter};
use super::fault;
use super::inbox::{Op, Record, Reply, Sweep};
use super::prune::forget_dead;
use super::row::{self, natural, seq_of, tenant_of};
use super::state::{State, Stop};
use crate::queue::{QueueError, TenantId};

/// Gives the answer: that of the request, or that the transaction failed.
type Answer = Box<dyn FnOnce(Option<QueueError>) + Send>;

/// What is left to do with a request when the transaction has ended.
pub(super) enum Done {
    /// Answer it.
    Answer(Answer),
    /// Answer it, or keep it if the transaction failed.
    Record(Record),
    /// Go on with it in another transaction.
    Again(Op),
}

/// What [`State::apply`] gives.
pub(super) struct Applied {
    pub(super) done: Done,
    /// With one the transaction has failed.
    pub(super) error: Option<rusqlite::Error>,
}

impl From<Done> for Applied {
    fn from(done: Done) -> Self {
        Self { done, error: None }
    }
}

impl State {
    /// Does one request.
    pub(super) fn apply(&mut self, c: &Connection, op: Op) -> Applied {
        match op {
            Op::Tenant { name, reply } => answer(reply, self.named(c, &name)),
            Op::Accept { tenant, events, facts, reply } => answer(reply, self.accept(c, tenant, events, &facts)),
            Op::Taken { tenant, events, reply } => answer(reply, self.take_up_to(tenant, &events).map(|()| events)),
            Op::Record(record) => self.apply_record(c, record),
            Op::Activate { tenant, after, new, reply } => answer(reply, self.activate(c, tenant, after, new)),
            Op::Audit { entry, reply } => answer(reply, self.audit(c, entry)),
            Op::Component { digest, bytes, reply } => answer(reply, keep_component(c, &digest, &bytes)),
            Op::ClearFacts { tenant, space, reply } => answer(reply, clear_facts(c, tenant, space)),
            Op::Replay(mut sweep) => match self.sweep(c, &mut sweep, replay_letter) {
                Ok(false) => Done::Again(Op::Replay(sweep)).into(),
                ended => answer_sweep(sweep, ended),
            },
            Op::DropDead(mut sweep) => match self.sweep(c, &mut sweep, drop_letter) {
                Ok(false) => Done::Again(Op::DropDead(sweep)).into(),
                ended => answer_sweep(sweep, ended),
            },
            Op::Erase { events, dead, reply } => answer(reply, self.erase(c, &events, &dead)),
            Op::Fault(problem) => {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
                let error = rusqlite::Error::SqliteFailure(code, Some(problem));
                Applied { done: Done::Answer(Box::new(|_| {})), error: Some(error) }
            }
            #[cfg(test)]
            Op::Abandon => Done::Again(Op::Abandon).into(),
        }
    }

    fn apply_record(&mut self, c: &Connection, record: Record) -> Applied {
        match self.record(c, record.tenant, &record.changes, &record.facts) {
            Ok(()) => Done::Record(record).into(),
            Err(Stop::Refused(error)) => answer(record.reply, Err(Stop::Refused(error))),
            Err(Stop::Disk(error)) if fault::is_disk(&error) => {
                Applied { done: Done::Record(record), error: Some(error) }
            }
            // Tried again it would fail again, and hold up all others.
            Err(Stop::Disk(error)) => answer(record.reply, Err(Stop::Disk(error))),
        }
    }

    /// Removes events that have ended, and dead letters.
    fn erase(&mut self, c: &Connection, events: &[i64], dead: &[i64]) -> Result<u64, Stop> {
        let mut gone = 0;
        for event in events {
            gone += u64::from(self.erase_event(c, *event)?);
        }
        for number in dead {
            let mut delete = c.prepare_cached("DELETE FROM dead WHERE number=? RETURNING tenant, length(body)")?;
            let letters = delete.query_map([number], |row| Ok((TenantId(row.get(0)?), row::number(row, 1)?)))?;
            for (tenant, size) in letters.collect::<Result<Vec<_>, _>>()? {
                forget_dead(self, tenant, size);
                gone += 1;
            }
        }
        Ok(gone)
    }

    fn erase_event(&mut self, c: &Connection, key: i64) -> Result<bool, Stop> {
        let entry = self.tenant(tenant_of(key))?;
        let mut delete = c.prepare_cached("DELETE FROM event WHERE key=? RETURNING length(body)")?;
        let sizes: Vec<i64> = delete.query_map([key], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for size in &sizes {
            entry.history_events = entry.history_events.saturating_sub(1);
            entry.history_bytes = entry.history_bytes.saturating_sub(natural(*size));
        }
        let rest = if seq_of(key) <= entry.ended.low() {
            "DELETE FROM settled WHERE key=?"
        } else {
            // It must still say that the event has ended.
            "UPDATE settled SET note='' WHERE key=?"
        };
        c.prepare_cached(rest)?.execute([key])?;
        Ok(!sizes.is_empty())
    }
}

fn answer<T: Send + 'static>(reply: Reply<T>, result: Result<T, Stop>) -> Applied {
    let result = match result {
        Ok(value) => Ok(value),
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Disk(error)) => {
            let failing = fault::failing(&error);
            let answer = move |problem: Option<QueueError>| drop(reply.send(Err(problem.unwrap_or(failing))));
            return Applied { done: Done::Answer(Box::new(answer)), error: Some(error) };
        }
    };
    Done::Answer(Box::new(move |problem| drop(reply.send(problem.map_or(result, Err))))).into()
}

fn answer_sweep(sweep: Sweep, ended: Result<bool, Stop>) -> Applied {
    answer(sweep.reply, ended.map(|_| sweep.done))
}

impl Done {
    /// After a commit; gives what goes on.
    pub(super) fn committed(self) -> Option<Op> {
        match self {
            Self::Answer(answer) => answer(None),
            Self::Record(record) => drop(record.reply.send(Ok(()))),
            Self::Again(op) => return Some(op),
        }
        None
    }

    /// After a failure; gives what is kept.
    pub(super) fn failed(self, problem: &QueueError) -> Option<Record> {
        match self {
            Self::Answer(answer) => answer(Some(problem.clone())),
            Self::Record(record) => return Some(record),
            Self::Again(op) => return op.refuse(problem),
        }
        None
    }
}

impl Op {
    /// Answers that it can't be done, but for changes: they come back.
    pub(super) fn refuse(self, problem: &QueueError) -> Option<Record> {
        match self {
            Self::Tenant { reply, .. } => drop(reply.send(Err(problem.clone()))),
            Self::Accept { reply, .. } => drop(reply.send(Err(problem.clone()))),
            Self::Taken { reply, .. } => drop(reply.send(Err(problem.clone()))),
            Self::Record(record) => return Some(record),
            Self::Activate { reply, .. } => drop(reply.send(Err(problem.clone()))),
            Self::Audit { reply, .. } => drop(reply.send(Err(problem.clone()))),
            Self::Component { reply, .. } => drop(reply.send(Err(problem.clone()))),
            Self::ClearFacts { reply, .. } | Self::Erase { reply, .. } => drop(reply.send(Err(problem.clone()))),
            Self::Replay(sweep) | Self::DropDead(sweep) => drop(sweep.reply.send(Err(problem.clone()))),
            Self::Fault(_) => {}
            #[cfg(test)]
            Self::Abandon => {}
        }
        None
    }
}

/// The event keys that a tenant can have.
pub(super) fn keys_of(tenant: TenantId) -> (i64, i64) {
    (row::key(tenant, 0), row::key(tenant, row::LAST_SEQ))
}
