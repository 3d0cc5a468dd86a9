//! `experiments`: a candidate beside what is in force, without delivering.

mod text;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::asker::Asker;
use super::client::{Admin, Service};
use super::offer::{Offer, Options};
use crate::cli::share::Share;
use crate::cli::{Exit, Failure};
use text::{Experiment, Found};

/// Run a candidate mapping beside the live one, and tell what it would change
///
/// The candidate maps the same events as the live version, and delivers
/// nothing. Each tenant has one experiment at a time. It goes on after a
/// restart, and counts anew.
///
///   experiments start new.wasm --tenant acme --share 10% --reason "plan trait"
///   experiments status --tenant acme --allow 0.5%
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start an experiment
    Start(Box<Start>),
    /// Show what it found so far
    Status(Status),
    /// End it, and show what it found
    Stop(Stop),
}

#[derive(Debug, Args)]
struct Start {
    #[command(flatten)]
    offer: Options,

    /// Which tenant; needed if the configuration has several.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    /// On which part of the users, such as 10%.
    #[arg(long, value_name = "SHARE", value_parser = Share::of_some, default_value = "100%")]
    share: Share,

    #[command(flatten)]
    asker: Asker,

    #[command(flatten)]
    service: Service,
}

#[derive(Debug, Args)]
struct Status {
    /// Which tenant; needed if the configuration has several.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    #[command(flatten)]
    gate: Gate,

    #[command(flatten)]
    service: Service,
}

#[derive(Debug, Args)]
struct Stop {
    /// Which tenant; needed if the configuration has several.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    #[command(flatten)]
    gate: Gate,

    #[command(flatten)]
    asker: Asker,

    #[command(flatten)]
    service: Service,
}

#[derive(Debug, Args)]
struct Gate {
    /// Exit with 1 when more than this share of the events differ, or when
    /// none was compared.
    #[arg(long, value_name = "SHARE")]
    allow: Option<Share>,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    tenant: String,
    #[serde(flatten)]
    offer: &'a Offer,
    share: f64,
    by: String,
    reason: &'a str,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Start(arguments) => start(arguments),
        Command::Status(Status { tenant, gate, service }) => {
            let admin = service.find()?;
            let tenant = admin.tenant(tenant.as_deref())?;
            tell(&admin, &admin.get(&["experiments"], &[("tenant", tenant)])?, gate)
        }
        Command::Stop(Stop { tenant, gate, asker, service }) => {
            let admin = service.find()?;
            let tenant = admin.tenant(tenant.as_deref())?;
            let body = json!({ "tenant": tenant, "by": asker.by(), "reason": asker.reason });
            tell(&admin, &admin.post(&["experiments", "stop"], &body)?, gate)
        }
    }
}

fn start(arguments: &Start) -> Result<Exit, Failure> {
    let Start { offer, tenant, share, asker, service } = arguments;
    let admin = service.find()?;
    let tenant = admin.tenant(tenant.as_deref())?;
    let offer = offer.read(&admin.address.limits)?;
    let body = Body { tenant, offer: &offer, share: share.fraction(), by: asker.by(), reason: &asker.reason };
    admin.print(&admin.post(&["experiments", "start"], &body)?, |started: Experiment| started.text())
}

fn tell(admin: &Admin, answer: &str, gate: &Gate) -> Result<Exit, Failure> {
    let found: Found = admin.read(answer)?;
    admin.print(answer, |found: Found| found.text())?;
    Ok(if gate.allows(&found) { Exit::Success } else { Exit::Incomplete })
}

impl Gate {
    fn allows(&self, found: &Found) -> bool {
        let events = &found.report.events;
        self.allow.is_none_or(|share| events.compared > 0 && share.allows(events.differing, events.compared))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
