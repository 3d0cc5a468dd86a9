//! `completions`: for shells.

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Exit, Failure};

/// Print a script that lets your shell complete commands and options
///
/// For bash: accoil-stream completions bash > /etc/bash_completion.d/accoil-stream
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The shell.
    shell: Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "as all commands")]
pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    clap_complete::generate(arguments.shell, &mut Cli::command(), "accoil-stream", &mut io::stdout());
    Ok(Exit::Success)
}
