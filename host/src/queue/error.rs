//! What can be wrong with the queue.

use super::UnixMs;

/// Why the queue did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The tenant's share of the disk is used up.
    #[error(
        "the tenant has {bytes} bytes of events queued and in dead letters, and may have {limit} (queue.tenant_bytes); they must be delivered first, and letters replayed or dropped"
    )]
    TenantFull {
        /// Bytes queued, and in dead letters.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The store is as large as it may be.
    #[error("the store has {bytes} bytes in use, and may have {limit} (queue.bytes)")]
    StoreFull {
        /// Bytes in use.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The file system has too little room left.
    #[error("the disk has {free} bytes free, fewer than {reserve} (queue.reserve_bytes); make room")]
    DiskFull {
        /// Bytes free.
        free: u64,
        /// The reserve that must be left.
        reserve: u64,
    },
    /// More waits to be written than may.
    #[error("the store is busy")]
    Busy,
    /// The disk fails; the queue tries to recover by itself.
    #[error("the store can't be written ({problem}); it is tried again by itself")]
    Failing {
        /// What the system said.
        problem: String,
    },
    /// The queue was closed.
    #[error("the store is closed")]
    Closed,
    /// Another process has the folder.
    #[error(
        "{folder} is in use by another process (lock file {folder}/lock); stop it, or choose another server.data_dir"
    )]
    Locked {
        /// The data folder.
        folder: String,
    },
    /// The file was written by a newer release.
    #[error("{file} has format {found}, and this release knows formats up to {known}; use the newer release again")]
    TooNew {
        /// The store's file.
        file: String,
        /// Its format.
        found: i64,
        /// The newest one known.
        known: i64,
    },
    /// The file is none of ours.
    #[error("{file} is no store of accoil-stream; choose another server.data_dir")]
    Foreign {
        /// The file.
        file: String,
    },
    /// Something that was written is gone or changed.
    #[error(
        "{file} is damaged: {problem}; keep a copy of the folder, then start with --accept-damage to go on with what can be read"
    )]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong, and where.
        problem: String,
    },
    /// The folder or file can't be used.
    #[error("{file}: {problem}")]
    Open {
        /// The file or folder.
        file: String,
        /// What the system said.
        problem: String,
    },
    /// There is no such thing.
    #[error("{what} is not there")]
    Missing {
        /// What was asked for.
        what: String,
    },
}

impl QueueError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TenantFull { .. } => "queue-tenant-full",
            Self::StoreFull { .. } => "queue-full",
            Self::DiskFull { .. } => "queue-disk-full",
            Self::Busy => "queue-busy",
            Self::Failing { .. } => "queue-failing",
            Self::Closed => "queue-closed",
            Self::Locked { .. } => "queue-locked",
            Self::TooNew { .. } => "queue-too-new",
            Self::Foreign { .. } => "queue-foreign",
            Self::Damaged { .. } => "queue-damaged",
            Self::Open { .. } => "queue-open",
            Self::Missing { .. } => "queue-missing",
        }
    }
}

/// Whether the store can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It can.
    Good,
    /// It can, but it takes in no new events until there is room.
    Full {
        /// Which budget is used up.
        problem: String,
    },
    /// It can't, since then, and why.
    Failing {
        /// Since when.
        since: UnixMs,
        /// Why.
        problem: String,
    },
}
