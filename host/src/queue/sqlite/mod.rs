//! The embedded queue: SQLite in one folder, written by one thread.
//!
//! Requests go to the writer's inbox; it takes what is waiting, commits it in one transaction, syncs,
//! and answers. Reads have threads of their own. A disk that fails is outlived: see `writer`.

mod accept;
mod apply;
mod audit;
mod checkpoint;
mod dead;
mod dedup;
mod fault;
mod folder;
mod inbox;
mod log;
mod migrate;
mod offline;
mod open;
mod prune;
mod ranges;
mod read;
mod reader;
mod recent;
mod room;
mod row;
mod schema;
mod settle;
mod shared;
mod state;
mod story;
mod versions;
mod writer;

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod dead_tests;
#[cfg(test)]
mod dedup_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod flow_tests;
#[cfg(test)]
mod migrate_tests;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod open_tests;
#[cfg(test)]
mod recent_tests;
#[cfg(test)]
mod support;
#[cfg(test)]
mod versions_tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::InterruptHandle;
use tokio::sync::{Notify, oneshot, watch};

use self::folder::open_error;
use self::inbox::{Op, Record, Sweep};
use self::reader::Lane;
use self::shared::{Clock, Shared, system_clock};
use super::{
    Accepted, Activation, AuditCheck, AuditEntry, AuditFilter, AuditRecord, Change, DeadFilter, DeadLetter, Fact,
    Health, KnownFact, KnownVersion, NewActivation, NewEvent, Pending, Queue, QueueError, Seq, Space, StoreStats,
    Stored, Story, TakeLimits, TenantId, TenantStats, UnixMs,
};
use crate::config::QueueConfig;

pub use offline::Report;

/// A durable queue in a folder. All of it is in the file `queue.db`, which SQLite reads, and its log.
pub struct SqliteQueue {
    shared: Arc<Shared>,
    quick: Lane,
    long: Lane,
    backups: Lane,
    threads: Mutex<Vec<JoinHandle<()>>>,
    backup: Arc<Mutex<Option<InterruptHandle>>>,
}

impl std::fmt::Debug for SqliteQueue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SqliteQueue").field("folder", &self.shared.folder).finish_non_exhaustive()
    }
}

impl SqliteQueue {
    /// Opens the store of a folder; makes both when they are missing.
    ///
    /// With `accept_damage` a log that is damaged or missing is read as far as it goes, with an
    /// error in the log, instead of being refused. A log that was cut exactly at the end of a
    /// transaction can't be recognised.
    ///
    /// # Errors
    /// [`QueueError::Locked`], [`QueueError::TooNew`], [`QueueError::Foreign`],
    /// [`QueueError::Damaged`] or [`QueueError::Open`]. A disk that is full or fails for now is no
    /// error: the queue then starts with [`Health::Failing`].
    pub fn open(data_dir: &Path, config: &QueueConfig, accept_damage: bool) -> Result<Self, QueueError> {
        Self::open_at(data_dir, config, accept_damage, system_clock())
    }

    fn open_at(data_dir: &Path, config: &QueueConfig, accept_damage: bool, clock: Clock) -> Result<Self, QueueError> {
        let (shared, writer) = open::open(data_dir, config, accept_damage, clock)?;
        let at_once = |error| open_error(data_dir, error);
        let lane = |name| Lane::start(name, Arc::clone(&shared)).map_err(at_once);
        let (quick, long, backups) = (lane("queue-reader")?, lane("queue-search")?, lane("queue-backup")?);
        let checkpoints = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name("queue-checkpoint".into()).spawn(move || serve_checkpoints(&shared))
        };
        let threads = Mutex::new(vec![checkpoints.map_err(at_once)?, writer]);
        Ok(Self { shared, quick, long, backups, threads, backup: Arc::default() })
    }

    /// Hands a request to the writer.
    fn write<T>(&self, op: impl FnOnce(oneshot::Sender<Result<T, QueueError>>) -> Op) -> Pending<T> {
        let (reply, pending) = Pending::new();
        self.shared.inbox.push(op(reply));
        pending
    }

    /// The error of a disk that fails now.
    fn failing(&self) -> Option<QueueError> {
        match &*self.shared.health.borrow() {
            Health::Good | Health::Full { .. } => None,
            Health::Failing { problem, .. } => Some(QueueError::Failing { problem: problem.clone() }),
        }
    }

    fn sweep(filter: DeadFilter, reply: oneshot::Sender<Result<u64, QueueError>>) -> Sweep {
        Sweep { filter, after: 0, last: None, done: 0, reply }
    }

    #[cfg(test)]
    fn abandon(self) {
        self.shared.inbox.push(Op::Abandon);
        self.close();
    }
}

fn serve_checkpoints(shared: &Shared) {
    let database = shared.folder.database();
    shared.checkpointer.serve(&database, |error| shared.inbox.push(Op::Fault(fault::describe(error))));
}

fn refused<T>(error: QueueError) -> Pending<T> {
    let (reply, pending) = Pending::new();
    drop(reply.send(Err(error)));
    pending
}

impl Queue for SqliteQueue {
    fn tenant(&self, name: &str) -> Pending<TenantId> {
        let name = name.to_owned();
        self.write(|reply| Op::Tenant { name, reply })
    }

    fn accept(&self, tenant: TenantId, events: Vec<NewEvent>, facts: Vec<Fact>) -> Pending<Accepted> {
        match self.failing() {
            Some(error) => refused(error),
            None => self.write(|reply| Op::Accept { tenant, events, facts, reply }),
        }
    }

