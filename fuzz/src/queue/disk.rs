//! A disk that takes no more.

use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

/// Set once the disk may fail.
static MAY_FAIL: OnceLock<()> = OnceLock::new();

/// Lets the disk fail in this process. That is for processes that do nothing else meanwhile: then no file can grow
/// beyond a limit, whosever it is.
///
/// # Panics
///
/// When the signal that comes with it can't be caught.
pub fn may_fail() {
    // Uncaught it ends the process, instead of making the write fail.
    signal_hook::flag::register(Signal::XFSZ.as_raw(), Arc::new(AtomicBool::new(false))).expect("a handler");
    MAY_FAIL.get_or_init(|| ());
}

/// While there is one, no file of this process grows beyond a limit.
pub(super) struct Full {
    before: Rlimit,
}

impl Full {
    /// A file may grow by so many bytes. Nothing if the disk may not fail here.
    pub(super) fn after(file: &Path, room: u16) -> Option<Self> {
        MAY_FAIL.get()?;
        let size = std::fs::metadata(file).map_or(0, |status| status.len());
        let before = getrlimit(Resource::Fsize);
        // The first page of the file itself is written to as well.
        let most = size.max(4096) + u64::from(room);
        setrlimit(Resource::Fsize, Rlimit { current: Some(most), ..before.clone() }).expect("a lower limit");
        Some(Self { before })
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        setrlimit(Resource::Fsize, self.before.clone()).expect("the limit that was");
    }
}
