//! What the tests of the store share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use super::SqliteQueue;
use super::shared::Clock;
use crate::config::QueueConfig;
use crate::queue::{
    Accepted, Attempt, AuditEntry, Change, Ending, NewActivation, NewEvent, Queue, QueueError, Seq, Stored, TakeLimits,
    TenantId, TenantStats,
};

pub(super) const MANY: TakeLimits = TakeLimits { events: 100_000, bytes: 1 << 30 };
pub(super) const DAY: u64 = 86_400_000;

/// A folder, a configuration and a clock that stands still.
pub(super) struct Place {
    pub(super) folder: TempDir,
    pub(super) config: QueueConfig,
    pub(super) time: Arc<AtomicU64>,
}

impl Place {
    pub(super) fn new() -> Self {
        let config = QueueConfig { reserve_bytes: 1 << 20, ..QueueConfig::default() };
        Self { folder: TempDir::new().unwrap(), config, time: Arc::new(AtomicU64::new(1_000 * DAY)) }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(super) fn try_open(&self, accept_damage: bool) -> Result<SqliteQueue, QueueError> {
        let time = Arc::clone(&self.time);
        let clock: Clock = Arc::new(move || time.load(Ordering::Relaxed));
        SqliteQueue::open_at(&self.path(), &self.config, accept_damage, clock)
    }

    pub(super) fn open(&self) -> SqliteQueue {
        self.try_open(false).unwrap()
    }

    pub(super) fn pass(&self, ms: u64) {
        self.time.fetch_add(ms, Ordering::Relaxed);
    }
}

pub(super) fn event(key: u128, body: &str) -> NewEvent {
    NewEvent { id: Some(format!("id-{key}")), key: Some(key), body: body.into() }
}

/// Events with these keys and bodies that name them.
pub(super) fn events(keys: std::ops::Range<u128>) -> Vec<NewEvent> {
    keys.map(|key| event(key, &format!("{{\"n\":{key}}}"))).collect()
}

pub(super) fn settled(seq: Seq) -> Change {
    Change::Settled { seq, version: 1, ending: Ending::Delivered, note: "{}".into() }
}

pub(super) fn dead(seq: Seq, reason: &str) -> Change {
    let attempt = Attempt { version: 2, delivered: format!("line {seq}"), ..Attempt::default() };
    Change::Dead { seq, reason: reason.into(), detail: format!("why {seq} died"), attempt }
}

/// A line for the audit log.
pub(super) fn line(what: &str) -> AuditEntry {
    AuditEntry {
        tenant: Some("a".into()),
        what: what.into(),
        by: "someone".into(),
        reason: "a \"reason\"".into(),
        detail: "{\"n\": 1.50}".into(),
    }
}

/// All of a tenant's events under one version.
pub(super) fn whole(pin: &str) -> NewActivation {
    NewActivation { pin: pin.into(), canary: None, fallback: None, audit: line("deploy") }
}

/// The file as another program would open it, without the triggers that stop mistakes.
pub(super) fn tamper(place: &Place, sql: &str) {
    let c = rusqlite::Connection::open(place.file("queue.db")).unwrap();
    c.execute_batch("DROP TRIGGER audit_update; DROP TRIGGER audit_delete; DROP TRIGGER audit_replace").unwrap();
    c.execute_batch(sql).unwrap();
}

/// Short forms that wait for the answer.
pub(super) trait Short {
    fn id(&self, name: &str) -> TenantId;
    fn put(&self, tenant: TenantId, events: Vec<NewEvent>) -> Accepted;
    fn get(&self, tenant: TenantId, after: Seq) -> Vec<Stored>;
    fn note(&self, tenant: TenantId, changes: Vec<Change>);
    fn stats(&self, tenant: TenantId) -> TenantStats;
}

impl Short for SqliteQueue {
    fn id(&self, name: &str) -> TenantId {
        self.tenant(name).wait().unwrap()
    }

    fn put(&self, tenant: TenantId, events: Vec<NewEvent>) -> Accepted {
        self.accept(tenant, events, Vec::new()).wait().unwrap()
    }

    fn get(&self, tenant: TenantId, after: Seq) -> Vec<Stored> {
        self.take(tenant, after, MANY).wait().unwrap()
    }

    fn note(&self, tenant: TenantId, changes: Vec<Change>) {
        self.record(tenant, changes, Vec::new()).wait().unwrap();
    }

    fn stats(&self, tenant: TenantId) -> TenantStats {
        self.tenant_stats().wait().unwrap()[&tenant]
    }
}

pub(super) fn seqs(events: &[Stored]) -> Vec<Seq> {
    events.iter().map(|event| event.seq).collect()
}

/// Changes one byte of a file.
pub(super) fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}

/// Where something is in a file.
pub(super) fn position(file: &Path, what: &str) -> usize {
    let bytes = std::fs::read(file).unwrap();
    bytes.windows(what.len()).position(|window| window == what.as_bytes()).unwrap()
}