    fn arrivals(&self, tenant: TenantId) -> Arc<Notify> {
        self.shared.arrivals(tenant)
    }

    fn take(&self, tenant: TenantId, after: Seq, limits: TakeLimits) -> Pending<Vec<Stored>> {
        if let Some(error) = self.failing() {
            return refused(error);
        }
        let (reply, pending) = Pending::new();
        self.quick.run(move |reader| match reader.next(tenant, after, limits) {
            Ok(events) if !events.is_empty() => reader.shared.inbox.push(Op::Taken { tenant, events, reply }),
            nothing => drop(reply.send(nothing)),
        });
        pending
    }

    fn unsettled(&self, tenant: TenantId, after: Seq, limits: TakeLimits) -> Pending<Vec<Stored>> {
        self.long.ask(move |reader| reader.unsettled(tenant, after, limits))
    }

    fn load(&self, tenant: TenantId, seq: Seq) -> Pending<Option<Stored>> {
        self.quick.ask(move |reader| reader.load(tenant, seq))
    }

    fn record(&self, tenant: TenantId, changes: Vec<Change>, facts: Vec<Fact>) -> Pending<()> {
        self.write(|reply| Op::Record(Record { tenant, changes, facts, reply }))
    }

    fn activate(&self, tenant: TenantId, after: Option<Seq>, new: NewActivation) -> Pending<Activation> {
        self.write(|reply| Op::Activate { tenant, after, new, reply })
    }

    fn activations(&self, tenant: TenantId) -> Pending<Vec<Activation>> {
        self.long.ask(move |reader| reader.read(|c| versions::activations(c, tenant)))
    }

    fn activations_from(&self, tenant: TenantId, first: Seq) -> Pending<Vec<Activation>> {
        self.quick.ask(move |reader| reader.read(|c| versions::activations_from(c, tenant, first)))
    }

    fn versions(&self, tenant: TenantId) -> Pending<Vec<KnownVersion>> {
        self.long.ask(move |reader| reader.read(|c| versions::versions(c, tenant)))
    }

    fn audit(&self, entry: AuditEntry) -> Pending<AuditRecord> {
        self.write(|reply| Op::Audit { entry, reply })
    }

    fn audit_log(&self, filter: AuditFilter) -> Pending<Vec<AuditRecord>> {
        self.long.ask(move |reader| reader.audit_log(&filter))
    }

    fn audit_check(&self) -> Pending<AuditCheck> {
        self.long.ask(reader::Reader::audit_check)
    }

    fn recent(&self, tenant: TenantId, after: Seq, since: UnixMs, limits: TakeLimits) -> Pending<Vec<Stored>> {
        self.long.ask(move |reader| reader.recent(tenant, after, since, limits))
    }

    fn keep_component(&self, digest: String, bytes: Vec<u8>) -> Pending<()> {
        self.write(|reply| Op::Component { digest, bytes, reply })
    }

    fn component(&self, digest: &str) -> Pending<Option<Vec<u8>>> {
        let digest = digest.to_owned();
        self.quick.ask(move |reader| reader.read(|c| read::component(c, &digest)))
    }

    fn facts(&self, tenant: TenantId, space: Space) -> Pending<Vec<KnownFact>> {
        self.long.ask(move |reader| reader.read(|c| read::facts(c, tenant, space)))
    }

    fn clear_facts(&self, tenant: TenantId, space: Space) -> Pending<u64> {
        self.write(|reply| Op::ClearFacts { tenant, space, reply })
    }

    fn dead_letters(&self, filter: DeadFilter) -> Pending<Vec<DeadLetter>> {
        self.long.ask(move |reader| reader.dead_letters(&filter))
    }

    fn replay(&self, filter: DeadFilter) -> Pending<u64> {
        self.write(|reply| Op::Replay(Self::sweep(filter, reply)))
    }

    fn drop_dead_letters(&self, filter: DeadFilter) -> Pending<u64> {
        self.write(|reply| Op::DropDead(Self::sweep(filter, reply)))
    }

    fn find(&self, tenant: TenantId, event_id: &str) -> Pending<Option<Story>> {
        let event_id = event_id.to_owned();
        self.long.ask(move |reader| reader.find(tenant, &event_id))
    }

    fn erase(&self, tenant: TenantId, is_meant: Box<dyn FnMut(&Stored) -> bool + Send>) -> Pending<u64> {
        self.long.ask(move |reader| reader.erase(tenant, is_meant))
    }

    fn backup(&self, file: &Path) -> Pending<()> {
        let (file, current) = (file.to_owned(), Arc::clone(&self.backup));
        self.backups.ask(move |reader| offline::backup(&reader.shared, &file, &current))
    }

    fn tenant_stats(&self) -> Pending<BTreeMap<TenantId, TenantStats>> {
        self.quick.ask(reader::Reader::tenant_stats)
    }

    fn store_stats(&self) -> Pending<StoreStats> {
        let (reply, pending) = Pending::new();
        drop(reply.send(Ok(self.shared.store_stats())));
        pending
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    fn close(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.closing.store(true, Ordering::SeqCst);
        if let Some(backup) = &*self.backup.lock().unwrap_or_else(PoisonError::into_inner) {
            backup.interrupt();
        }
        // All other connections must be gone before the writer closes its own. A search may still
        // need the writer.
        for lane in [&self.quick, &self.long, &self.backups] {
            lane.end();
        }
        self.shared.checkpointer.end();
        self.shared.inbox.close();
        for thread in threads {
            drop(thread.join());
        }
    }
}

impl Drop for SqliteQueue {
    fn drop(&mut self) {
        self.close();
    }
}
