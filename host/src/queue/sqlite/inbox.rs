//! What waits for the writer.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::queue::{
    Accepted, Activation, AuditEntry, AuditRecord, Change, DeadFilter, Fact, NewActivation, NewEvent, QueueError, Seq,
    Space, Stored, TenantId,
};

/// How long records wait for others to be committed with, when nothing else is waiting, and how many
/// changes are enough for a commit.
const LINGER: Duration = Duration::from_millis(4);
const ENOUGH_CHANGES: usize = 256;

/// Bytes of events that may wait.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of events that are committed together.
const COMMIT_BYTES: usize = 8 * 1024 * 1024;
/// Requests with events that may wait.
const MOST_ACCEPTS: usize = 16_384;
/// Other requests, and changes in them, that are committed together.
const COMMIT_CHANGES: usize = 8192;

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, QueueError>>;

/// Something that is to be written.
pub(super) enum Op {
    Tenant {
        name: String,
        reply: Reply<TenantId>,
    },
    Accept {
        tenant: TenantId,
        events: Vec<NewEvent>,
        facts: Vec<Fact>,
        reply: Reply<Accepted>,
    },
    Taken {
        tenant: TenantId,
        events: Vec<Stored>,
        reply: Reply<Vec<Stored>>,
    },
    Record(Record),
    Activate {
        tenant: TenantId,
        after: Option<Seq>,
        new: NewActivation,
        reply: Reply<Activation>,
    },
    Audit {
        entry: AuditEntry,
        reply: Reply<AuditRecord>,
    },
    Component {
        digest: String,
        bytes: Vec<u8>,
        reply: Reply<()>,
    },
    ClearFacts {
        tenant: TenantId,
        space: Space,
        reply: Reply<u64>,
    },
    Replay(Sweep),
    DropDead(Sweep),
    Erase {
        events: Vec<i64>,
        dead: Vec<i64>,
        reply: Reply<u64>,
    },
    /// Another thread found that the disk fails.
    Fault(String),
    /// Ends as a killed process does; for tests.
    #[cfg(test)]
    Abandon,
}

/// Changes that are kept while the disk fails.
pub(super) struct Record {
    pub(super) tenant: TenantId,
    pub(super) changes: Vec<Change>,
    pub(super) facts: Vec<Fact>,
    pub(super) reply: Reply<()>,
}

/// Work on dead letters that is done in slices.
pub(super) struct Sweep {
    pub(super) filter: DeadFilter,
    /// The letters that are meant have numbers after this one,
    pub(super) after: i64,
    /// and up to this one: what dies meanwhile is not meant.
    pub(super) last: Option<i64>,
    pub(super) done: u64,
    pub(super) reply: Reply<u64>,
}

