//! `transform`: maps events and prints what becomes of them.

mod lines;

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;

use clap::Args;

use super::meter::Meter;
use super::reading::read_all;
use super::{Exit, Failure, complain, is_closed, mapping, output_failure, tell};
use crate::input::{self, Input, Progress};
use crate::limits::Limits;
use crate::outbound::Dialect;
use crate::pipeline::{Batch, Mapper, Tally, in_order};
pub(super) use lines::Complaint;
use lines::{Lines, Printed};

/// Map events and print, one line an event, what becomes of them
///
/// Reads lines of JSON, a JSON array, the body of a request to Amplitude's HTTP
/// V2 API ({"events": […]}), any of these gzipped, and the zip archives of
/// Amplitude's Export API. Prints one JSON object for each event, in order:
///
///   {"outcome":"deliver","events":[{"userId":…,"event":…,"groupTraits":[…]}]}
///   {"outcome":"skip","reason":…}      by a rule of the mapping
///   {"outcome":"reject","reason":…}    the mapping holds the event for broken
///   {"outcome":"fault","reason":…}     the mapping failed
///   {"outcome":"invalid","reason":…}   this was no event
///
/// A summary, and what was wrong with the input, goes to standard error. The
/// exit code is 0 only if everything in the input was an event, and every input
/// was read to its end.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The files to read; - is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    mapping: mapping::Options,

    /// Print the requests to Accoil instead, one line each: method, path, body.
    #[arg(long)]
    requests: bool,

    /// How many threads map; by default as many as there are processors.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let limits = Limits::default();
    let loaded = arguments.mapping.load(&limits)?;
    let inputs: Vec<Input> = arguments.files.iter().map(|path| Input::of(path)).collect();
    let mapper = Mapper::new(&loaded.mapping, &loaded.settings, loaded.chooser.as_ref());
    let lines = if arguments.requests { Lines::Requests(Dialect::V2) } else { Lines::Outcomes };
    let workers = arguments.threads.or_else(|| available_parallelism().ok()).map_or(1, NonZeroUsize::get);

    let progress = Progress::default();
    let meter = Meter::start(&inputs);
    let mut total = Total::new();
    let errors = Mutex::new(Vec::new());
    let ran = in_order(
        workers,
        limits.stack_bytes * 4,
        |hand_on| {
            let read = read_all(&inputs, &limits, &progress, hand_on);
            if let Ok(mut errors) = errors.lock() {
                *errors = read;
            }
        },
        |batch: Batch| lines.print(&mapper, &batch),
        |printed: Printed| {
            meter.show(progress.bytes.load(Ordering::Relaxed), total.tally.events);
            if total.take(printed).is_err() {
                progress.stop.store(true, Ordering::Relaxed);
            }
        },
    );
    meter.finish();
    ran.map_err(|error| Failure::new(Exit::Output, "threads", error))?;
    let errors = errors.into_inner().unwrap_or_default();
    total.finish(&errors)
}

/// What was printed so far, and how that went.
struct Total {
    tally: Tally,
    output: io::Stdout,
    failed: Option<io::Error>,
    /// How many bad lines were told.
    told: u64,
}

impl Total {
    /// How many bad lines are told one by one.
    const TOLD: u64 = 20;

    fn new() -> Self {
        Self { tally: Tally::default(), output: io::stdout(), failed: None, told: 0 }
    }

    fn take(&mut self, printed: Printed) -> Result<(), ()> {
        for complaint in &printed.complaints {
            if self.told < Self::TOLD {
                complain(complaint.code, &complaint.message);
                self.told += 1;
            }
        }
        self.tally.add(&printed.tally);
        if self.failed.is_none() {
            let written = self.output.write_all(printed.text.as_bytes()).and_then(|()| self.output.flush());
            self.failed = written.err();
        }
        if self.failed.is_some() { Err(()) } else { Ok(()) }
    }

    fn finish(self, errors: &[input::Error]) -> Result<Exit, Failure> {
        if self.tally.invalid > self.told {
            tell(&format!("… and {} more like these", self.tally.invalid - self.told));
        }
        errors.iter().for_each(|error| complain(error.code(), &error.to_string()));
        match self.failed {
            Some(error) if is_closed(&error) => return Ok(Exit::Success),
            Some(error) => return Err(output_failure(&error)),
            None => {}
        }
        tell(&self.tally.to_string());
        Ok(if !errors.is_empty() {
            Exit::Input
        } else if self.tally.invalid > 0 {
            Exit::Incomplete
        } else {
            Exit::Success
        })
    }
}
