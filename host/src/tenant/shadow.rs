//! A candidate that runs beside what is in force, on the same events, and delivers nothing.
//!
//! It has a thread of its own, of the lowest priority, and a bounded line in front of it: what does
//! not fit is not compared, and counted as shed. So the live path pays for a copy of the events and
//! no more.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::mapping::{Ran, canonical};
use crate::compare::{About, Bounds, Report, Sides, Summary};
use crate::event::{Event, now_ms};
use crate::queue::{Stored, UnixMs};
use crate::sandbox::{FaultKind, Outcome};
use crate::versions::{Candidate, Split};

/// Batches that may wait, whatever their size.
const WAITING: usize = 64;

/// The niceness of the thread: the lowest priority there is.
const NICE: i32 = 19;

/// How a candidate runs beside.
#[derive(Debug, Clone, Copy)]
pub struct ShadowConfig {
    /// Most bytes of events that wait for it.
    pub bytes: usize,
    /// Stack of its thread.
    pub stack_bytes: usize,
}

/// A candidate that runs beside.
pub struct Shadow {
    split: Split,
    line: Mutex<Option<SyncSender<Batch>>>,
    waiting: Arc<AtomicUsize>,
    most: usize,
    report: Arc<Mutex<Report>>,
    /// What waits is not looked at any more.
    is_over: Arc<AtomicBool>,
    since: UnixMs,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Events with what the versions in force made of them.
struct Batch {
    events: Vec<(Stored, Outcome)>,
    bytes: usize,
    took: Duration,
}

impl Shadow {
    /// Starts a candidate on a part of the users.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub fn start(candidate: Candidate, split: Split, config: ShadowConfig) -> io::Result<Self> {
        let (line, batches) = sync_channel(WAITING);
        let (waiting, report) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Report::new(Bounds::default()))));
        let is_over = Arc::new(AtomicBool::new(false));
        let runner = Runner {
            candidate,
            waiting: Arc::clone(&waiting),
            report: Arc::clone(&report),
            is_over: Arc::clone(&is_over),
        };
        let builder = std::thread::Builder::new().name("shadow".to_owned()).stack_size(config.stack_bytes);
        let thread = builder.spawn(move || runner.serve(&batches))?;
        Ok(Self {
            split,
            line: Mutex::new(Some(line)),
            waiting,
            most: config.bytes,
            report,
            is_over,
            since: now_ms(),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Since when it counts.
    pub fn since(&self) -> UnixMs {
        self.since
    }

    /// Forgets what was found, and counts from zero.
    pub fn forget(&self) {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Report::new(Bounds::default());
    }

    /// What was found so far.
    pub fn report(&self) -> Summary {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).summary()
    }

    /// Takes nothing any more, and waits until what was offered has been looked at, but not longer
    /// than `patience`. Blocks.
    pub fn finish(&self, patience: Duration) {
        drop(self.line.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let until = Instant::now() + patience;
        while thread.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Offers a batch that was just run. Never waits.
    pub(super) fn offer<'a>(&self, events: &[Event<'_>], stored: impl Iterator<Item = &'a Stored>, ran: &Ran) {
        let all = stored.zip(events).zip(&ran.outcomes);
        let chosen = all.filter(|((_, event), _)| self.split.takes(event));
        let (mut batch, mut count) = (Batch { events: Vec::new(), bytes: 0, took: Duration::ZERO }, 0);
        let room = self.most.saturating_sub(self.waiting.load(Ordering::Relaxed));
        for ((stored, _), ran) in chosen {
            count += 1;
            batch.bytes = batch.bytes.saturating_add(stored.body.len()).saturating_add(ran.outcome.size());
            // What does not fit is counted, but not copied.
            if batch.bytes <= room {
                batch.events.push((stored.clone(), ran.outcome.clone()));
            }
        }
        if count == 0 {
            return;
        }
        batch.took = ran.took.mul_f64(count as f64 / events.len().max(1) as f64);
        let bytes = batch.bytes;
        let is_whole = batch.events.len() as u64 == count;
        let fits = self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.most && is_whole;
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = fits && line.as_ref().is_some_and(|line| line.try_send(batch).is_ok());
        drop(line);
        if !is_taken {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            self.report.lock().unwrap_or_else(PoisonError::into_inner).add_shed(count);
        }
    }
}

/// What the thread works with.
struct Runner {
    candidate: Candidate,
    waiting: Arc<AtomicUsize>,
    report: Arc<Mutex<Report>>,
    is_over: Arc<AtomicBool>,
}

impl Runner {
    fn serve(&self, batches: &Receiver<Batch>) {
        // On Linux this is the thread's own. Without it the machine shares out evenly.
        let _ = rustix::process::nice(NICE);
        while let Ok(batch) = batches.recv() {
            self.waiting.fetch_sub(batch.bytes, Ordering::Relaxed);
            if !self.is_over.load(Ordering::Relaxed) {
                self.compare(&batch);
            }
        }
    }

    fn compare(&self, batch: &Batch) {
        let events: Vec<Event<'_>> = batch.events.iter().filter_map(|(stored, _)| canonical(stored).ok()).collect();
        let (start, ran_before) = (Instant::now(), time_on_processor());
        let outcomes = self.candidate.run(&events).outcomes;
        let time = Sides { baseline: batch.took, candidate: start.elapsed() };
        let ran = time_on_processor().zip(ran_before).map(|(after, before)| after.saturating_sub(before));
        let deadline = Duration::from_millis(self.candidate.mapping.limits().deadline_ms);
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.add_time(time);
        for ((event, (_, live)), outcome) in events.iter().zip(&batch.events).zip(&outcomes) {
            // Deadlines go by the clock, and a thread of the lowest priority may not have had its turn.
            if is_late(outcome) && ran.is_some_and(|ran| ran < deadline) {
                report.add_shed(1);
            } else {
                report.add(&About::event(event), live, outcome);
            }
        }
    }
}

fn is_late(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Fault(fault) if matches!(fault.kind, FaultKind::Deadline | FaultKind::CutShort))
}

/// How long this thread has run (Documentation/scheduler/sched-stats.rst: the first field of
/// `schedstat`, in nanoseconds); nothing, where the system does not say.
fn time_on_processor() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
