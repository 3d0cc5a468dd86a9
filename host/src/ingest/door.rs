//! The door: what all requests share.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex as AsyncMutex, Semaphore, watch};

use super::budget::Budget;
use super::counts::IngestCounts;
use super::directory::{Directory, Entrant, Shared};
use crate::config::IngestConfig;
use crate::queue::{Fact, Health, Queue, QueueError, Space, TenantId};

/// Gzip bodies that are unpacked at a time; each may become as large as a body may be.
const UNPACKED: usize = 4;

/// Why the door can't be opened for these tenants. No variant carries a key.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Two tenants have the same key, so that nobody can say whose its events are.
    #[error("tenants {first} and {second} have an ingest key in common; give each tenant keys of its own")]
    SharedKey {
        /// A tenant's name.
        first: String,
        /// The other's.
        second: String,
    },
    /// What is remembered can't be read.
    #[error("what is remembered of tenant {tenant} can't be read: {error}")]
    Memory {
        /// The tenant's name.
        tenant: String,
        /// What the queue said.
        error: QueueError,
    },
}

impl DoorError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SharedKey { .. } => "ingest-key-shared",
            Self::Memory { error, .. } => error.code(),
        }
    }
}

/// The counts of one tenant.
#[derive(Debug, Clone)]
pub struct TenantCounts {
    /// Its number.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Its counts.
    pub counts: Arc<IngestCounts>,
}

/// Lets events in. Shared by all connections.
pub struct Door {
    pub(super) queue: Arc<dyn Queue>,
    /// Most bytes of one event, `limits.event_bytes`.
    pub(super) event_bytes: usize,
    pub(super) directory: ArcSwap<Directory>,
    /// Bytes of bodies that are being read, of all tenants: whose they are is not known before.
    pub(super) bodies: Arc<Budget>,
    /// The same of bodies that are small.
    pub(super) small_bodies: Arc<Budget>,
    /// For each gzip body that is being unpacked and looked at.
    pub(super) unpacking: Arc<Semaphore>,
    /// The counts of requests that are no tenant's.
    pub(super) counts: Arc<IngestCounts>,
    closing: watch::Receiver<bool>,
    health: watch::Receiver<Health>,
    replacing: AsyncMutex<()>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Door").field("event_bytes", &self.event_bytes).finish_non_exhaustive()
    }
}

impl Door {
    /// A door without tenants; [`Door::replace`] brings them. When `closing` says so, everything is
    /// answered 503.
    pub fn new(queue: Arc<dyn Queue>, event_bytes: usize, closing: watch::Receiver<bool>) -> Arc<Self> {
        let health = queue.health();
        Arc::new(Self {
            queue,
            event_bytes,
            directory: ArcSwap::default(),
            bodies: Arc::default(),
            small_bodies: Arc::default(),
            unpacking: Arc::new(Semaphore::new(UNPACKED)),
            counts: Arc::default(),
            closing,
            health,
            replacing: AsyncMutex::new(()),
        })
    }

    /// A door for these tenants, with what is remembered of their groups and users.
    ///
    /// # Errors
    /// As [`Door::replace`].
    pub async fn load(
        queue: Arc<dyn Queue>,
        event_bytes: usize,
        closing: watch::Receiver<bool>,
        config: IngestConfig,
        entrants: Vec<Entrant>,
    ) -> Result<Arc<Self>, DoorError> {
        let door = Self::new(queue, event_bytes, closing);
        door.replace(config, entrants).await?;
        Ok(door)
    }

    /// Puts another list of tenants and other limits in force. Requests under way end with the old
    /// ones. What is counted and remembered of a tenant stays.
    ///
    /// # Errors
    /// When two tenants share a key, or what is remembered of a new one can't be read; then nothing
    /// has changed.
    pub async fn replace(&self, config: IngestConfig, entrants: Vec<Entrant>) -> Result<(), DoorError> {
        let _one_at_a_time = self.replacing.lock().await;
        let old = self.directory.load_full();
        let mut known = Vec::with_capacity(entrants.len());
        for entrant in entrants {
            let shared = match old.shared(entrant.id) {
                Some(shared) => shared,
                None => self.remembered(&entrant, config.remembered).await?,
            };
            known.push((entrant, shared));
        }
        self.directory.store(Arc::new(Directory::new(config, known)?));
        Ok(())
    }

    async fn remembered(&self, entrant: &Entrant, most: usize) -> Result<Arc<Shared>, DoorError> {
        let failed = |error| DoorError::Memory { tenant: entrant.name.clone(), error };
        let shared = Shared::new();
        let mut gone: Vec<Fact> = Vec::new();
        for (space, memory) in [(Space::GroupProperties, &shared.groups), (Space::UserProperties, &shared.users)] {
            let mut facts = self.queue.facts(entrant.id, space).await.map_err(failed)?;
            facts.sort_by_key(|(_, _, at)| *at);
            gone.extend(memory.load(facts.into_iter().map(|(key, value, _)| (key, value)).collect(), most));
        }
        if !gone.is_empty() {
            self.queue.record(entrant.id, Vec::new(), gone).await.map_err(failed)?;
        }
        shared.count_remembered();
        Ok(shared)
    }

    /// The counts of all tenants, in the order of the configuration.
    pub fn counts(&self) -> Vec<TenantCounts> {
        let directory = self.directory.load();
        let counts = directory.tenants.iter().map(|tenant| TenantCounts {
            id: tenant.id,
            name: tenant.name.clone(),
            counts: Arc::clone(&tenant.shared.counts),
        });
        counts.collect()
    }

    /// The counts of requests that showed no known key.
    pub fn counts_of_strangers(&self) -> Arc<IngestCounts> {
        Arc::clone(&self.counts)
    }

    pub(super) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    pub(super) fn is_healthy(&self) -> bool {
        *self.health.borrow() == Health::Good
    }
}

impl Shared {
    pub(super) fn count_remembered(&self) {
        self.counts.groups_remembered.store(self.groups.len() as u64, Ordering::Relaxed);
        self.counts.users_remembered.store(self.users.len() as u64, Ordering::Relaxed);
    }
}
