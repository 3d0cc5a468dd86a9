//! What the threads of one store share.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use super::checkpoint::Checkpointer;
use super::folder::Folder;
use super::inbox::Inbox;
use crate::config::QueueConfig;
use crate::queue::{Health, Seq, StoreStats, TenantId, UnixMs};

/// Damaged rows that are told apart and counted.
const MOST_DAMAGED: usize = 100_000;

/// Tells the time.
pub(super) type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// Shared by all threads.
pub(super) struct Shared {
    pub(super) folder: Folder,
    pub(super) inbox: Inbox,
    pub(super) checkpointer: Checkpointer,
    pub(super) clock: Clock,
    pub(super) health: watch::Sender<Health>,
    pub(super) commits: AtomicU64,
    damaged: Mutex<BTreeSet<(TenantId, Seq)>>,
    /// The store is being closed.
    pub(super) closing: AtomicBool,
    pub(super) used_bytes: AtomicU64,
    notifies: Mutex<HashMap<TenantId, Arc<Notify>>>,
    cuts: Mutex<BTreeMap<TenantId, UnixMs>>,
    /// The window of deduplication that is configured, in milliseconds.
    pub(super) window: u64,
}

impl Shared {
    pub(super) fn new(folder: Folder, config: &QueueConfig, clock: Clock) -> Self {
        Self {
            folder,
            inbox: Inbox::new(config.commit_events),
            checkpointer: Checkpointer::default(),
            clock,
            health: watch::Sender::new(Health::Good),
            commits: AtomicU64::new(0),
            damaged: Mutex::default(),
            closing: AtomicBool::new(false),
            used_bytes: AtomicU64::new(0),
            notifies: Mutex::default(),
            cuts: Mutex::default(),
            window: u64::from(config.dedup_days) * 86_400_000,
        }
    }

    pub(super) fn now(&self) -> UnixMs {
        (self.clock)()
    }

    pub(super) fn arrivals(&self, tenant: TenantId) -> Arc<Notify> {
        let mut notifies = self.notifies.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(notifies.entry(tenant).or_default())
    }

    /// Before which time keys of a tenant were lost.
    pub(super) fn set_cut(&self, tenant: TenantId, cut: UnixMs) {
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant, cut);
    }

    pub(super) fn cut(&self, tenant: TenantId) -> UnixMs {
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant).copied().unwrap_or(0)
    }

    /// Counts and reports a damaged row, once.
    pub(super) fn note_damaged(&self, tenant: TenantId, seq: Seq) {
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        if damaged.len() < MOST_DAMAGED && damaged.insert((tenant, seq)) {
            tracing::error!(%tenant, seq, "the checksum of an event is wrong: its row was damaged on disk");
        }
    }

    pub(super) fn store_stats(&self) -> StoreStats {
        StoreStats {
            file_bytes: self.folder.file_bytes(),
            used_bytes: self.used_bytes.load(Ordering::Relaxed),
            free_bytes: self.folder.free_bytes().unwrap_or(0),
            commits: self.commits.load(Ordering::Relaxed),
            damaged: self.damaged.lock().unwrap_or_else(PoisonError::into_inner).len() as u64,
        }
    }
}

/// The system's clock.
pub(super) fn system_clock() -> Clock {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
