//! `compare`: what a candidate mapping would change.

mod admitting;
mod live;
mod named;
mod run;
mod sides;
mod source;
pub(super) mod text;

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;

use clap::Args;
use jiff::SignedDuration;

use self::live::Live;
use self::run::{Compared, Comparer};
use self::source::{Source, Unread};
use super::ops::text::count;
use super::ops::time::span;
use super::share::Share;
use super::transform::Complaint;
use super::{Exit, Failure, complain, is_closed, output_failure, tell};
use crate::compare::{Bounds, Report, Summary};
use crate::input::{Input, Progress};
use crate::pipeline::{Batch, in_order};

/// Say what a candidate mapping would change, by meaning
///
/// Runs two mappings over the same events and compares what each would tell
/// Accoil: accounts, users, metadata, groups and their traits, names, times,
/// skips, rejections, faults, numbers of requests. Reads what `transform`
/// reads. The same component with other settings:
///
///   accoil-stream compare --settings now.json --candidate-settings new.json events.ndjson
///
/// Or over the events that a running service was given. The baseline is the
/// version in force, and the limits are those of the configuration. Both sides
/// get events as they were sent: one without a time has none here, where the
/// service gives it that of its acceptance, and one without an id is called by
/// its place:
///
///   accoil-stream compare --tenant acme --last 24h --candidate new.wasm
///
/// The order of an object's keys means nothing; the spelling of a number does
/// (1.0 is not 1), and so does the order of groups. What a skip, a rejection or
/// a fault says in words is not compared. Instructions are counted, so a
/// deadline may meet a mapping here that is in time elsewhere.
///
/// Exit codes: 0 the share of events that differ is at most --allow; 1 it is
/// larger, or something in the input was no event or is damaged, or there was
/// no event, or a service refused; 2 wrong command line, configuration or
/// settings file, or no service there; 3 a component or its settings can't be
/// used; 4 an input could not be read to its end; 5 the result could not be
/// written.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The files to read; - is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,

    /// The events of this tenant of a running service, instead of files.
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    tenant: Option<String>,

    /// Of which time: 30m, 24h, 7d; 24h if it is not said.
    #[arg(long, value_name = "TIME", value_parser = span, requires = "tenant", conflicts_with = "files")]
    last: Option<SignedDuration>,

    /// The configuration that the service runs with; accoil.toml if it is not said.
    #[arg(long, value_name = "accoil.toml", requires = "tenant", conflicts_with = "files")]
    config: Option<PathBuf>,

    #[command(flatten)]
    sides: sides::Options,

    /// Print the report as JSON.
    #[arg(long)]
    json: bool,

    /// How many events to show of each kind of difference; at most 100.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(0..=100))]
    examples: u16,

    /// The share of events that may differ: 0.01 or 1%.
    #[arg(long, value_name = "SHARE", default_value = "0")]
    allow: Share,

    /// How many threads map; by default as many as there are processors.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let source = arguments.source()?;
    let limits = source.limits();
    let sides = arguments.sides.load(&limits, source.live())?;
    let bounds = Bounds { examples: usize::from(arguments.examples), ..Bounds::default() };
    let comparer = Comparer::new(&sides, bounds);
    let workers = arguments.threads.or_else(|| available_parallelism().ok()).map_or(1, NonZeroUsize::get);

    let (progress, meter) = (Progress::default(), source.meter());
    let unread = Mutex::new(Unread::default());
    let mut total = Total::new(comparer.report());
    let ran = in_order(
        workers,
        limits.stack_bytes * 4,
        |hand_on| {
            let left = source.read(&limits, &progress, hand_on);
            if let Ok(mut unread) = unread.lock() {
                *unread = left;
            }
        },
        |batch: Batch| comparer.compare(&batch),
        |compared| {
            total.take(&compared);
            meter.show(progress.bytes.load(Ordering::Relaxed), total.report.compared());
        },
    );
    meter.finish();
    ran.map_err(|error| Failure::new(Exit::Output, "threads", error))?;
    let summary = total.report.summary();
    print(&summary, arguments.json)?;
    Ok(total.verdict(&unread.into_inner().unwrap_or_default(), &source, arguments.allow))
}

impl Arguments {
    fn source(&self) -> Result<Source, Failure> {
        let Some(tenant) = &self.tenant else {
            return Ok(Source::Files(self.files.iter().map(|path| Input::of(path)).collect()));
        };
        let config = self.config.as_deref().unwrap_or(Path::new("accoil.toml"));
        let last = self.last.unwrap_or(SignedDuration::from_hours(24));
        Ok(Source::Service(Box::new(Live::find(config, tenant, last)?)))
    }
}

fn print(summary: &Summary, json: bool) -> Result<(), Failure> {
    let result = if json {
        serde_json::to_string_pretty(summary).map(|text| text + "\n").map_err(io::Error::from)
    } else {
        Ok(text::of(summary))
    };
    let written = result.and_then(|text| io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()));
    match written {
        Err(error) if !is_closed(&error) => Err(output_failure(&error)),
        _ => Ok(()),
    }
}

/// What was compared so far.
struct Total {
    report: Report,
    invalid: u64,
    /// How many bad lines were told.
    told: u64,
}

impl Total {
    /// How many bad lines are told one by one.
    const TOLD: u64 = 20;

    fn new(report: Report) -> Self {
        Self { report, invalid: 0, told: 0 }
    }

    fn take(&mut self, compared: &Compared) {
        self.report.merge(&compared.report);
        self.invalid += compared.invalid;
        for Complaint { code, message } in &compared.complaints {
            if self.told < Self::TOLD {
                complain(code, message);
                self.told += 1;
            }
        }
    }

    fn verdict(&self, unread: &Unread, source: &Source, allow: Share) -> Exit {
        if self.invalid > self.told {
            tell(&format!("… and {} more like these", self.invalid - self.told));
        }
        unread.errors.iter().for_each(|(code, message)| complain(code, message));
        if unread.damaged > 0 {
            complain("compare-damaged", &format!("{} left out, damaged in the store", count(unread.damaged, "event")));
        }
        let (compared, differing) = (self.report.compared(), self.report.differing());
        let within = allow.allows(differing, compared);
        if !within {
            let share = text::percent(differing, compared);
            complain("compare-differs", &format!("{share} of the events differ, and --allow is {allow}"));
        }
        let is_whole = unread.errors.is_empty();
        if compared == 0 && is_whole {
            complain("compare-nothing", &source.nothing());
        }
        match (is_whole, within && compared > 0 && self.invalid + unread.damaged == 0) {
            (false, _) => Exit::Input,
            (true, false) => Exit::Incomplete,
            (true, true) => Exit::Success,
        }
    }
}
