//! How a child bounds itself before it reads a byte.

use std::ffi::OsString;
use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Files that the child may have open: its pipes, and the images of memories that wasmtime makes.
const FILES: u64 = 64;

/// How much later than others the child gets a processor.
const NICE: i32 = 10;

/// What a child may use. It is handed over as arguments, since the request is read when it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The process that started it.
    pub(super) parent: u64,
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Seconds of processor time.
    pub(super) cpu_s: u64,
    /// Bytes of a file that it writes: wasmtime keeps images of memories in such without a name.
    pub(super) file: u64,
}

impl Bounds {
    pub(super) fn arguments(self) -> [String; 4] {
        [self.parent, self.memory, self.cpu_s, self.file].map(|number| number.to_string())
    }

    /// Reads what [`Bounds::arguments`] gave.
    pub(super) fn of(arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let numbers: Vec<u64> = arguments.map(|text| text.to_str()?.parse().ok()).collect::<Option<_>>()?;
        let [parent, memory, cpu_s, file] = numbers.try_into().ok()?;
        Some(Self { parent, memory, cpu_s, file })
    }

    /// Puts them in force for this process, for good.
    ///
    /// # Errors
    /// When the system does not do it, or the parent is gone.
    pub(super) fn apply(self) -> io::Result<()> {
        dies_with_parent(self.parent)?;
        // Memory of a process that handles components of customers belongs in no file.
        limit(Resource::Core, 0, 0)?;
        limit(Resource::Nofile, FILES, FILES)?;
        limit(Resource::Fsize, self.file, self.file)?;
        // The first is told by a signal of its own, the second would kill as anyone can.
        limit(Resource::Cpu, self.cpu_s, self.cpu_s.saturating_add(1))?;
        // Address space can't be bounded, for the sandbox reserves it by the gigabyte; what is backed by
        // memory can.
        limit(Resource::Data, self.memory, self.memory)?;
        rustix::process::nice(NICE)?;
        Ok(())
    }
}

fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    // Who started this process may have less, and no right to more.
    let own = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit { current: Some(soft.min(own)), maximum: Some(hard.min(own)) };
    Ok(setrlimit(resource, limit)?)
}

#[cfg(target_os = "linux")]
fn dies_with_parent(parent: u64) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // It may have died before that was in force.
    let own = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    if own.and_then(|pid| u64::try_from(pid).ok()) == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::other("the process that started it is gone"))
    }
}

#[cfg(not(target_os = "linux"))]
fn dies_with_parent(_: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_come_through_arguments_and_nothing_else_does() {
        let bounds = Bounds { parent: 7, memory: 1 << 40, cpu_s: 60, file: 0 };
        assert_eq!(Bounds::of(bounds.arguments().into_iter().map(OsString::from)), Some(bounds));
        for wrong in [&["1", "2", "3"][..], &["1", "2", "3", "x"], &["1", "2", "3", "4", "5"], &[]] {
            assert_eq!(Bounds::of(wrong.iter().map(OsString::from)), None, "{wrong:?}");
        }
    }
}
