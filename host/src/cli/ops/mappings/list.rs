//! `mappings list`

use clap::Args;
use serde::Deserialize;

use crate::cli::ops::client::Service;
use crate::cli::ops::text::{Moment, Selector, count, percent, short, table};
use crate::cli::{Exit, Failure};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Which tenant; needed if the configuration has several.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    /// How many versions and changes at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: usize,

    #[command(flatten)]
    service: Service,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let admin = arguments.service.find()?;
    let tenant = admin.tenant(arguments.tenant.as_deref())?;
    let answer = admin.get(&["versions"], &[("tenant", tenant), ("limit", arguments.limit.to_string())])?;
    admin.print(&answer, |listed: Listed| listed.text())
}

#[derive(Debug, Deserialize)]
struct Listed {
    tenant: String,
    in_force: Activation,
    versions: Vec<Version>,
    activations: Vec<Activation>,
    #[serde(default)]
    more: bool,
    #[serde(default)]
    older: Older,
}

/// How many are not listed; nothing where the service does not say it.
#[derive(Debug, Default, Deserialize)]
struct Older {
    versions: u64,
    activations: u64,
}

#[derive(Debug, Deserialize)]
struct Version {
    version: u64,
    at: Moment,
    by: String,
    reason: String,
    mapping: Option<String>,
    settings_digest: Option<String>,
    #[serde(default)]
    selector: Option<Selector>,
}

#[derive(Debug, Deserialize)]
struct Activation {
    from: u64,
    at: Moment,
    version: u64,
    #[serde(default)]
    canary: Option<Canary>,
    by: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Canary {
    version: u64,
    share: f64,
}

impl Listed {
    fn text(&self) -> String {
        let in_force = &self.in_force;
        let mut text = format!("{}: {} from event {} on\n\n", self.tenant, in_force.what(), in_force.from);
        let rows: Vec<_> = self.versions.iter().map(Version::row).collect();
        text.push_str(&table(
            &["version", "made", "mapping", "settings", "selector", "its settings", "by", "reason"],
            &rows,
        ));
        text.push('\n');
        let rows: Vec<_> = self.activations.iter().map(Activation::row).collect();
        text.push_str(&table(&["from event", "since", "in force", "by", "reason"], &rows));
        if self.more {
            let Older { versions, activations } = self.older;
            let (versions, activations) = (count(versions, "older version"), count(activations, "older change"));
            text.push_str(&format!("… and {versions} and {activations}; ask for them with --limit (1000 at most)\n"));
        }
        text
    }
}

impl Version {
    fn row(&self) -> Vec<String> {
        let digest = |digest: &Option<String>| digest.as_deref().map_or_else(|| "-".to_owned(), short);
        vec![
            self.version.to_string(),
            self.at.text(),
            digest(&self.mapping),
            digest(&self.settings_digest),
            self.selector.as_ref().map_or_else(|| "-".to_owned(), |selector| short(&selector.component)),
            self.selector.as_ref().map_or_else(|| "-".to_owned(), |selector| short(&selector.settings_digest)),
            self.by.clone(),
            self.reason.clone(),
        ]
    }
}

impl Activation {
    fn what(&self) -> String {
        match &self.canary {
            Some(canary) => {
                format!("version {}, {} of users on version {}", self.version, percent(canary.share), canary.version)
            }
            None => format!("version {}", self.version),
        }
    }

    fn row(&self) -> Vec<String> {
        vec![self.from.to_string(), self.at.text(), self.what(), self.by.clone(), self.reason.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    const LISTED: &str = r#"{"tenant":"acme",
        "in_force":{"activation":9,"from":120,"at":"2026-01-02T03:04:05.678Z","version":1,
          "canary":{"version":2,"share":0.05},"fallback":null,"by":"me","reason":"try"},
        "versions":[
          {"version":2,"at":"2026-01-02T03:04:05.678Z","by":"me","reason":"try",
           "mapping":"sha256:abcdef0123456789","settings_digest":"fedcba9876543210","settings":{},
           "selector":{"component":"sha256:0123456789abcdef","settings_digest":"aabbccddeeff0011","on_fault":"dead-letter"}},
          {"version":1,"at":"2026-01-01T00:00:00Z","by":"configuration","reason":"configured in accoil.toml",
           "mapping":null,"settings_digest":null,"settings":null}],
        "activations":[
          {"activation":9,"from":120,"at":"2026-01-02T03:04:05.678Z","version":1,
           "canary":{"version":2,"share":0.05},"by":"me","reason":"try"},
          {"activation":1,"from":1,"at":"2026-01-01T00:00:00Z","version":1,"canary":null,"by":"configuration",
           "reason":"configured in accoil.toml"}],
        "more":true,"older":{"versions":0,"activations":1}}"#;

    #[test]
    fn versions_and_what_was_in_force_are_tables() {
        let listed: Listed = serde_json::from_str(LISTED).unwrap();
        let expected = r"acme: version 1, 5% of users on version 2 from event 120 on

version  made                  mapping       settings      selector      its settings  by             reason
      2  2026-01-02T03:04:05Z  abcdef012345  fedcba987654  0123456789ab  aabbccddeeff  me             try
      1  2026-01-01T00:00:00Z  -             -             -             -             configuration  configured in accoil.toml

from event  since                 in force                             by             reason
       120  2026-01-02T03:04:05Z  version 1, 5% of users on version 2  me             try
         1  2026-01-01T00:00:00Z  version 1                            configuration  configured in accoil.toml
… and 0 older versions and 1 older change; ask for them with --limit (1000 at most)
";
        assert_eq!(listed.text(), expected);
    }

    #[test]
    fn the_tenant_and_the_limit_are_asked_for() {
        let service = StandIn::always(200, LISTED);
        let folder = service.folder();
        let options = Service { config: folder.path().join("accoil.toml"), json: false };
        run(&Arguments { tenant: None, limit: 7, service: options }).unwrap();
        assert_eq!(service.seen()[0].line, "GET /versions?tenant=acme&limit=7");
    }
}
