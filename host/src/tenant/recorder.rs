//! What happened to events, on its way to the disk.
//!
//! One write is under way at a time; what happens meanwhile goes with the next one. So a tenant's
//! records are grouped by themselves, and stay in order.

use std::sync::Arc;

use crate::queue::{Change, Fact, Pending, Queue, QueueError, TenantId};

/// What waits to be written for one tenant.
pub(super) struct Recorder {
    queue: Arc<dyn Queue>,
    tenant: TenantId,
    changes: Vec<Change>,
    facts: Vec<Fact>,
    under_way: Option<(Pending<()>, usize)>,
    pushed: u64,
    on_disk: u64,
}

impl Recorder {
    pub(super) fn new(queue: Arc<dyn Queue>, tenant: TenantId) -> Self {
        Self { queue, tenant, changes: Vec::new(), facts: Vec::new(), under_way: None, pushed: 0, on_disk: 0 }
    }

    /// Takes changes up. They are written as soon as the write before them has ended.
    pub(super) fn push(&mut self, change: Option<Change>, facts: Vec<Fact>) {
        self.pushed += u64::from(change.is_some());
        self.changes.extend(change);
        self.facts.extend(facts);
        self.start();
    }

    /// How much is not on disk yet.
    pub(super) fn waiting(&self) -> usize {
        self.changes.len() + self.under_way.as_ref().map_or(0, |(_, number)| *number)
    }

    /// How many changes were taken up.
    pub(super) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How many of them, in order, are on disk.
    pub(super) fn on_disk(&self) -> u64 {
        self.on_disk
    }

    /// Waits for the write under way; for ever, when there is none.
    pub(super) async fn written(&mut self) -> Result<(), QueueError> {
        let Some((pending, number)) = &mut self.under_way else {
            return std::future::pending().await;
        };
        let result = pending.await;
        if result.is_ok() {
            self.on_disk += *number as u64;
        }
        self.under_way = None;
        self.start();
        result
    }

    /// Waits until everything is written, or the store is closed.
    pub(super) async fn finish(&mut self) {
        while self.under_way.is_some() {
            if self.written().await.is_err() {
                return;
            }
        }
    }

    fn start(&mut self) {
        if self.under_way.is_some() || (self.changes.is_empty() && self.facts.is_empty()) {
            return;
        }
        let (changes, facts) = (std::mem::take(&mut self.changes), std::mem::take(&mut self.facts));
        let number = changes.len();
        self.under_way = Some((self.queue.record(self.tenant, changes, facts), number));
    }
}
