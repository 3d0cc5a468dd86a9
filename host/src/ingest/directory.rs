//! Whose key is whose.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::Mutex as AsyncMutex;

use super::budget::Budget;
use super::counts::IngestCounts;
use super::door::DoorError;
use super::memory::Memory;
use crate::config::{IngestConfig, IntakeConfig};
use crate::queue::{Space, TenantId};

/// A tenant that may send events.
#[derive(Debug, Clone)]
pub struct Entrant {
    /// Its number in the queue.
    pub id: TenantId,
    /// Its name, which is part of its webhook's path.
    pub name: String,
    /// Its keys, and how its events are taken in.
    pub intake: IntakeConfig,
}

/// What stays when the configuration is read again.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) counts: Arc<IngestCounts>,
    /// Bytes of requests that wait to be written.
    pub(super) waiting: Arc<Budget>,
    /// Held by a request that changes what is remembered, until that is written.
    pub(super) order: Arc<AsyncMutex<()>>,
    pub(super) groups: Memory,
    pub(super) users: Memory,
}

impl Shared {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            counts: Arc::default(),
            waiting: Arc::default(),
            order: Arc::default(),
            groups: Memory::new(Space::GroupProperties),
            users: Memory::new(Space::UserProperties),
        })
    }
}

/// A tenant as the door knows it.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) id: TenantId,
    pub(super) name: String,
    pub(super) is_enabled: bool,
    pub(super) remembers_groups: bool,
    pub(super) remembers_users: bool,
    pub(super) shared: Arc<Shared>,
}

/// Digest of a key. Keys are looked up by it, so that the time that takes tells nothing about them.
type KeyDigest = [u8; 32];

fn digest(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}

/// All tenants, and what requests may be.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) config: IngestConfig,
    pub(super) tenants: Vec<Arc<Tenant>>,
    by_key: HashMap<KeyDigest, Arc<Tenant>>,
}

impl Directory {
    /// # Errors
    /// [`DoorError::SharedKey`] when two tenants have the same key.
    pub(super) fn new(config: IngestConfig, entrants: Vec<(Entrant, Arc<Shared>)>) -> Result<Self, DoorError> {
        let mut directory = Self { config, ..Self::default() };
        for (entrant, shared) in entrants {
            let tenant = Arc::new(Tenant {
                id: entrant.id,
                name: entrant.name,
                is_enabled: entrant.intake.enabled,
                remembers_groups: entrant.intake.remember_group_properties,
                remembers_users: entrant.intake.remember_user_properties,
                shared,
            });
            for key in &entrant.intake.ingest_keys {
                let other = directory.by_key.insert(digest(key.expose()), Arc::clone(&tenant));
                if let Some(other) = other.filter(|other| other.id != tenant.id) {
                    return Err(DoorError::SharedKey { first: other.name.clone(), second: tenant.name.clone() });
                }
            }
            directory.tenants.push(tenant);
        }
        Ok(directory)
    }

    /// The tenant of a key.
    pub(super) fn find(&self, key: &str) -> Option<Arc<Tenant>> {
        self.by_key.get(&digest(key)).cloned()
    }

    /// What stays of a tenant.
    pub(super) fn shared(&self, id: TenantId) -> Option<Arc<Shared>> {
        self.tenants.iter().find(|tenant| tenant.id == id).map(|tenant| Arc::clone(&tenant.shared))
    }
}
