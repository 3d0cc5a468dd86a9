//! What is different between two configurations, for a reload: what can be taken over while events
//! flow, and what needs a restart.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::{AccoilConfig, Config, IntakeConfig, ServerConfig, Tenant, TracesConfig};
use crate::secret::Secret;

/// The differences between two configurations; names only, never a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// What became of each tenant that is not the same.
    pub tenants: BTreeMap<String, TenantChange>,
    /// Keys of `[ingest]` that changed, as `ingest.events`.
    pub ingest: Vec<String>,
    /// Keys of `[rollout]` that changed.
    pub rollout: Vec<String>,
    /// Keys of `[server]`, `[queue]`, `[limits]` and `[admission]` that changed; they count from the next start on.
    pub restart: Vec<String>,
}

/// What became of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantChange {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is there, and something about it changed.
    Changed {
        /// What it takes in: `enabled`, `paused`, keys, what is remembered.
        intake: bool,
        /// Where its calls go, and with which key.
        accoil: bool,
        /// Which component, by its path, or the settings, of the mapping or its selector. Whether the
        /// file itself changed is not looked at.
        mapping: bool,
        /// How its calls are delivered: `[delivery]`, or its own values.
        delivery: bool,
    },
}

impl Changes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// One line for each, for logs: `tenant acme: mapping`, `ingest.events`,
    /// `queue.bytes (needs a restart)`.
    pub fn lines(&self) -> Vec<String> {
        let tenants = self.tenants.iter().map(|(name, change)| format!("tenant {name}: {}", change.words()));
        let restart = self.restart.iter().map(|key| format!("{key} (needs a restart)"));
        tenants.chain(self.ingest.iter().chain(&self.rollout).cloned()).chain(restart).collect()
    }
}

impl TenantChange {
    fn words(self) -> String {
        match self {
            Self::Added => "added".to_owned(),
            Self::Removed => "removed".to_owned(),
            Self::Changed { intake, accoil, mapping, delivery } => {
                let all = [("intake", intake), ("accoil", accoil), ("mapping", mapping), ("delivery", delivery)];
                let changed: Vec<&str> = all.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect();
                changed.join(", ")
            }
        }
    }
}

/// What changed from `old` to `new`.
pub fn changes(old: &Config, new: &Config) -> Changes {
    let mut tenants = BTreeMap::new();
    for tenant in &old.tenants {
        match new.tenants.iter().find(|other| other.name == tenant.name) {
            None => drop(tenants.insert(tenant.name.clone(), TenantChange::Removed)),
            Some(other) => {
                tenants.extend(changed((old, tenant), (new, other)).map(|change| (tenant.name.clone(), change)));
            }
        }
    }
    for tenant in &new.tenants {
        if old.tenants.iter().all(|other| other.name != tenant.name) {
            tenants.insert(tenant.name.clone(), TenantChange::Added);
        }
    }
    let mut restart = server(&old.server, &new.server);
    restart.extend(keys("queue", &old.queue, &new.queue));
    restart.extend(keys("limits", &old.limits, &new.limits));
    restart.extend(keys("admission", &old.admission, &new.admission));
    let rollout = keys("rollout", &old.rollout, &new.rollout);
    Changes { tenants, ingest: keys("ingest", &old.ingest, &new.ingest), rollout, restart }
}

fn changed(old: (&Config, &Tenant), new: (&Config, &Tenant)) -> Option<TenantChange> {
    let intake = !same_intake(&old.1.intake, &new.1.intake);
    let accoil = !same_accoil(&old.1.accoil, &new.1.accoil);
    let mapping = (&old.1.mapping, &old.1.selector) != (&new.1.mapping, &new.1.selector);
    let delivery = old.0.delivery_of(old.1) != new.0.delivery_of(new.1);
    let any = intake || accoil || mapping || delivery;
    any.then_some(TenantChange::Changed { intake, accoil, mapping, delivery })
}

/// Each struct is taken apart, so that a new field can't be forgotten here.
fn same_intake(old: &IntakeConfig, new: &IntakeConfig) -> bool {
    let IntakeConfig { enabled, paused, ingest_keys, remember_group_properties, remember_user_properties } = old;
    let flags = (enabled, paused, remember_group_properties, remember_user_properties);
    let new_flags = (&new.enabled, &new.paused, &new.remember_group_properties, &new.remember_user_properties);
    let keys = ingest_keys.iter().zip(&new.ingest_keys).all(|(one, other)| same_secret(one, other));
    flags == new_flags && ingest_keys.len() == new.ingest_keys.len() && keys
}

/// Without what belongs to delivery.
fn same_accoil(old: &AccoilConfig, new: &AccoilConfig) -> bool {
    let AccoilConfig {
        api_key,
        endpoint,
        allow_private_endpoint,
        auth,
        dialect,
        combined_url,
        ca_file,
        in_flight: _,
        requests_per_second: _,
    } = old;
    same_secret(api_key, &new.api_key)
        && (endpoint, allow_private_endpoint, auth) == (&new.endpoint, &new.allow_private_endpoint, &new.auth)
        && (dialect, combined_url, ca_file) == (&new.dialect, &new.combined_url, &new.ca_file)
}

fn same_secret(old: &Secret, new: &Secret) -> bool {
    old.expose().as_bytes().ct_eq(new.expose().as_bytes()).into()
}

fn server(old: &ServerConfig, new: &ServerConfig) -> Vec<String> {
    let ServerConfig { listen, admin_listen, admin_token, data_dir, tls, drain, log, log_format, traces } = old;
    let same_token = match (admin_token, &new.admin_token) {
        (Some(old), Some(new)) => same_secret(old, new),
        (old, new) => old.is_none() && new.is_none(),
    };
    // A certificate can be renewed while it runs; speaking TLS or not can't be changed.
    let same_tls = tls.is_some() == new.tls.is_some();
    let same_traces = match (traces, &new.traces) {
        (Some(old), Some(new)) => same_traces(old, new),
        (old, new) => old.is_none() && new.is_none(),
    };
    let all = [
        ("listen", *listen == new.listen),
        ("admin_listen", *admin_listen == new.admin_listen),
        ("admin_token", same_token),
        ("data_dir", *data_dir == new.data_dir),
        ("tls", same_tls),
        ("drain_s", *drain == new.drain),
        ("log", *log == new.log),
        ("log_format", *log_format == new.log_format),
        ("traces", same_traces),
    ];
    all.iter().filter(|(_, same)| !same).map(|(name, _)| format!("server.{name}")).collect()
}

fn same_traces(old: &TracesConfig, new: &TracesConfig) -> bool {
    let TracesConfig { endpoint, sample, headers, service_name, ca_file } = old;
    let mut pairs = headers.iter().zip(&new.headers);
    let same_headers =
        pairs.all(|((name, value), (new_name, new_value))| name == new_name && same_secret(value, new_value));
    (endpoint, sample, service_name, ca_file) == (&new.endpoint, &new.sample, &new.service_name, &new.ca_file)
        && headers.len() == new.headers.len()
        && same_headers
}

/// The keys of a table whose values differ.
fn keys(table: &str, old: &impl Serialize, new: &impl Serialize) -> Vec<String> {
    let (old, new): (Value, Value) = (value_of(old), value_of(new));
    let keys = |of: &'_ Value| of.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    // One that can be left out may be in one of them alone.
    let all: BTreeSet<String> = keys(&old).into_iter().chain(keys(&new)).collect();
    all.into_iter().filter(|key| old.get(key) != new.get(key)).map(|key| format!("{table}.{key}")).collect()
}

fn value_of(config: &impl Serialize) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}
