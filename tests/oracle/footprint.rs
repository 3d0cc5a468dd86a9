//! What a process holds of its machine: memory, handles, threads, children, and files in its folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Host;

/// What may be in use beyond the baseline when nothing is left to do: pages of the allocator, connections that are kept for
/// the next call, history.
const MORE_MEMORY_KB: u64 = 64 * 1024;
const MORE_HANDLES: usize = 40;
const MORE_THREADS: usize = 4;

/// What a service holds at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Footprint {
    pub(crate) memory_kb: u64,
    pub(crate) handles: usize,
    pub(crate) threads: usize,
    pub(crate) children: usize,
    /// By their names below the folder of data; what is in the folder of compiled code may come and go.
    files: BTreeSet<PathBuf>,
    /// What these files take.
    disk_kb: u64,
}

impl Footprint {
    pub(crate) fn of(host: &Host) -> Self {
        let (mut files, mut disk) = (BTreeSet::new(), 0);
        let data = host.path("data");
        each_file(&data, &mut |path, bytes| {
            disk += bytes;
            files.insert(path.strip_prefix(&data).unwrap().to_owned());
        });
        Self {
            memory_kb: host.memory_kb(),
            handles: host.handles(),
            threads: std::fs::read_dir(format!("/proc/{}/task", host.pid())).unwrap().count(),
            children: children(host.pid()).len(),
            files,
            disk_kb: disk / 1024,
        }
    }

    /// Waits until the service holds no more than it did, but for so much on disk: what it keeps of events that have ended.
    pub(crate) async fn until_back(&self, host: &Host, history_kb: u64) -> Self {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let now = Self::of(host);
            if self.allows(&now, history_kb) {
                return now;
            }
            assert!(Instant::now() < deadline, "it holds {now:?}, and began with {self:?}");
            // Connections that nobody uses are closed after a while, and nobody is told.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn allows(&self, now: &Self, history_kb: u64) -> bool {
        now.memory_kb <= self.memory_kb + MORE_MEMORY_KB
            && now.handles <= self.handles + MORE_HANDLES
            && now.threads <= self.threads + MORE_THREADS
            && now.children == 0
            && now.files.iter().all(|file| self.files.contains(file) || file.starts_with("compiled"))
            && now.disk_kb <= self.disk_kb + history_kb
    }
}

fn each_file(folder: &Path, told: &mut impl FnMut(&Path, u64)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(found) if found.is_dir() => each_file(&entry.path(), told),
            Ok(found) => told(&entry.path(), found.len()),
            // Gone meanwhile.
            Err(_) => {}
        }
    }
}

/// The children of all threads of a process.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let children = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children"));
    let all: String = threads.map(|thread| children(thread.unwrap()).unwrap_or_default()).collect();
    all.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}
