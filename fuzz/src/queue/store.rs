//! A store in a folder of its own, that can be closed, killed and opened.

use std::path::{Path, PathBuf};

use accoil_stream::config::QueueConfig;
use accoil_stream::queue::{Health, Queue, SqliteQueue, TenantId, TenantStats};
use tempfile::TempDir;

/// The store, open.
pub(super) struct Store {
    folder: TempDir,
    config: QueueConfig,
    queue: Option<SqliteQueue>,
}

impl Store {
    pub(super) fn new(tenant_bytes: Option<u64>, history_hours: u32) -> Self {
        let usual = QueueConfig::default();
        let config = QueueConfig {
            tenant_bytes: tenant_bytes.unwrap_or(usual.tenant_bytes),
            history_hours,
            reserve_bytes: 0,
            ..usual
        };
        let folder = folder();
        let queue = Some(open(folder.path(), &config));
        Self { folder, config, queue }
    }

    pub(super) fn queue(&self) -> &SqliteQueue {
        self.queue.as_ref().expect("it is open")
    }

    pub(super) fn stats(&self, tenant: TenantId) -> TenantStats {
        self.queue().tenant_stats().wait().expect("stats")[&tenant]
    }

    /// The file of the log, which is what is written to.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("queue.db-wal")
    }

    pub(super) fn reopen(&mut self) {
        self.queue = None;
        self.queue = Some(open(self.folder.path(), &self.config));
    }

    /// What lies on the disk is what another process would find if this one were killed now: all that was answered is
    /// written, and the log is only added to.
    pub(super) fn kill(&mut self) {
        let next = folder();
        for name in ["queue.db", "queue.db-wal", "running"] {
            let from = self.folder.path().join(name);
            if from.exists() {
                std::fs::copy(from, next.path().join(name)).expect("a copy");
            }
        }
        self.queue = None;
        self.queue = Some(open(next.path(), &self.config));
        self.folder = next;
    }

    /// Looks through the store as `accoil-stream verify` does.
    pub(super) fn verify(mut self) {
        self.queue = None;
        let report = SqliteQueue::verify(self.folder.path()).expect("a report");
        assert_eq!(report.problems, Vec::<String>::new());
    }
}

fn open(folder: &Path, config: &QueueConfig) -> SqliteQueue {
    let queue = SqliteQueue::open(folder, config, false).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(*queue.health().borrow(), Health::Good);
    queue
}

/// In memory, where there is room: then the disk is not waited for.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}