impl Op {
    /// The size of events that are to be accepted; `None` for everything else.
    fn size(&self) -> Option<Size> {
        match self {
            Self::Accept { events, .. } => {
                let bytes = events.iter().map(|event| event.body.len() + 64).sum();
                Some(Size { events: events.len(), bytes })
            }
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Size {
    events: usize,
    bytes: usize,
}

#[derive(Default)]
struct Waiting {
    /// Events that are to be accepted,
    accepts: VecDeque<(Op, Size)>,
    waiting: Size,
    /// and everything else, which does not wait behind them: under load what is queued must still
    /// be delivered.
    others: VecDeque<Op>,
    /// How many of those are records, and how many changes these bring.
    records: usize,
    changes: usize,
    closed: bool,
}

impl Waiting {
    fn admit(&mut self, op: Op, commit_events: usize) -> Result<(), Box<(Op, QueueError)>> {
        if self.closed {
            return Err(Box::new((op, QueueError::Closed)));
        }
        let Some(size) = op.size() else {
            self.note(&op);
            self.others.push_back(op);
            return Ok(());
        };
        let (events, bytes) = (self.waiting.events + size.events, self.waiting.bytes + size.bytes);
        let is_over = events > commit_events.saturating_mul(8) || bytes > MOST_BYTES;
        let is_over = is_over || self.accepts.len() >= MOST_ACCEPTS;
        if is_over && !self.accepts.is_empty() {
            return Err(Box::new((op, QueueError::Busy)));
        }
        self.waiting = Size { events, bytes };
        self.accepts.push_back((op, size));
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.accepts.is_empty() && self.others.is_empty()
    }

    fn note(&mut self, op: &Op) {
        if let Op::Record(record) = op {
            self.records += 1;
            self.changes += record.changes.len();
        }
    }

    /// Whether all that waits is a few records. Nobody waits for these, and the more of them share a
    /// commit the better.
    fn can_wait(&self) -> bool {
        self.accepts.is_empty()
            && self.records > 0
            && self.records == self.others.len()
            && self.changes < ENOUGH_CHANGES
            && !self.closed
    }

    /// What else is committed together.
    fn take_others(&mut self, ops: &mut Vec<Op>) {
        let mut changes = 0;
        while changes < COMMIT_CHANGES
            && let Some(op) = self.others.pop_front()
        {
            if let Op::Record(record) = &op {
                changes += record.changes.len();
                self.records -= 1;
                self.changes -= record.changes.len();
            }
            changes += 1;
            ops.push(op);
        }
    }

    /// Accepts that are committed together.
    fn take_accepts(&mut self, commit_events: usize, ops: &mut Vec<Op>) {
        let mut taken = Size::default();
        while let Some((_, size)) = self.accepts.front() {
            let (events, bytes) = (taken.events + size.events, taken.bytes + size.bytes);
            if taken.events > 0 && (events > commit_events || bytes > COMMIT_BYTES) {
                break;
            }
            taken = Size { events, bytes };
            ops.extend(self.accepts.pop_front().map(|(op, _)| op));
        }
        self.waiting.events = self.waiting.events.saturating_sub(taken.events);
        self.waiting.bytes = self.waiting.bytes.saturating_sub(taken.bytes);
    }
}

/// The writer's queue of requests. Accepts are bounded here, all else by those who ask.
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    commit_events: usize,
}

/// What the writer got.
pub(super) struct Group {
    pub(super) ops: Vec<Op>,
    /// Nothing more will come.
    pub(super) closed: bool,
}

impl Inbox {
    pub(super) fn new(commit_events: usize) -> Self {
        Self { waiting: Mutex::default(), arrived: Condvar::new(), commit_events: commit_events.max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request at the end, or answers at once why it can't be taken in.
    pub(super) fn push(&self, op: Op) {
        let admitted = self.lock().admit(op, self.commit_events);
        if let Err(refused) = admitted {
            let (op, error) = *refused;
            // Changes are refused by a closed inbox only, and dropping them says that.
            drop(op.refuse(&error));
        }
        self.arrived.notify_one();
    }

    /// Puts a request that goes on before the others.
    pub(super) fn push_front(&self, op: Op) {
        let mut waiting = self.lock();
        waiting.note(&op);
        waiting.others.push_front(op);
    }

    /// No more requests are taken in.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// What is waiting, as much as is committed together; waits for the first.
    pub(super) fn take(&self, patience: Duration) -> Group {
        let waiting = self.lock();
        let none = |waiting: &mut Waiting| waiting.is_empty() && !waiting.closed;
        let (mut waiting, _) =
            self.arrived.wait_timeout_while(waiting, patience, none).unwrap_or_else(PoisonError::into_inner);
        if waiting.can_wait() {
            let more = |waiting: &mut Waiting| waiting.can_wait();
            (waiting, _) =
                self.arrived.wait_timeout_while(waiting, LINGER, more).unwrap_or_else(PoisonError::into_inner);
        }
        let mut ops = Vec::new();
        waiting.take_others(&mut ops);
        waiting.take_accepts(self.commit_events, &mut ops);
        let closed = waiting.closed && waiting.is_empty();
        Group { ops, closed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{Change, Ending, Pending};

    fn accept(inbox: &Inbox, events: usize) -> Pending<Accepted> {
        let (reply, pending) = Pending::new();
        let events = vec![NewEvent { id: None, key: None, body: "{}".into() }; events];
        inbox.push(Op::Accept { tenant: TenantId(1), events, facts: Vec::new(), reply });
        pending
    }

    fn record(inbox: &Inbox) -> Pending<()> {
        let (reply, pending) = Pending::new();
        let change = Change::Settled { seq: 1, version: 1, ending: Ending::Skipped, note: String::new() };
        inbox.push(Op::Record(Record { tenant: TenantId(1), changes: vec![change; 100], facts: Vec::new(), reply }));
        pending
    }

    #[test]
    fn accepts_are_bounded_and_nothing_waits_behind_them() {
        let inbox = Inbox::new(10);
        let first = accept(&inbox, 200);
        assert_eq!(accept(&inbox, 1).wait(), Err(QueueError::Busy), "the first may be of any size");
        let late = record(&inbox);
        let group = inbox.take(Duration::ZERO);
        assert!(matches!(group.ops.as_slice(), [Op::Record(_), Op::Accept { .. }]));
        let _waiting: Vec<_> = (0..16).map(|_| accept(&inbox, 5)).collect();
        assert_eq!(accept(&inbox, 1).wait(), Err(QueueError::Busy));
        assert_eq!(inbox.take(Duration::ZERO).ops.len(), 2, "events that are committed together");
        let _records: Vec<_> = (0..200).map(|_| record(&inbox)).collect();
        assert_eq!(inbox.take(Duration::ZERO).ops.len(), 82 + 2, "changes that are committed together");
        inbox.close();
        assert_eq!(accept(&inbox, 1).wait(), Err(QueueError::Closed));
        drop((group, first, late));
    }
}
