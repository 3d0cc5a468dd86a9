//! `mappings`: which mapping a tenant's events run under.

mod deploy;
mod list;
mod switch;

use clap::{Args, Subcommand};

use super::asker::Asker;
use super::client::Service;
use crate::cli::{Exit, Failure};

/// List, deploy, roll back or promote mappings while events flow
///
/// A version is a component with its settings. A deployment puts one in force
/// from the next event that is taken on: nothing waits, nothing is lost, and
/// what was taken before runs under the version that was in force then. Who
/// did it and why is in the audit log.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the versions of a tenant, newest first, and what is in force
    List(list::Arguments),
    Deploy(deploy::Arguments),
    /// Go back to an older version
    ///
    /// Without --to this ends the canary, if there is one, and else goes back to
    /// what was live before, never to a version that was left by going back.
    #[command(verbatim_doc_comment)]
    Rollback {
        /// Which tenant; needed if the configuration has several.
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
        /// The version to go to.
        #[arg(long, value_name = "VERSION")]
        to: Option<u32>,
        #[command(flatten)]
        asker: Asker,
        #[command(flatten)]
        service: Service,
    },
    /// Put the canary's version in force for all users
    Promote {
        /// Which tenant; needed if the configuration has several.
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
        #[command(flatten)]
        asker: Asker,
        #[command(flatten)]
        service: Service,
    },
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::List(arguments) => list::run(arguments),
        Command::Deploy(arguments) => deploy::run(arguments),
        Command::Rollback { tenant, to, asker, service } => {
            switch::roll_back(&service.find()?, tenant.as_deref(), *to, asker)
        }
        Command::Promote { tenant, asker, service } => switch::promote(&service.find()?, tenant.as_deref(), asker),
    }
}
