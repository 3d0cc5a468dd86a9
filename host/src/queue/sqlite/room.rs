//! Whether there is room for new events on the disk.

use std::time::{Duration, Instant};

use super::folder::Folder;
use crate::queue::QueueError;

/// How long a look at the file system counts, unless room is short.
const LOOK: Duration = Duration::from_millis(100);
/// Room beyond the reserve from which on every commit looks.
const NEAR: u64 = 64 * 1024 * 1024;
/// Between attempts to set the reserve aside again.
const TRY: Duration = Duration::from_secs(1);

/// What was seen last.
#[derive(Debug)]
pub(super) struct Room {
    reserve_bytes: u64,
    looked: Option<(Instant, u64)>,
    is_used_up: bool,
    tried: Option<Instant>,
}

impl Room {
    /// Refuses when fewer bytes than these are free.
    pub(super) fn new(reserve_bytes: u64) -> Self {
        Self { reserve_bytes, looked: None, is_used_up: true, tried: None }
    }

    /// The disk was full: the reserve goes to the store.
    pub(super) fn used_up(&mut self, folder: &Folder) {
        folder.free_reserve();
        self.is_used_up = true;
        self.tried = None;
    }

    /// Whether the log must be kept short, for the store lives on its reserve or nearly does.
    pub(super) fn is_short(&self) -> bool {
        let is_near = self.looked.is_some_and(|(_, free)| free < self.reserve_bytes.saturating_mul(2));
        self.is_used_up || is_near
    }

    /// Why no events can be accepted now, if so. `reusable` are bytes of the store's file that are
    /// free: what is written there makes the file no larger, but it passes through the log, so half
    /// of them count.
    pub(super) fn refusal(&mut self, folder: &Folder, reusable: u64) -> Option<QueueError> {
        if self.is_used_up && self.tried.is_none_or(|at| at.elapsed() >= TRY) {
            self.tried = Some(Instant::now());
            self.is_used_up = !folder.make_reserve();
        }
        let free = self.free(folder);
        if self.is_used_up {
            let reserve = self.reserve_bytes.max(folder.reserve_size().saturating_mul(2));
            return Some(QueueError::DiskFull { free, reserve });
        }
        let room = free.saturating_add(reusable / 2);
        (room < self.reserve_bytes).then_some(QueueError::DiskFull { free, reserve: self.reserve_bytes })
    }

    fn free(&mut self, folder: &Folder) -> u64 {
        match self.looked {
            Some((at, free)) if at.elapsed() < LOOK && free > self.reserve_bytes.saturating_add(NEAR) => free,
            // What can't be read is no reason to refuse: the write will tell.
            _ => {
                let free = folder.free_bytes().unwrap_or(u64::MAX);
                self.looked = Some((Instant::now(), free));
                free
            }
        }
    }
}
