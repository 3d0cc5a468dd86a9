//! Commands on the store of a service that does not run.

use std::path::{Path, PathBuf};

use clap::Args;

use super::ops::text::count;
use super::{Exit, Failure, complain, print};
use crate::config;
use crate::queue::{QueueError, Report, SqliteQueue};

/// Make a store of a backup
///
/// Puts a file that `backup` has written in the place of the store, in the
/// data_dir of the configuration. There must be no store yet: move its files
/// away first. What was delivered after the backup was made is delivered
/// again.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Restore {
    /// The backup.
    #[arg(value_name = "FILE")]
    backup: PathBuf,

    /// The configuration.
    #[arg(long, value_name = "accoil.toml", default_value = "accoil.toml")]
    config: PathBuf,
}

/// Look through the store for damage
///
/// Reads every row of a store that is not in use, and its log, and says what
/// does not fit its checksum. Prints how many lines the audit log has and the
/// digest of the last one, as `audit --check` does. Changes nothing. What can't be seen: a log that
/// was cut exactly where a record of it ends.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Verify {
    /// The configuration.
    #[arg(long, value_name = "accoil.toml", default_value = "accoil.toml")]
    config: PathBuf,
}

impl Restore {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let folder = folder(&self.config)?;
        SqliteQueue::restore(&self.backup, &folder).map_err(|error| failure(&error))?;
        print(format!("restored {} to {}\n", self.backup.display(), folder.display()).as_bytes())
    }
}

impl Verify {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let report = SqliteQueue::verify(&folder(&self.config)?).map_err(|error| failure(&error))?;
        for problem in &report.problems {
            complain("queue-damaged", problem);
        }
        print(told(&report).as_bytes())?;
        Ok(if report.problems.is_empty() && report.damaged == 0 { Exit::Success } else { Exit::Incomplete })
    }
}

fn told(report: &Report) -> String {
    let Report { events, dead_letters, damaged, audit_lines, audit_head, log_frames, log_commits, problems: _ } =
        report;
    let head = if audit_head.is_empty() { String::new() } else { format!(", head {audit_head}") };
    format!(
        "{events} events, {dead_letters} dead letters, {damaged} damaged; log: {log_frames} frames, {log_commits} \
         transactions\naudit log: {}{head}\n",
        count(*audit_lines, "line")
    )
}

fn folder(config: &Path) -> Result<PathBuf, Failure> {
    let address =
        config::load_address(config).map_err(|problems| Failure::new(Exit::Usage, problems.code(), problems))?;
    Ok(address.server.data_dir)
}

fn failure(error: &QueueError) -> Failure {
    Failure::new(Exit::Input, error.code(), error)
}
