//! The data folder: who has it, whether it was left in order, and the room kept for bad days.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::queue::QueueError;

/// Most bytes of the file `reserve`: enough to bring the log into the store when the disk is full, and
/// to settle what is under way.
const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

/// The folder that this process has for itself until it is released.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    reserve_bytes: u64,
    lock: Mutex<Option<File>>,
}

impl Folder {
    /// Makes the folder when it is missing, and locks it.
    pub(super) fn lock(path: &Path, reserve_bytes: u64) -> Result<Self, QueueError> {
        make(path).map_err(|error| open_error(path, error))?;
        let name = path.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&name);
        let lock = lock.map_err(|error| open_error(&name, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(QueueError::Locked { folder: path.display().to_string() }),
            Err(TryLockError::Error(error)) => return Err(open_error(&name, error)),
        }
        let reserve_bytes = reserve_bytes.min(RESERVE_BYTES);
        Ok(Self { path: path.to_owned(), reserve_bytes, lock: Mutex::new(Some(lock)) })
    }

    /// Lets other processes have it.
    pub(super) fn release(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// The store's file.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join("queue.db")
    }

    /// The file that a new store is made in before it gets its name.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.path.join("queue.db.new")
    }

    /// The write-ahead log.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join("queue.db-wal")
    }

    fn marker(&self) -> PathBuf {
        self.path.join("running")
    }

    fn reserve(&self) -> PathBuf {
        self.path.join("reserve")
    }

    /// Whether the store was not closed in order: then there must be a log.
    pub(super) fn is_marked(&self) -> bool {
        self.marker().exists()
    }

    /// Notes that from now on there is a log with something in it.
    pub(super) fn mark(&self) -> io::Result<()> {
        File::create(self.marker())?.sync_all()?;
        self.sync()
    }

    /// Notes that the store is whole without its log.
    pub(super) fn unmark(&self) -> io::Result<()> {
        match fs::remove_file(self.marker()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.sync()
    }

    /// Makes names of files durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Bytes that the file system has left.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        let status = rustix::fs::statvfs(&self.path)?;
        Ok(status.f_bavail.saturating_mul(status.f_frsize))
    }

    /// Size of the store's files.
    pub(super) fn file_bytes(&self) -> u64 {
        let size = |name| fs::metadata(self.path.join(name)).map_or(0, |status| status.len());
        ["queue.db", "queue.db-wal", "queue.db-shm"].into_iter().map(size).sum()
    }

    /// Sets the reserve's room aside; says whether it is there.
    pub(super) fn make_reserve(&self) -> bool {
        let name = self.reserve();
        if self.reserve_bytes == 0 || fs::metadata(&name).is_ok_and(|status| status.len() == self.reserve_bytes) {
            return true;
        }
        // Twice the room, or the next write would need the reserve at once.
        if self.free_bytes().unwrap_or(0) < self.reserve_bytes.saturating_mul(2) {
            return false;
        }
        let made = File::create(&name).and_then(|file| {
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, self.reserve_bytes)?;
            file.sync_all()
        });
        if let Err(error) = &made {
            tracing::warn!(file = %name.display(), %error, "no room could be set aside");
            let _ = fs::remove_file(&name);
        }
        made.is_ok()
    }

    /// Gives the reserve's room to the store.
    pub(super) fn free_reserve(&self) {
        if fs::remove_file(self.reserve()).is_ok() {
            tracing::warn!(bytes = self.reserve_bytes, "the disk is full: the reserve is used to go on settling");
        }
    }

    /// The reserve's size.
    pub(super) fn reserve_size(&self) -> u64 {
        self.reserve_bytes
    }
}

/// Makes a folder, and those around it that are missing; a power cut takes none of them away.
fn make(path: &Path) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<_> = path.ancestors().take_while(is_missing).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    for made in missing {
        let around = made.parent().filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(around)?.sync_all()?;
    }
    Ok(())
}

/// The error about a file or folder that can't be used.
pub(super) fn open_error(path: &Path, problem: impl ToString) -> QueueError {
    QueueError::Open { file: path.display().to_string(), problem: problem.to_string() }
}

/// The error about a file that is not as it was written.
pub(super) fn damaged(path: &Path, problem: impl ToString) -> QueueError {
    QueueError::Damaged { file: path.display().to_string(), problem: problem.to_string() }
}
