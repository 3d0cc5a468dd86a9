//! What waits for the writer.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::queue::{
    Accepted, Activation, Change, DeadFilter, Fact, NewEvent, QueueError, Seq, Space, Stored, TenantId,
};

/// Bytes of events that may wait.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of events that are committed together.
const COMMIT_BYTES: usize = 8 * 1024 * 1024;
/// Requests that are committed together.
const COMMIT_OPS: usize = 4096;

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
        pin: String,
        reason: String,
        reply: Reply<Activation>,
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
    fn size(&self) -> Size {
        match self {
            Self::Accept { events, .. } => {
                Size { events: events.len(), bytes: events.iter().map(|event| event.body.len() + 64).sum() }
            }
            _ => Size::default(),
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
    ops: VecDeque<(Op, Size)>,
    accepts: Size,
    closed: bool,
}

impl Waiting {
    fn admit(&mut self, op: Op, commit_events: usize) -> Result<(), Box<(Op, QueueError)>> {
        if self.closed {
            return Err(Box::new((op, QueueError::Closed)));
        }
        let size = op.size();
        let (events, bytes) = (self.accepts.events + size.events, self.accepts.bytes + size.bytes);
        let is_over = events > commit_events.saturating_mul(8) || bytes > MOST_BYTES;
        if size.events > 0 && self.accepts.events > 0 && is_over {
            return Err(Box::new((op, QueueError::Busy)));
        }
        self.accepts = Size { events, bytes };
        self.ops.push_back((op, size));
        Ok(())
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

    /// Puts a request that goes on at the front.
    pub(super) fn push_front(&self, op: Op) {
        self.lock().ops.push_front((op, Size::default()));
    }

    /// No more requests are taken in.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// What is waiting, as much as is committed together; waits for the first.
    pub(super) fn take(&self, patience: Duration) -> Group {
        let waiting = self.lock();
        let none = |waiting: &mut Waiting| waiting.ops.is_empty() && !waiting.closed;
        let (mut waiting, _) =
            self.arrived.wait_timeout_while(waiting, patience, none).unwrap_or_else(PoisonError::into_inner);
        let (mut ops, mut taken) = (Vec::new(), Size::default());
        while let Some((_, size)) = waiting.ops.front() {
            let (events, bytes) = (taken.events + size.events, taken.bytes + size.bytes);
            let is_over = events > self.commit_events || bytes > COMMIT_BYTES;
            if ops.len() >= COMMIT_OPS || (size.events > 0 && taken.events > 0 && is_over) {
                break;
            }
            taken = Size { events, bytes };
            ops.extend(waiting.ops.pop_front().map(|(op, _)| op));
        }
        waiting.accepts.events = waiting.accepts.events.saturating_sub(taken.events);
        waiting.accepts.bytes = waiting.accepts.bytes.saturating_sub(taken.bytes);
        let closed = waiting.closed && waiting.ops.is_empty();
        Group { ops, closed }
    }
}
