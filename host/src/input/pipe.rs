//! Reading from a pipe without making anybody wait for nothing: what came is
//! handed on before the reading waits for more, and the waiting can be ended.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Progress;

/// How long to wait before looking whether the reading should end: 0.2 s.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// A pipe. When it has to wait it says so once, by [`io::ErrorKind::WouldBlock`],
/// if it was asked to; read again, it waits.
pub(super) struct Pipe<'a, R> {
    reader: R,
    progress: &'a Progress,
    tells: Arc<AtomicBool>,
    told: bool,
}

impl<'a, R: Read + AsFd> Pipe<'a, R> {
    /// A pipe, and the switch that asks it to say when it has to wait.
    pub(super) fn new(reader: R, progress: &'a Progress) -> (Self, Arc<AtomicBool>) {
        let tells = Arc::new(AtomicBool::new(false));
        (Self { reader, progress, tells: Arc::clone(&tells), told: false }, tells)
    }

    fn is_ready(&self, patience: &Timespec) -> io::Result<bool> {
        let mut sources = [PollFd::new(&self.reader, PollFlags::IN)];
        match poll(&mut sources, Some(patience)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl<R: Read + AsFd> Read for Pipe<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_ready(&NOW)? {
            if self.tells.load(Ordering::Relaxed) && !self.told {
                self.told = true;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            while !self.is_ready(&PATIENCE)? {
                if self.progress.stop.load(Ordering::Relaxed) || self.progress.hang_up.load(Ordering::Relaxed) {
                    return Ok(0);
                }
            }
        }
        self.told = false;
        self.reader.read(buffer)
    }
}
