//! What can be written in the file, and every default.
//!
//! A new key goes in here and in `keys`; a test holds the two together.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::service::{IngestConfig, LogFormat, QueueConfig};
use crate::limits::Limits;
use crate::secret::SecretSource;

/// What `component` says for the mapping in this binary.
pub(super) const DEFAULT_COMPONENT: &str = "default";

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) server: ServerTable,
    #[serde(default)]
    pub(super) ingest: IngestConfig,
    #[serde(default)]
    pub(super) queue: QueueConfig,
    #[serde(default)]
    pub(super) tenants: Vec<TenantTable>,
    #[serde(default)]
    pub(super) delivery: DeliveryConfig,
    #[serde(default)]
    pub(super) limits: Limits,
}

/// `[server]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServerTable {
    pub(super) listen: SocketAddr,
    pub(super) admin_listen: SocketAddr,
    pub(super) admin_token: Option<SecretSource>,
    pub(super) data_dir: PathBuf,
    pub(super) tls: Option<TlsTable>,
    pub(super) drain_s: u64,
    pub(super) log: String,
    pub(super) log_format: LogFormat,
}

impl Default for ServerTable {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            admin_token: None,
            data_dir: PathBuf::from("data"),
            tls: None,
            drain_s: 25,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

/// `[server.tls]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsTable {
    pub(super) certificate: PathBuf,
    pub(super) key: SecretSource,
}

fn yes() -> bool {
    true
}

/// `[[tenants]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantTable {
    pub(super) name: String,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) paused: bool,
    #[serde(default)]
    pub(super) ingest_keys: Vec<SecretSource>,
    #[serde(default = "yes")]
    pub(super) remember_group_properties: bool,
    #[serde(default)]
    pub(super) remember_user_properties: bool,
    pub(super) accoil: AccoilTable,
    #[serde(default)]
    pub(super) mapping: MappingTable,
}

/// `[tenants.accoil]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccoilTable {
    pub(super) api_key: SecretSource,
    pub(super) endpoint: Option<String>,
    #[serde(default)]
    pub(super) allow_private_endpoint: bool,
    #[serde(default)]
    pub(super) auth: AuthForm,
    #[serde(default)]
    pub(super) dialect: DialectName,
    pub(super) combined_url: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
}

/// `[tenants.mapping]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MappingTable {
    pub(super) component: String,
    pub(super) settings: toml::Table,
}

impl Default for MappingTable {
    fn default() -> Self {
        Self { component: DEFAULT_COMPONENT.to_owned(), settings: toml::Table::new() }
    }
}

/// How the key is written in `Authorization: Basic …`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthForm {
    /// The key as it is, as Accoil documents it (ingress-api/identify: `Basic API_KEY`).
    #[default]
    Raw,
    /// Base64 of the key and a colon, as other senders do it.
    Base64,
}

/// The form of the calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DialectName {
    /// identify, group and track (<https://developer.accoil.com/docs/ingress-api>).
    #[default]
    V2,
    /// The whole event in one call to `combined_url`.
    Combined,
}

/// `[delivery]`: how calls are sent and sent again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryConfig {
    /// Most requests under way at a time.
    pub in_flight: NonZeroUsize,
    /// Most events that wait or are being delivered; beyond them reading is held back.
    pub window: NonZeroUsize,
    /// Users, accounts and memberships whose last delivery is remembered, each.
    pub remembered: NonZeroUsize,
    /// Most milliseconds for a connection, TLS included.
    pub connect_timeout_ms: NonZeroU64,
    /// Most milliseconds for a request, connection included.
    pub request_timeout_ms: NonZeroU64,
    /// Seconds for which `send` tries a call.
    pub give_up_after_s: NonZeroU64,
    /// Hours for which the service tries a call, the time not counted in which the destination is
    /// paused or known to be down.
    pub keep_trying_h: NonZeroU64,
    /// Most requests a second to one tenant's destination; 0 for no limit.
    pub requests_per_second: u32,
    /// Failures in a row after which the destination is left alone but for a probe now and then.
    pub circuit_failures: NonZeroUsize,
    /// Seconds between those probes.
    pub circuit_probe_s: NonZeroU64,
    /// Hours for which the service remembers what was delivered.
    pub remembered_h: NonZeroU64,
    /// Milliseconds: the upper bound of the wait after a first failure; it doubles with each
    /// further one.
    pub retry_first_ms: NonZeroU64,
    /// Milliseconds: the upper bound of all waits.
    pub retry_max_ms: NonZeroU64,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            in_flight: count(8),
            window: count(4096),
            remembered: count(100_000),
            connect_timeout_ms: amount(5_000),
            request_timeout_ms: amount(30_000),
            give_up_after_s: amount(5 * 60),
            keep_trying_h: amount(7 * 24),
            requests_per_second: 0,
            circuit_failures: count(10),
            circuit_probe_s: amount(10),
            remembered_h: amount(7 * 24),
            retry_first_ms: amount(500),
            retry_max_ms: amount(5 * 60 * 1_000),
        }
    }
}

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
}

fn amount(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN)
}

impl DeliveryConfig {
    /// Longest time for a connection.
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms.get())
    }

    /// Longest time for a request.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms.get())
    }

    /// How long a call is tried.
    pub fn give_up_after(&self) -> Duration {
        Duration::from_secs(self.give_up_after_s.get())
    }

    /// Upper bound of the first wait.
    pub fn retry_first(&self) -> Duration {
        Duration::from_millis(self.retry_first_ms.get())
    }

    /// Upper bound of all waits.
    pub fn retry_max(&self) -> Duration {
        Duration::from_millis(self.retry_max_ms.get())
    }
}
