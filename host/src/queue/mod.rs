//! Durable state: what was accepted and has not ended, what became of it, and what is remembered.
//!
//! [`Queue`] is the seam: what the service needs of an engine. [`SqliteQueue`] is the embedded one.

mod error;
mod rollout;
mod sqlite;
mod types;

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::{Notify, oneshot, watch};

pub use error::{Health, QueueError};
pub use rollout::{
    Activation, AuditCheck, AuditEntry, AuditFilter, AuditRecord, Canary, Fallback, KnownVersion, NewActivation, WHOLE,
};
pub use sqlite::{Report, SqliteQueue};
pub use types::{
    Accepted, Attempt, Change, DeadFilter, DeadLetter, DedupKey, Ending, Fact, KnownFact, NewEvent, Replay, Seq,
    SettledNote, Space, StoreStats, Stored, Story, TenantId, TenantStats, UnixMs,
};

/// An answer of the queue that is on its way; dropping it does not undo what was asked.
#[derive(Debug)]
pub struct Pending<T>(oneshot::Receiver<Result<T, QueueError>>);

impl<T> Pending<T> {
    /// A pending answer and the way to give it.
    pub fn new() -> (oneshot::Sender<Result<T, QueueError>>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }

    /// Waits on a thread that runs no futures.
    ///
    /// # Errors
    /// That of the answer.
    pub fn wait(self) -> Result<T, QueueError> {
        self.0.blocking_recv().unwrap_or(Err(QueueError::Closed))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, QueueError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A sender that is dropped without a word means that the writer is gone.
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(QueueError::Closed)))
    }
}

/// How much one take may bring.
#[derive(Debug, Clone, Copy)]
pub struct TakeLimits {
    /// Events.
    pub events: usize,
    /// Bytes of their bodies; the first event comes whatever its size.
    pub bytes: usize,
}

/// What the service needs of a durable queue.
///
/// Every answer that says that something was done comes after it is on disk.
pub trait Queue: Send + Sync + 'static {
    /// The tenant of a name, made when there is none.
    fn tenant(&self, name: &str) -> Pending<TenantId>;

    /// Takes events in, in this order, with facts that are to be remembered with them. All or
    /// nothing, duplicates aside.
    fn accept(&self, tenant: TenantId, events: Vec<NewEvent>, facts: Vec<Fact>) -> Pending<Accepted>;

    /// Woken (`notify_one`) when the tenant has accepted events.
    fn arrivals(&self, tenant: TenantId) -> Arc<Notify>;

    /// The next events after `after` in order, and durably moves the take position on to the last
    /// of them. Asked again with the same `after` it gives the same events again. At most those
    /// before `before`, if that is given.
    fn take(&self, tenant: TenantId, after: Seq, limits: TakeLimits) -> Pending<Vec<Stored>>;

    /// Events at or before the take position that have not ended, after `after`, in order: what a
    /// start has to go on with.
    fn unsettled(&self, tenant: TenantId, after: Seq, limits: TakeLimits) -> Pending<Vec<Stored>>;

    /// One event that has not ended, with its attempt.
    fn load(&self, tenant: TenantId, seq: Seq) -> Pending<Option<Stored>>;

    /// Writes what happened to events, and facts with it, in one transaction. While the disk fails
    /// the changes are kept, and applied when it has recovered; the answer comes then.
    fn record(&self, tenant: TenantId, changes: Vec<Change>, facts: Vec<Fact>) -> Pending<()>;

    /// Puts versions in force for all events after `after`, or else after the take position, and
    /// writes that down in the audit log, in one transaction. When that is what is in force already
    /// (the same version, canary and share), nothing changes and nothing is written down.
    ///
    /// It never begins before what is in force now does: then it begins at the same event. Into the
    /// audit line's detail, if that is a JSON object, go `version`, `canary_version`, `from`, and
    /// `before`, the version that was in force.
    fn activate(&self, tenant: TenantId, after: Option<Seq>, new: NewActivation) -> Pending<Activation>;

    /// All that was put in force for a tenant, oldest first.
    fn activations(&self, tenant: TenantId) -> Pending<Vec<Activation>>;

    /// Of these, those that are in force for any event from `first` on, oldest first: no two begin at
    /// the same event.
    fn activations_from(&self, tenant: TenantId, first: Seq) -> Pending<Vec<Activation>>;

    /// All versions of a tenant, oldest first.
    fn versions(&self, tenant: TenantId) -> Pending<Vec<KnownVersion>>;

    /// Adds a line to the audit log.
    fn audit(&self, entry: AuditEntry) -> Pending<AuditRecord>;

    /// Lines of the audit log, newest first.
    fn audit_log(&self, filter: AuditFilter) -> Pending<Vec<AuditRecord>>;

    /// Looks through the whole audit log for lines that were changed.
    fn audit_check(&self) -> Pending<AuditCheck>;

    /// Events of a tenant in whatever state, as long as queue and history keep them: those after
    /// `after` that were accepted at `since` or later, in order. A replayed one has the time of its
    /// first life. Where the clock was set back, some from before the step may be missing.
    fn recent(&self, tenant: TenantId, after: Seq, since: UnixMs, limits: TakeLimits) -> Pending<Vec<Stored>>;

    /// Keeps a component by its digest.
    fn keep_component(&self, digest: String, bytes: Vec<u8>) -> Pending<()>;

    /// A component that was kept.
    fn component(&self, digest: &str) -> Pending<Option<Vec<u8>>>;

    /// All facts of a space, with the time of their last change.
    fn facts(&self, tenant: TenantId, space: Space) -> Pending<Vec<KnownFact>>;

    /// Forgets all facts of a space.
    fn clear_facts(&self, tenant: TenantId, space: Space) -> Pending<u64>;

    /// Dead letters, oldest first.
    fn dead_letters(&self, filter: DeadFilter) -> Pending<Vec<DeadLetter>>;

    /// Puts dead letters at the end of the queue again, each as an event with [`Stored::replay`],
    /// and removes them. Gives how many.
    fn replay(&self, filter: DeadFilter) -> Pending<u64>;

    /// Removes dead letters. Gives how many.
    fn drop_dead_letters(&self, filter: DeadFilter) -> Pending<u64>;

    /// The newest event of an id: queued, in the history, or a dead letter.
    fn find(&self, tenant: TenantId, event_id: &str) -> Pending<Option<Story>>;

    /// Removes those events from history and dead letters of which `is_meant` says so. Gives how
    /// many.
    fn erase(&self, tenant: TenantId, is_meant: Box<dyn FnMut(&Stored) -> bool + Send>) -> Pending<u64>;

    /// Writes a copy of the whole store, as of one moment, to a file that does not exist yet.
    fn backup(&self, file: &Path) -> Pending<()>;

    /// The state of every tenant's queue.
    fn tenant_stats(&self) -> Pending<BTreeMap<TenantId, TenantStats>>;

    /// The state of the store.
    fn store_stats(&self) -> Pending<StoreStats>;

    /// Whether the store can be written.
    fn health(&self) -> watch::Receiver<Health>;

    /// Writes what is waiting and closes the store. Blocks.
    fn close(&self);
}
