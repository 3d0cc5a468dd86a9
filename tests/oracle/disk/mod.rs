//! A disk of our own: a file system in memory whose power can be cut, and that fails, tears and fills up when told to.
//!
//! It is mounted by FUSE, so that the service uses it as any other. `store` says what it keeps when the power goes.

mod file;
mod fuse;
mod store;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::io::Errno;
use tokio::sync::watch;

pub(crate) use self::file::{Content, Loss};
use self::store::Store;
use super::Accoil;
use super::host::config;
use super::load::Random;

/// How a disk fails for the time being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Every write is an I/O error,
    Writes,
    /// or is one that half of the bytes were written before;
    TornWrites,
    /// or it writes half of the bytes, and says so.
    ShortWrites,
    /// Every sync is an I/O error.
    Syncs,
}

/// At which sync the power is cut.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Syncs until then.
    left: u32,
    /// Whether that one still gets through; nobody hears of it.
    gets_through: bool,
    loss: Loss,
}

/// What the test and the file system share.
struct State {
    store: Store,
    random: Random,
    fault: Option<Fault>,
    plan: Option<Plan>,
    is_on: bool,
    /// How often it was mounted: what comes late from a mounting before is not for this one.
    generation: u32,
    /// Syncs that came to their end.
    syncs: u64,
    cut: watch::Sender<bool>,
}

impl State {
    fn write(&mut self, number: u64, at: usize, bytes: &[u8]) -> Result<usize, Errno> {
        match self.fault {
            Some(Fault::Writes) => Err(Errno::IO),
            Some(Fault::TornWrites) => {
                self.store.write(number, at, &bytes[..bytes.len().div_ceil(2)])?;
                Err(Errno::IO)
            }
            Some(Fault::ShortWrites) => self.store.write(number, at, &bytes[..bytes.len().div_ceil(2)]),
            Some(Fault::Syncs) | None => self.store.write(number, at, bytes),
        }
    }

    fn sync(&mut self, number: u64, by: u32) -> Result<(), Errno> {
        if self.fault == Some(Fault::Syncs) {
            if let Ok(file) = self.store.file(number) {
                file.fail_to_sync();
            }
            return Err(Errno::IO);
        }
        if let Some(plan) = &mut self.plan {
            plan.left = plan.left.saturating_sub(1);
            if plan.left == 0 {
                let Plan { gets_through, loss, .. } = *plan;
                if gets_through {
                    self.store.sync(number)?;
                }
                self.cut(by, loss);
                return Err(Errno::IO);
            }
        }
        self.syncs += 1;
        self.store.sync(number)
    }

    /// The power goes: first the process, which must see nothing of it, then what was not synced.
    fn cut(&mut self, process: u32, loss: Loss) {
        let process = rustix::process::Pid::from_raw(process as i32).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        (self.is_on, self.plan) = (false, None);
        self.store.lose(loss, &mut self.random);
        self.cut.send_replace(true);
    }
}

/// A disk, mounted as long as it lives.
pub(crate) struct Disk {
    state: Arc<Mutex<State>>,
    cut: watch::Receiver<bool>,
    folder: tempfile::TempDir,
    session: Option<fuser::BackgroundSession>,
}

impl Disk {
    /// An empty one, if one can be mounted here.
    pub(crate) fn mount(seed: u64) -> Option<Self> {
        let (sender, cut) = watch::channel(false);
        let state = State {
            store: Store::new(),
            random: Random::new(seed),
            fault: None,
            plan: None,
            is_on: true,
            generation: 0,
            syncs: 0,
            cut: sender,
        };
        let folder = tempfile::tempdir().unwrap();
        let mut disk = Self { state: Arc::new(Mutex::new(state)), cut, folder, session: None };
        match disk.try_mount() {
            Ok(()) => Some(disk),
            Err(error) => {
                eprintln!("not run: no file system of our own can be mounted here: {error}");
                None
            }
        }
    }

    fn try_mount(&mut self) -> std::io::Result<()> {
        let generation = self.state.lock().unwrap().generation;
        let mounted = fuse::Mounted { state: Arc::clone(&self.state), generation };
        let mut options = fuser::Config::default();
        options.mount_options = vec![fuser::MountOption::FSName("disk-of-a-test".into())];
        self.session = Some(fuser::spawn_mount(mounted, self.folder.path(), &options)?);
        Ok(())
    }

    fn unmount(&mut self) {
        // Whoever still uses it does not hinder that. Who may not do this has it done when the session is dropped.
        let _ = std::process::Command::new("umount").arg("-l").arg(self.folder.path()).output();
        self.session = None;
    }

    /// A configuration whose store is here.
    pub(crate) fn config(&self, accoil: &Accoil, more: &str) -> String {
        let data = format!("data_dir = {:?}", self.data());
        config(accoil, more).replace("data_dir = \"data\"", &data)
    }

    /// The store's folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Cuts the power of a process, now.
    pub(crate) fn cut(&self, process: u32, loss: Loss) {
        let mut state = self.state.lock().unwrap();
        if state.is_on {
            state.cut(process, loss);
        }
    }

    /// Has the power cut at a sync, the first one or a later one, of the process that asks for it.
    pub(crate) fn cut_at_sync(&self, number: u32, gets_through: bool, loss: Loss) {
        self.state.lock().unwrap().plan = Some(Plan { left: number, gets_through, loss });
    }

    /// Waits until the power is cut; under load syncs are a matter of milliseconds.
    pub(crate) async fn until_cut(&self) {
        let mut cut = self.cut.clone();
        let waited = tokio::time::timeout(Duration::from_secs(10), cut.wait_for(|cut| *cut)).await;
        assert!(waited.is_ok(), "nothing is synced");
    }

    /// Whether the power is cut.
    pub(crate) fn is_cut(&self) -> bool {
        *self.cut.borrow()
    }

    /// There is power again. Whoever used the disk before must be gone.
    pub(crate) fn power_on(&mut self) {
        self.unmount();
        let mut state = self.state.lock().unwrap();
        (state.is_on, state.plan) = (true, None);
        state.generation += 1;
        state.cut.send_replace(false);
        drop(state);
        self.try_mount().unwrap();
    }

    /// A new disk in place of this one.
    pub(crate) fn empty(&mut self) {
        self.unmount();
        self.state.lock().unwrap().store = Store::new();
        self.power_on();
    }

    /// Lets it fail, or work again.
    pub(crate) fn fail(&self, fault: Option<Fault>) {
        self.state.lock().unwrap().fault = fault;
    }

    /// Leaves so many bytes free.
    pub(crate) fn leave_free(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap();
        state.store.capacity = state.store.used() + bytes;
    }

    /// Syncs that came to their end until now.
    pub(crate) fn syncs(&self) -> u64 {
        self.state.lock().unwrap().syncs
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.unmount();
    }
}
