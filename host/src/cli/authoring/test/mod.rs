//! `test`: does a plugin do what its cases say?

mod session;
mod show;
mod watch;

use std::path::PathBuf;

use clap::Args;

use self::session::Session;
use super::rules;
use crate::cli::{Exit, Failure};

/// Run a plugin's cases and show what differs
///
/// A case is a JSON file in the folder cases/: of the plugin's folder, or
/// beside the component.
///
///   {"name": "the paying account is preferred",
///    "settings": {…},            of the plugin; {} if they are not there
///    "mapping_settings": {…},    of the mapping that a selector works with
///    "events": [ … ],            as they come from Amplitude
///    "expected": [ … ]}          an outcome for each, as transform prints it
///
/// An event without an id is called by its place, counted from 0.
///
/// Each case runs in the same sandbox and under the same limits as in the
/// service: as a batch, again, and event by event. It fails when an outcome is
/// another one, also when only one of these runs differs, or when an event uses
/// more than it may. The order of names means nothing, the digits of numbers do.
///
/// What an event used is that of a call of its own: time and memory (of a
/// selector, its own), instructions as admission counts them (fuel; a selector
/// and its mapping together), bytes that were given back.
///
/// Exit codes: 0 every case passed; 1 one did not; 2 wrong command line, a file
/// is no case, or there is none; 3 a component can't be used; 5 a file could
/// not be written.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    /// The plugin's folder, or a component.
    #[arg(value_name = "DIR|X.wasm", default_value = ".")]
    plugin: PathBuf,

    /// Where the cases are, if they are not in their place.
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,

    /// For a selector: the mapping that it works with, instead of the built-in
    /// one.
    #[arg(long, value_name = "X.wasm")]
    mapping: Option<PathBuf>,

    #[command(flatten)]
    options: rules::Options,

    /// Write what comes now into the cases as what is expected. The rest of
    /// each file stays as it is.
    #[arg(long)]
    update: bool,

    /// Run again whenever the component or a case changes, until Ctrl-C.
    #[arg(long, conflicts_with = "update")]
    watch: bool,

    /// Show what each event used, not only the most of a case.
    #[arg(long)]
    usage: bool,

    /// Write a report in JUnit's XML, for CI systems.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let session = Session::new(arguments)?;
    if arguments.watch { watch::run(session) } else { session.once() }
}
