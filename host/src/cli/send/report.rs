//! What `send` did: counts, the file of what failed, the summary.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::accoil::write_request_line;
use crate::cli::{Exit, Failure, complain, tell};
use crate::config::Tenant;
use crate::outbound::{Decision, FailureReason, Novelty, Outcome, Unit};
use crate::pipeline::Tally;

use super::prepare::Prepared;

/// How many bad lines, or failed events, are told one by one.
const TOLD: u64 = 20;

/// Counts what happens and writes down what failed.
pub(super) struct Report {
    failed_path: PathBuf,
    dry_run: bool,
    /// Shared with the part of the report that the reading writes.
    failed_file: Option<File>,
    write_error: Option<io::Error>,
    told: u64,
    tally: Tally,
    requests: u64,
    input_errors: usize,
    sent: u64,
    unchanged: u64,
    retries: u64,
    failed: u64,
    /// Why delivery was stopped, if it was.
    pub(super) stopped: Option<FailureReason>,
}

impl Report {
    /// A report; the file of what failed must not exist yet, so that nothing that failed before
    /// is overwritten.
    pub(super) fn new(failed_path: &Path, files: &[PathBuf], dry_run: bool) -> Result<Self, Failure> {
        let refuse =
            |code, problem| Err(Failure::new(Exit::Usage, code, format!("{}: {problem}", failed_path.display())));
        let folder = failed_path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if dry_run {
            return Ok(Self::empty(failed_path, dry_run));
        }
        if failed_path.symlink_metadata().is_ok() {
            let problem = if files.iter().any(|file| file == failed_path) {
                "is what is sent, so what fails again needs another file: choose it with --failed"
            } else {
                "exists already; send it first, or choose another file with --failed"
            };
            return refuse("failed-file-exists", problem);
        }
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return refuse("failed-file-folder", "is in no folder that there is; choose another file with --failed");
        }
        Ok(Self::empty(failed_path, dry_run))
    }

    fn empty(failed_path: &Path, dry_run: bool) -> Self {
        Self {
            failed_path: failed_path.to_owned(),
            dry_run,
            failed_file: None,
            write_error: None,
            told: 0,
            tally: Tally::default(),
            requests: 0,
            input_errors: 0,
            sent: 0,
            unchanged: 0,
            retries: 0,
            failed: 0,
            stopped: None,
        }
    }

    /// A part that another thread fills; given back with [`Report::take_reading`].
    pub(super) fn of_reading(&self) -> Self {
        Self::empty(&self.failed_path, self.dry_run)
    }

    /// Takes back the part that the reading filled.
    pub(super) fn take_reading(&mut self, reading: Self) {
        self.tally.add(&reading.tally);
        self.requests += reading.requests;
        self.input_errors += reading.input_errors;
        self.failed += reading.failed;
        self.write_error = self.write_error.take().or(reading.write_error);
    }

    /// What was read and mapped.
    pub(super) fn prepared(&mut self, prepared: &Prepared) {
        for complaint in &prepared.complaints {
            self.tell(complaint.code, &complaint.message);
        }
        self.requests += prepared.requests;
        self.failed += prepared.failed_events;
        if !self.dry_run {
            self.write_failed(&prepared.failed);
        }
    }

    /// The end of the reading.
    pub(super) fn read(&mut self, tally: &Tally, input_errors: usize) {
        self.tally.add(tally);
        self.input_errors += input_errors;
    }

    /// Whether going on makes no sense, since nothing can be written.
    pub(super) fn has_failed(&self) -> bool {
        self.write_error.is_some()
    }

    /// How a unit ended.
    pub(super) fn delivered(&mut self, outcome: &Outcome) {
        self.sent += u64::from(outcome.sent);
        self.unchanged += u64::from(outcome.unchanged);
        self.retries += u64::from(outcome.retries);
        if let Some(failure) = &outcome.failure {
            self.failed += 1;
            let status = failure.status.map(|status| format!(" (status {status})")).unwrap_or_default();
            self.tell(failure.reason.code(), &format!("{}: {}{status}", outcome.id, failure.reason.message()));
            let mut lines = String::new();
            failure.write_lines(&outcome.id, &mut lines);
            self.write_failed(&lines);
        }
    }

    /// Prints what would be sent of a unit.
    pub(super) fn would_send(&mut self, unit: &Unit, novelty: &Novelty) {
        let mut lines = String::new();
        for call in &unit.calls {
            let decision = novelty.decide(call);
            if decision == Decision::NothingNew {
                self.unchanged += 1;
                continue;
            }
            self.sent += 1;
            match decision {
                Decision::SendWithoutTraits => write_request_line(&crate::outbound::without_traits(call), &mut lines),
                _ => write_request_line(call, &mut lines),
            }
            lines.push('\n');
            novelty.delivered(call, decision);
        }
        if self.write_error.is_none() {
            self.write_error = io::stdout().write_all(lines.as_bytes()).err();
        }
    }

    fn tell(&mut self, code: &str, message: &str) {
        self.told += 1;
        match self.told {
            ..=TOLD => complain(code, message),
            number if number == TOLD + 1 => tell("… more like these are counted, not told"),
            _ => {}
        }
    }

    fn write_failed(&mut self, lines: &str) {
        if lines.is_empty() || self.write_error.is_some() {
            return;
        }
        let written = self.open_failed().and_then(|file| file.write_all(lines.as_bytes()));
        self.write_error = written.err();
    }

    /// Both parts of a report append to the same file.
    fn open_failed(&mut self) -> io::Result<&mut File> {
        if self.failed_file.is_none() {
            self.failed_file = Some(OpenOptions::new().append(true).create(true).open(&self.failed_path)?);
        }
        self.failed_file.as_mut().ok_or_else(|| io::Error::other("not open"))
    }

    /// The summary, and the exit code.
    pub(super) fn finish(self, tenant: &Tenant) -> Result<Exit, Failure> {
        if let Some(error) = self.write_error {
            if self.dry_run && crate::cli::is_closed(&error) {
                return Ok(Exit::Success);
            }
            let place =
                if self.dry_run { "standard output".to_owned() } else { self.failed_path.display().to_string() };
            return Err(Failure::new(Exit::Output, "output-write", format!("{place}: {error}")));
        }
        tell(&self.tally.to_string());
        if self.requests > 0 {
            tell(&format!("{} lines were requests already", self.requests));
        }
        let verb = if self.dry_run { "would be sent" } else { "sent" };
        tell(&format!(
            "{} requests {verb} to {}, {} not sent because they say nothing new, {} retries",
            self.sent,
            tenant.destination_name(),
            self.unchanged,
            self.retries
        ));
        if let Some(reason) = self.stopped {
            complain(reason.code(), reason.message());
        }
        if self.failed > 0 && !self.dry_run {
            tell(&format!("{} not delivered; send them again from {}", self.failed, self.failed_path.display()));
        }
        Ok(if self.input_errors > 0 {
            Exit::Input
        } else if self.failed > 0 || self.tally.invalid > 0 {
            Exit::Incomplete
        } else {
            Exit::Success
        })
    }
}
