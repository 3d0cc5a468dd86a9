//! What `serve` reads beside tenants and delivery: where it listens, what it takes in, what it keeps.
//!
//! As in `shape`, these structs are the only place of the defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;
use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// `[server]`, checked and with its secrets fetched.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where events come in.
    pub listen: SocketAddr,
    /// Where operators ask and command.
    pub admin_listen: SocketAddr,
    /// The bearer token of the admin listener. When there is none, `serve` makes one and keeps it in
    /// `data_dir`; then `admin_listen` must be a loopback address.
    pub admin_token: Option<Secret>,
    /// The folder of the store; absolute, or relative to where the file is.
    pub data_dir: PathBuf,
    /// TLS of the event listener; plain HTTP when there is none.
    pub tls: Option<TlsConfig>,
    /// Longest time for ending requests and deliveries under way when the service stops.
    pub drain: Duration,
    /// What is logged, in the form of `RUST_LOG`, for example `info` or `accoil_stream=debug`.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// Where traces are sent; none are made when there is none.
    pub traces: Option<TracesConfig>,
}

/// `[server.traces]`
#[derive(Debug, Clone)]
pub struct TracesConfig {
    /// What takes them, by OTLP over HTTP.
    pub endpoint: Url,
    /// The share of requests, batches and attempts that are traced, from 0 to 1.
    pub sample: f64,
    /// Headers that are sent with them.
    pub headers: Vec<(HeaderName, Secret)>,
    /// What the service is called in them.
    pub service_name: String,
    /// Certificates to trust instead of the built-in ones; absolute, or relative to where the file
    /// is.
    pub ca_file: Option<PathBuf>,
}

/// `[server.tls]`
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// The certificate chain, PEM; absolute, or relative to where the file is.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: Secret,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[ingest]`: what a request may be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IngestConfig {
    /// Most bytes of a body of `/2/httpapi`, decompressed (Amplitude: 1 MB).
    pub httpapi_bytes: usize,
    /// Most bytes of a body of the other routes, decompressed (Amplitude's `/batch`: 20 MB).
    pub batch_bytes: usize,
    /// Most events of a request (Amplitude: 2000).
    pub events: usize,
    /// Most bytes of one tenant's requests that may wait to be written; beyond them it is told to
    /// come again.
    pub waiting_bytes: usize,
    /// Most connections at a time.
    pub connections: usize,
    /// Milliseconds for the head of a request to come in.
    pub head_timeout_ms: u64,
    /// Milliseconds for the body of a request to come in.
    pub body_timeout_ms: u64,
    /// Seconds that a sender is asked to wait when an event can't be taken in.
    pub retry_after_s: u64,
    /// Most groups, and most users, whose last properties are remembered, of each tenant.
    pub remembered: usize,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            httpapi_bytes: 1024 * 1024,
            batch_bytes: 20 * 1024 * 1024,
            events: 2000,
            waiting_bytes: 64 * 1024 * 1024,
            connections: 4096,
            head_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
            retry_after_s: 30,
            remembered: 100_000,
        }
    }
}

/// `[queue]`: how much is kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueConfig {
    /// Most bytes that the store may have in use; beyond them new events are refused.
    pub bytes: u64,
    /// Most bytes of events that one tenant may have queued and in dead letters; beyond them its new events are refused.
    pub tenant_bytes: u64,
    /// Bytes of the disk that are left free: new events are refused before.
    pub reserve_bytes: u64,
    /// Most events that are committed together.
    pub commit_events: usize,
    /// Days for which a duplicate is recognised.
    pub dedup_days: u32,
    /// Most events that are remembered for that, of all tenants together.
    pub dedup_events: usize,
    /// Hours for which events are kept after they ended; 0 keeps none.
    pub history_hours: u32,
    /// Most bytes of them, of all tenants together.
    pub history_bytes: u64,
    /// Days for which dead letters are kept.
    pub dead_letter_days: u32,
}

impl Default for QueueConfig {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            bytes: 20 * 1024 * MIB,
            tenant_bytes: 5 * 1024 * MIB,
            reserve_bytes: 256 * MIB,
            commit_events: 1024,
            dedup_days: 7,
            dedup_events: 4_000_000,
            history_hours: 24,
            history_bytes: 512 * MIB,
            dead_letter_days: 30,
        }
    }
}

/// What a tenant adds for the service.
#[derive(Debug, Clone)]
pub struct IntakeConfig {
    /// Whether new events are taken in.
    pub enabled: bool,
    /// Whether deliveries wait.
    pub paused: bool,
    /// The keys that senders show; any of them will do, so that one can be replaced in peace.
    pub ingest_keys: Vec<Secret>,
    /// Whether the last known properties of groups are attached to events that name groups without
    /// them, as Amplitude does it before it streams.
    pub remember_group_properties: bool,
    /// Whether the last known properties of users are attached in the same way.
    pub remember_user_properties: bool,
}
