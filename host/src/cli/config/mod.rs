//! `config`: the configuration file, checked and described.

mod check;

use clap::{Args, Subcommand};

use super::{Exit, Failure, print};
use crate::config;

/// Check the configuration, or print its schema for editors
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    /// Print the JSON Schema of the configuration
    ///
    /// For completion and hints in editors: save it as accoil.schema.json and
    /// write this as the first line of accoil.toml:
    ///
    ///     #:schema ./accoil.schema.json
    #[command(verbatim_doc_comment)]
    Schema,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments),
        Command::Schema => {
            let mut text = serde_json::to_string_pretty(&config::schema()).unwrap_or_default();
            text.push('\n');
            print(text.as_bytes())
        }
    }
}
