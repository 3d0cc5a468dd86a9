//! `dead-letters`: events that could not be delivered.

mod command;
mod filter;
mod list;
mod show;

use clap::{Args, Subcommand};

use super::client::Service;
use crate::cli::{Exit, Failure};
use filter::Filter;

/// List, show, replay or drop events that could not be delivered
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List dead letters, oldest first
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        service: Service,
    },
    /// Show one: the event, and the requests that are left
    Show {
        /// Its number in the list.
        #[arg(value_name = "ID")]
        id: i64,
        #[command(flatten)]
        service: Service,
    },
    /// Put dead letters at the end of the queue again
    ///
    /// They are mapped by the version that is in force then. What was delivered
    /// of them already is not sent again.
    #[command(verbatim_doc_comment)]
    Replay(command::Arguments),
    /// Remove dead letters for good
    Drop(command::Arguments),
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::List { filter, service } => list::run(filter, &service.find()?),
        Command::Show { id, service } => show::run(*id, &service.find()?),
        Command::Replay(arguments) => command::run("replay", "replayed", arguments),
        Command::Drop(arguments) => command::run("drop", "dropped", arguments),
    }
}
