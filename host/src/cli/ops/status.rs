//! `status`: how the service and its tenants are.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::client::{Admin, Service};
use super::text::{Moment, Selector, age, bytes, cell, count, percent, short, table};
use crate::cli::{Exit, Failure, complain};

/// How often `--watch` looks.
const EVERY: Duration = Duration::from_secs(2);

/// The window that is promised; a shorter one is told.
const PROMISED_DEDUP_S: u64 = 7 * 24 * 60 * 60;

/// Show how a running service and its tenants are
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    service: Service,

    /// Print it again every 2 seconds.
    #[arg(long)]
    watch: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let admin = arguments.service.find()?;
    if !arguments.watch {
        return show(&admin);
    }
    loop {
        // A service that restarts is looked at again.
        if let Err(failure) = show(&admin) {
            complain(&failure.code, &failure.message);
        }
        std::thread::sleep(EVERY);
        if io::stdout().write_all(b"\n").is_err() {
            // Nobody reads any more.
            return Ok(Exit::Success);
        }
    }
}

fn show(admin: &Admin) -> Result<Exit, Failure> {
    admin.print(&admin.get(&["status"], &[])?, |status: Status| status.text())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    version: String,
    uptime_s: u64,
    health: Health,
    store: Store,
    unused_config: Option<String>,
    tenants: Vec<Tenant>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Health {
    store: String,
    problem: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Store {
    file_bytes: u64,
    used_bytes: u64,
    free_bytes: u64,
    damaged: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tenant {
    name: String,
    enabled: bool,
    paused: bool,
    version: u64,
    mapping: String,
    selector: Option<Selector>,
    canary: Option<Canary>,
    watched_until: Option<Moment>,
    trial: Option<Trial>,
    rolled_back: Option<RolledBack>,
    experiment: bool,
    queued: u64,
    queued_bytes: u64,
    oldest_age_s: Option<u64>,
    delivered: u64,
    skipped: u64,
    dead_letters: u64,
    accepted_per_s: f64,
    delivered_per_s: f64,
    retrying: u64,
    destination: String,
    destination_until_s: Option<u64>,
    last_error: Option<String>,
    dedup_window_s: u64,
}

#[derive(Debug, Deserialize)]
struct Canary {
    version: u64,
    mapping: String,
    #[serde(default)]
    selector: Option<Selector>,
    share: f64,
}

/// What the version that is watched made of events, and which one takes over.
#[derive(Debug, Deserialize)]
struct Trial {
    version: u64,
    good: u64,
    events: u64,
    faults: u64,
    rejects: u64,
}

#[derive(Debug, Deserialize)]
struct RolledBack {
    at: Moment,
    condemned: u64,
    to: u64,
    from: u64,
    reason: String,
}

impl Status {
    fn text(&self) -> String {
        let store = match &self.health.problem {
            Some(problem) => format!("{}: {problem}", self.health.store),
            None => self.health.store.clone(),
        };
        let mut text = format!("accoil-stream {}, up {}, store {store}\n", self.version, age(self.uptime_s));
        let Store { file_bytes, used_bytes, free_bytes, damaged } = self.store;
        let sizes = [file_bytes, used_bytes, free_bytes].map(bytes);
        let [file, used, free] = &sizes;
        text.push_str(&format!("store of {file}, {used} in use; {free} free on the disk\n"));
        if damaged > 0 {
            text.push_str(&format!("DAMAGED: {damaged} rows of the store could not be read\n"));
        }
        if let Some(problem) = &self.unused_config {
            text.push_str(&format!("the configuration's file is not in force: {}\n", cell(problem)));
        }
        text.push('\n');
        if self.tenants.is_empty() {
            text.push_str("no tenants\n");
            return text;
        }
        let header = ["tenant", "state", "queued", "size", "oldest", "retrying", "in/s", "out/s"];
        let rows: Vec<_> = self.tenants.iter().map(Tenant::flow).collect();
        text.push_str(&table(&header, &rows));
        text.push('\n');
        let header = ["tenant", "dead letters", "delivered*", "skipped*", "version", "mapping", "destination"];
        let rows: Vec<_> = self.tenants.iter().map(Tenant::totals).collect();
        text.push_str(&table(&header, &rows));
        text.push_str("* since the start; in/s and out/s are of the last minute\n");
        self.tenants.iter().for_each(|tenant| tenant.remarks(&mut text));
        text
    }
}

impl Tenant {
    fn flow(&self) -> Vec<String> {
        let state = match (self.enabled, self.paused) {
            (true, false) => "on",
            (true, true) => "paused",
            (false, false) => "disabled",
            (false, true) => "disabled, paused",
        };
        vec![
            self.name.clone(),
            state.to_owned(),
            self.queued.to_string(),
            bytes(self.queued_bytes),
            self.oldest_age_s.map_or_else(|| "-".to_owned(), age),
            self.retrying.to_string(),
            format!("{:.1}", self.accepted_per_s),
            format!("{:.1}", self.delivered_per_s),
        ]
    }

    fn totals(&self) -> Vec<String> {
        let destination = match self.destination_until_s {
            Some(seconds) => format!("{}, next try in {}", self.destination, age(seconds)),
            None => self.destination.clone(),
        };
        let numbers = [self.dead_letters, self.delivered, self.skipped, self.version];
        let mapping = short(&self.mapping);
        let mut row = vec![self.name.clone()];
        row.extend(numbers.map(|number| number.to_string()));
        row.extend([mapping, destination]);
        row
    }

    /// What is worth a line of its own, if there is anything.
    fn remarks(&self, text: &mut String) {
        let mut remarks = self.rollout();
        if let Some(error) = &self.last_error {
            remarks.push(format!("last error: {}", cell(error)));
        }
        if self.dedup_window_s < PROMISED_DEDUP_S {
            remarks.push(format!("duplicates are recognised for {} only", age(self.dedup_window_s)));
        }
        for remark in &remarks {
            text.push_str(&format!("\n{}: {remark}", self.name));
        }
        if !remarks.is_empty() {
            text.push('\n');
        }
    }

    fn rollout(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(selector) = &self.selector {
            remarks.push(selector.text());
        }
        if let Some(Canary { version, mapping, selector, share }) = &self.canary {
            let selector = selector.as_ref().map(|selector| format!(", {}", selector.text())).unwrap_or_default();
            let (mapping, share) = (short(mapping), percent(*share));
            remarks.push(format!("canary: version {version} ({mapping}{selector}) for {share} of users"));
        }
        if let Some(until) = &self.watched_until {
            remarks.push(format!("version {} is watched until {}", self.version, until.text()));
        }
        if let Some(Trial { version, good, events, faults, rejects }) = &self.trial {
            remarks.push(format!(
                "version {version} on trial: of {} lately, {} and {} that version {good} would not have",
                count(*events, "event"),
                count(*faults, "failure"),
                count(*rejects, "reject")
            ));
        }
        if let Some(RolledBack { at, condemned, to, from, reason }) = &self.rolled_back {
            let when = at.text();
            remarks
                .push(format!("ROLLED BACK {when} from version {condemned} to {to}, from event {from} on: {reason}"));
        }
        if self.experiment {
            remarks.push("an experiment runs: see experiments status".to_owned());
        }
        remarks
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
