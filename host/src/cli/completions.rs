//! `completions`: for shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Exit, Failure, print};

/// Print a script that lets your shell complete commands and options
///
/// For bash: accoil-stream completions bash > /etc/bash_completion.d/accoil-stream
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    // Into memory first: the generator panics when it can't write.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "accoil-stream", &mut script);
    print(&script)
}
