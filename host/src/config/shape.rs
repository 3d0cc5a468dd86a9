//! What can be written in the file, and every default.
//!
//! A new key goes in here and in `keys`, and a number in `ranges`; tests hold the three together.
//! What must be there is an `Option` all the same: `check` says that it is missing, after all else
//! has been read. The comments are what an editor shows (`schema`).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service::{IngestConfig, LogFormat, QueueConfig};
use super::{AdmissionConfig, DeliveryConfig, RolloutConfig};
use crate::limits::Limits;
use crate::sandbox::OnFault;
use crate::secret::SecretSource;

/// What `component` says for the mapping in this binary.
pub(super) const DEFAULT_COMPONENT: &str = "default";

/// The configuration of accoil-stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Where the service listens, and where its store is.
    #[serde(default)]
    pub(super) server: ServerTable,
    /// What a request may be.
    #[serde(default)]
    pub(super) ingest: IngestConfig,
    /// How much is kept, and for how long.
    #[serde(default)]
    pub(super) queue: QueueConfig,
    /// The products or customers.
    #[schemars(length(min = 1))]
    #[schemars(required)]
    pub(super) tenants: Option<Vec<TenantTable>>,
    /// How calls are sent and sent again.
    #[serde(default)]
    pub(super) delivery: DeliveryConfig,
    /// How new versions of mappings are watched, and candidates tried.
    #[serde(default)]
    pub(super) rollout: RolloutConfig,
    /// What a mapping may use.
    #[serde(default)]
    pub(super) limits: Limits,
    /// What taking in a component may cost.
    #[serde(default)]
    pub(super) admission: AdmissionConfig,
}

/// Where the service listens, and where its store is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServerTable {
    /// Where events come in.
    pub(super) listen: SocketAddr,
    /// Where operators ask and command; beyond loopback it needs `admin_token`.
    pub(super) admin_listen: SocketAddr,
    /// The bearer token of `admin_listen`. Without it `serve` makes one and keeps it in `data_dir`.
    pub(super) admin_token: Option<SecretSource>,
    /// The folder of the store, relative to this file.
    pub(super) data_dir: PathBuf,
    /// TLS of `listen`; plain HTTP without it.
    pub(super) tls: Option<TlsTable>,
    /// Most seconds for ending requests and deliveries under way when the service stops.
    pub(super) drain_s: u64,
    /// What is logged, in the form of `RUST_LOG`: `info`, or `warn,accoil_stream=debug`.
    pub(super) log: String,
    /// How it is logged.
    pub(super) log_format: LogFormat,
    /// Where traces are sent; none are made without it. Needs a program built with the feature `traces`.
    pub(super) traces: Option<TracesTable>,
}

impl Default for ServerTable {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            admin_token: None,
            data_dir: PathBuf::from("data"),
            tls: None,
            drain_s: 35,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            traces: None,
        }
    }
}

/// TLS of `listen`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsTable {
    /// The certificate chain, PEM, relative to this file.
    #[schemars(required)]
    pub(super) certificate: Option<PathBuf>,
    /// The private key, PEM.
    #[schemars(required)]
    pub(super) key: Option<SecretSource>,
}

/// Where traces are sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TracesTable {
    /// What takes them, by OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`. Plain HTTP for private
    /// addresses only.
    #[schemars(required)]
    pub(super) endpoint: Option<String>,
    /// The share of requests, batches and attempts that are traced, from 0 to 1.
    #[serde(default = "one_percent")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(super) sample: f64,
    /// Headers that are sent with them, such as a key of the vendor.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, SecretSource>,
    /// What the service is called in them.
    #[serde(default = "own_name")]
    pub(super) service_name: String,
    /// Certificates to trust instead of the built-in ones, PEM, relative to this file.
    pub(super) ca_file: Option<PathBuf>,
}

fn one_percent() -> f64 {
    0.01
}

fn own_name() -> String {
    "accoil-stream".to_owned()
}

fn yes() -> bool {
    true
}

/// One product or customer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantTable {
    /// Its name: letters, digits, `-`, `_` and `.`; it keeps its events for as long as it keeps the
    /// name.
    #[schemars(required, regex(pattern = r"^[A-Za-z0-9_.-]{1,64}$"))]
    pub(super) name: Option<String>,
    /// false: new events are refused with 503 and Retry-After, so that senders keep them.
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    /// true: events are accepted and held, nothing is delivered.
    #[serde(default)]
    pub(super) paused: bool,
    /// The keys that senders show, as `api_key` or in a header; any of them will do.
    #[serde(default)]
    pub(super) ingest_keys: Vec<SecretSource>,
    /// Attach the last known properties of groups to events that name groups without them.
    #[serde(default = "yes")]
    pub(super) remember_group_properties: bool,
    /// Attach the last known properties of users in the same way.
    #[serde(default)]
    pub(super) remember_user_properties: bool,
    /// Where its calls go.
    #[schemars(required)]
    pub(super) accoil: Option<AccoilTable>,
    /// What makes calls of its events.
    #[serde(default)]
    pub(super) mapping: MappingTable,
    /// What chooses the group that is the account, instead of the mapping's own rule.
    pub(super) selector: Option<SelectorTable>,
}

/// Where a tenant's calls go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccoilTable {
    /// The product's key at Accoil (Account > General settings).
    #[schemars(required)]
    pub(super) api_key: Option<SecretSource>,
    /// Scheme, host and port, perhaps with a path before the API's own. Without it Accoil's host.
    pub(super) endpoint: Option<String>,
    /// true for an endpoint that is not on the public internet, such as a sink on this machine.
    #[serde(default)]
    pub(super) allow_private_endpoint: bool,
    /// How the key is written in `Authorization: Basic …`.
    #[serde(default)]
    pub(super) auth: AuthForm,
    /// The form of the calls.
    #[serde(default)]
    pub(super) dialect: DialectName,
    /// Where dialect `combined` posts to.
    pub(super) combined_url: Option<String>,
    /// Certificates to trust instead of the built-in ones, PEM, relative to this file.
    pub(super) ca_file: Option<PathBuf>,
    /// Instead of `delivery.in_flight`, for this tenant.
    pub(super) in_flight: Option<NonZeroUsize>,
    /// Instead of `delivery.requests_per_second`, for this tenant.
    pub(super) requests_per_second: Option<u32>,
}

/// What makes calls of a tenant's events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MappingTable {
    /// `default` for the mapping in the program, or the path of a component, relative to this file.
    pub(super) component: String,
    /// The settings of the mapping, checked against its own schema.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub(super) settings: toml::Table,
}

impl Default for MappingTable {
    fn default() -> Self {
        Self { component: DEFAULT_COMPONENT.to_owned(), settings: toml::Table::new() }
    }
}

/// What chooses the group that is the account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SelectorTable {
    /// The path of a group selector's component, relative to this file.
    #[schemars(required)]
    pub(super) component: Option<String>,
    /// Its settings, checked against its own schema.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub(super) settings: toml::Table,
    /// What becomes of an event on which it fails.
    #[serde(default)]
    pub(super) on_fault: OnFault,
}

/// How the key is written in `Authorization: Basic …`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthForm {
    /// The key as it is, as Accoil documents it (ingress-api/identify: `Basic API_KEY`).
    #[default]
    Raw,
    /// Base64 of the key and a colon, as other senders do it.
    Base64,
}

/// The form of the calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DialectName {
    /// identify, group and track (<https://developer.accoil.com/docs/ingress-api>).
    #[default]
    V2,
    /// The whole event in one call to `combined_url`.
    Combined,
}
