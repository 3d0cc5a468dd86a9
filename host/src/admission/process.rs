//! Starting a child, talking with it within bounds, and burying it.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use super::AdmissionError;
use super::child::ARGUMENT;
use super::confine::Bounds;
use super::wire::{ANSWER_BYTES, Answer, Request};
use crate::config::AdmissionConfig;

/// The environment of a child. There is nothing else in it, and no secret. mimalloc would reserve a
/// gigabyte at once, which counts as memory.
const ENVIRONMENT: [(&str, &str); 2] = [("MIMALLOC_ARENA_EAGER_COMMIT", "0"), ("MIMALLOC_ARENA_RESERVE", "65536")];

/// How much of what a child says on standard error is kept.
const SAID_BYTES: usize = 2048;

/// How much is read from a pipe at a time.
const PIECE: usize = 64 * 1024;

/// How long a child that has said all may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// What allocators say when there is no more memory.
const OUT_OF_MEMORY: [&str; 3] = ["memory allocation of", "annot allocate memory", "out of memory"];

/// Has a child work on a request. Blocks until it has ended; there is no child left afterwards.
pub(super) fn run(config: &AdmissionConfig, request: &Request<'_>) -> Result<Answer, AdmissionError> {
    let unable = |error: io::Error| AdmissionError::Child { problem: error.to_string() };
    let bytes = request.to_bytes().map_err(unable)?;
    let bounds = Bounds {
        parent: u64::from(std::process::id()),
        memory: config.memory_bytes,
        cpu_s: config.cpu_s,
        file: request.task.limits.most_memory() as u64,
    };
    let mut running = Running(start(bounds).map_err(unable)?);
    let deadline = Instant::now() + config.wall();
    let talked = talk(&mut running.0, &bytes, deadline).map_err(unable)?;
    let Talked::Ended { answer, said } = talked else {
        return Err(AdmissionError::Time { seconds: config.wall_s, kind: "by the clock", key: "wall_s" });
    };
    let status = running.ended().map_err(unable)?;
    if status.success() {
        return Answer::read(&answer).map_err(|error| AdmissionError::answer(&error.to_string()));
    }
    Err(failure(status, &String::from_utf8_lossy(&said), config))
}

/// The program as it was started: an upgrade of its file must not mix two releases.
fn program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

fn start(bounds: Bounds) -> io::Result<Child> {
    let program = program()?;
    let mut command = Command::new(&program);
    command.arg(ARGUMENT).args(bounds.arguments()).env_clear().envs(ENVIRONMENT).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{} does not start: {error}", program.display())))
}

/// A child that does not outlive its work.
struct Running(Child);

impl Running {
    /// Waits for the end of a child that has closed its pipes.
    fn ended(&mut self) -> io::Result<ExitStatus> {
        let deadline = Instant::now() + GRACE;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                self.0.kill()?;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; then this takes it off the system's list, if nothing did before.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

enum Talked {
    /// The child closed its pipes.
    Ended { answer: Vec<u8>, said: Vec<u8> },
    /// It did not in time.
    TooLate,
}

/// Writes the request and reads the answer, whichever can go on.
fn talk(child: &mut Child, request: &[u8], deadline: Instant) -> io::Result<Talked> {
    let mut input = child.stdin.take();
    let (mut output, mut errors) = (child.stdout.take(), child.stderr.take());
    for fd in [input.as_ref().map(AsFd::as_fd), output.as_ref().map(AsFd::as_fd), errors.as_ref().map(AsFd::as_fd)] {
        fd.map_or(Ok(()), |fd| rustix::io::ioctl_fionbio(fd, true))?;
    }
    let mut unsent = request;
    let (mut answer, mut said) = (Vec::new(), Vec::new());
    while output.is_some() || errors.is_some() {
        let Some(left) = deadline.checked_duration_since(Instant::now()) else { return Ok(Talked::TooLate) };
        wait(input.as_ref(), output.as_ref(), errors.as_ref(), left)?;
        if let Some(pipe) = &mut input
            && is_done(write_some(pipe, &mut unsent))?
        {
            input = None;
        }
        if let Some(pipe) = &mut output
            && is_done(read_some(pipe, &mut answer, ANSWER_BYTES))?
        {
            output = None;
        }
        if let Some(pipe) = &mut errors
            && is_done(read_some(pipe, &mut said, SAID_BYTES))?
        {
            errors = None;
        }
    }
    Ok(Talked::Ended { answer, said })
}

/// Waits until a pipe can go on.
fn wait(
    input: Option<&ChildStdin>,
    output: Option<&ChildStdout>,
    errors: Option<&ChildStderr>,
    left: Duration,
) -> io::Result<()> {
    let mut pipes: Vec<PollFd<'_>> = Vec::with_capacity(3);
    pipes.extend(input.map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
    pipes.extend(output.map(|pipe| PollFd::new(pipe, PollFlags::IN)));
    pipes.extend(errors.map(|pipe| PollFd::new(pipe, PollFlags::IN)));
    let left = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
    match poll(&mut pipes, Some(&left)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a pipe is done with; nothing to do for now is no error.
fn is_done(result: io::Result<bool>) -> io::Result<bool> {
    match result {
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(false),
        other => other,
    }
}

fn write_some(pipe: &mut impl Write, unsent: &mut &[u8]) -> io::Result<bool> {
    while !unsent.is_empty() {
        match pipe.write(unsent) {
            Ok(count) => *unsent = unsent.get(count..).unwrap_or_default(),
            // It ended before it had read all; its status says why.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(true),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Reads what there is. What is beyond `most` is thrown away, so that a child that says too much does
/// not stand still but is refused.
fn read_some(pipe: &mut impl Read, kept: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let mut piece = [0; PIECE];
    loop {
        let count = pipe.read(&mut piece)?;
        if count == 0 {
            return Ok(true);
        }
        let room = most.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
}

/// Whether this says that there was no more memory.
pub(super) fn is_out_of_memory(said: &str) -> bool {
    OUT_OF_MEMORY.iter().any(|words| said.contains(words))
}

/// What a child that did not do its work ended of.
fn failure(status: ExitStatus, said: &str, config: &AdmissionConfig) -> AdmissionError {
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    if status.signal() == Some(Signal::XCPU.as_raw()) {
        let kind = "of processor time";
        return AdmissionError::Time { seconds: config.cpu_s, kind, key: "cpu_s" };
    }
    if is_out_of_memory(said) {
        return AdmissionError::Memory { bytes: config.memory_bytes };
    }
    let how = match (status.signal(), status.code()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "no exit code".to_owned(),
    };
    let said = if last.is_empty() { String::new() } else { format!(": {}", last.escape_debug()) };
    AdmissionError::Died { how, said }
}
