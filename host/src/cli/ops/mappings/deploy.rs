//! `mappings deploy`

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::cli::ops::asker::Asker;
use crate::cli::ops::client::{Admin, Answer, Service};
use crate::cli::ops::offer::{Offer, Options};
use crate::cli::ops::text::{percent, short};
use crate::cli::share::Share;
use crate::cli::{Exit, Failure, print, printable};

/// Put a mapping in force for tenants of a running service
///
/// The component is admitted first: compiled, tried on the tenant's last
/// events, its settings checked. A refusal changes nothing. The version before
/// is kept ready: while the new one is watched, what it fails on is run by the
/// one before, and when that is too much, that one is in force again.
///
///   mappings deploy new.wasm --tenant acme --canary 5% --reason "plan trait"
///   mappings promote --tenant acme --reason "a day without faults"
///
/// Several tenants are done one after the other, up to the first refusal.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    offer: Options,

    /// Which tenant; may be repeated. Needed if the configuration has several.
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    tenant: Vec<String>,

    /// All tenants: each is looked at for a while before the next one follows.
    #[arg(long)]
    all: bool,

    /// For a part of the users only, such as 5%.
    #[arg(long, value_name = "SHARE", value_parser = Share::of_some)]
    canary: Option<Share>,

    /// Only if this version is live now.
    #[arg(long, value_name = "VERSION", conflicts_with = "all")]
    expect: Option<u32>,

    /// Only say whether it would be admitted.
    #[arg(long)]
    dry_run: bool,

    /// How long each tenant of --all is looked at, in seconds, unless it has
    /// mapped enough events before.
    #[arg(long, value_name = "SECONDS", requires = "all")]
    look: Option<u64>,

    #[command(flatten)]
    asker: Asker,

    #[command(flatten)]
    service: Service,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    all: bool,
    #[serde(flatten)]
    offer: &'a Offer,
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expect: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    look_s: Option<u64>,
    by: String,
    reason: &'a str,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let admin = arguments.service.find()?;
    let offer = arguments.offer.read(&admin.address.limits)?;
    if arguments.all {
        return to_all(&admin, &arguments.body(None, &offer));
    }
    let names: Vec<Option<&str>> = match arguments.tenant.as_slice() {
        [] => vec![None],
        names => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    // A name that is wrong is noticed before anything is done.
    let names = names.into_iter().map(|name| admin.tenant(name)).collect::<Result<Vec<_>, _>>()?;
    for name in &names {
        let answer = admin.post(&["versions", "deploy"], &arguments.body(Some(name), &offer))?;
        admin.print(&answer, |deployed: Deployed| deployed.text())?;
    }
    Ok(Exit::Success)
}

/// What was done is told also when it stopped.
fn to_all(admin: &Admin, body: &Body<'_>) -> Result<Exit, Failure> {
    let Answer { status, text } = admin.try_post(&["versions", "deploy"], body)?;
    let all: All = match serde_json::from_str(&text) {
        Ok(all) => all,
        Err(_) if !status.is_success() => return Err(admin.refused(status, &text)),
        Err(_) => admin.read(&text)?,
    };
    let told: String = match admin.prints_json() {
        true => format!("{}\n", text.trim_end()),
        false => printable(&all.deployed.iter().map(Deployed::text).collect::<String>()),
    };
    print(told.as_bytes())?;
    match &all.stopped {
        None if status.is_success() => Ok(Exit::Success),
        _ => Err(admin.refused(status, &text)),
    }
}

impl Arguments {
    fn body<'a>(&'a self, tenant: Option<&'a str>, offer: &'a Offer) -> Body<'a> {
        Body {
            tenant,
            all: self.all,
            offer,
            canary: self.canary.map(Share::fraction),
            expect: self.expect,
            dry_run: self.dry_run,
            look_s: self.look,
            by: self.asker.by(),
            reason: &self.asker.reason,
        }
    }
}

#[derive(Debug, Deserialize)]
struct All {
    deployed: Vec<Deployed>,
    stopped: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Deployed {
    tenant: String,
    mapping: String,
    settings_digest: String,
    version: Option<u64>,
    #[serde(default)]
    live: Option<u64>,
    #[serde(default)]
    canary: Option<f64>,
    from: Option<u64>,
    #[serde(default = "yes")]
    changed: bool,
    before: Before,
    times_ms: Times,
}

#[derive(Debug, Deserialize)]
struct Before {
    version: u64,
    mapping: String,
    settings_digest: String,
}

#[derive(Debug, Deserialize)]
struct Times {
    admission: f64,
    switch: f64,
    write: f64,
    #[serde(default)]
    total: Option<f64>,
}

fn yes() -> bool {
    true
}

impl Deployed {
    fn text(&self) -> String {
        let (tenant, before) = (&self.tenant, self.before.version);
        let from = self.from.unwrap_or_default();
        let what = match (self.version, self.canary) {
            (None, _) => format!("would be admitted; version {before} stays in force"),
            (Some(version), _) if !self.changed => format!("version {version} is in force already; nothing changed"),
            (Some(version), Some(share)) => format!(
                "version {version} is in force for {} of users from event {from} on, beside version {}",
                percent(share),
                self.live.unwrap_or(before)
            ),
            (Some(version), None) => {
                format!("version {version} is in force from event {from} on; before it was version {before}")
            }
        };
        let Times { admission, switch, write, total } = self.times_ms;
        let total = total.map(|total| format!(", {total:.1} ms in all")).unwrap_or_default();
        format!(
            "{tenant}: {what}\n  mapping   {} → {}\n            {}\n  settings  {} → {}\n            sha256:{}\n  \
             took      admission {admission:.1} ms, switch {switch:.2} ms, its write {write:.2} ms{total}\n",
            short(&self.before.mapping),
            short(&self.mapping),
            self.mapping,
            short(&self.before.settings_digest),
            short(&self.settings_digest),
            self.settings_digest,
        )
    }
}

#[cfg(test)]
#[path = "deploy_tests.rs"]
mod tests;
