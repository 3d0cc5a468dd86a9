//! The configuration file, `accoil.toml`: strict, with defaults in one place and without secrets.
//!
//! The way of a file: `locate` parses it and knows where everything is, `read` makes the `shape` of
//! it, passing over what can't be read, `keys` finds keys that nobody reads, `check`, `server` and
//! `ranges` look at the values. Everything found goes into `findings`. What comes out is checked: a
//! URL is looked at when a destination is made of it, a component when it is loaded, all else here.

mod admission;
mod changes;
#[cfg(test)]
mod changes_tests;
mod check;
mod client;
mod delivery;
mod error;
mod findings;
mod keys;
mod locate;
mod ranges;
mod read;
mod rollout;
mod schema;
#[cfg(test)]
mod schema_tests;
mod server;
mod service;
#[cfg(test)]
mod service_tests;
mod settings;
mod shape;
#[cfg(test)]
mod tests;
mod traces;
#[cfg(test)]
mod traces_tests;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

pub use admission::AdmissionConfig;
pub use changes::{Changes, TenantChange, changes};
pub use client::{ServiceAddress, load_address};
pub use delivery::DeliveryConfig;
pub use error::{ConfigError, Problems};
pub use rollout::RolloutConfig;
pub use schema::schema;
pub use service::{IngestConfig, IntakeConfig, LogFormat, QueueConfig, ServerConfig, TlsConfig, TracesConfig};
pub(crate) use settings::to_json as settings_as_json;
pub use shape::{AuthForm, DialectName};

use crate::limits::Limits;
use crate::sandbox::OnFault;
use crate::secret::Secret;

/// A configuration that has been checked, with its secrets fetched.
#[derive(Debug)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// Where the service listens, and where its store is.
    pub server: ServerConfig,
    /// What the service takes in.
    pub ingest: IngestConfig,
    /// What the service keeps.
    pub queue: QueueConfig,
    /// The tenants, at least one, each with a name of its own.
    pub tenants: Vec<Tenant>,
    /// How calls are delivered.
    pub delivery: DeliveryConfig,
    /// How new versions of mappings are watched.
    pub rollout: RolloutConfig,
    /// What a mapping may use.
    pub limits: Limits,
    /// What taking in a component may cost.
    pub admission: AdmissionConfig,
}

/// One product or customer.
#[derive(Debug)]
pub struct Tenant {
    /// Its name.
    pub name: String,
    /// How the service takes in its events.
    pub intake: IntakeConfig,
    /// Where its calls go.
    pub accoil: AccoilConfig,
    /// What makes calls of its events.
    pub mapping: MappingConfig,
    /// What chooses the account, instead of the mapping's own rule.
    pub selector: Option<SelectorConfig>,
}

/// Where a tenant's calls go.
#[derive(Debug, Clone)]
pub struct AccoilConfig {
    /// The product's key at Accoil.
    pub api_key: Secret,
    /// Scheme, host and port, perhaps with a path before the API's own; Accoil's host when none.
    pub endpoint: Option<String>,
    /// Whether the endpoint may have an address that is not on the public internet.
    pub allow_private_endpoint: bool,
    /// How the key is written in the header.
    pub auth: AuthForm,
    /// The form of the calls.
    pub dialect: DialectName,
    /// Where `combined` posts to.
    pub combined_url: Option<String>,
    /// Certificates to trust instead of the built-in ones; absolute, or relative to where the file
    /// is.
    pub ca_file: Option<PathBuf>,
    /// Instead of that of `[delivery]`.
    pub in_flight: Option<NonZeroUsize>,
    /// Instead of that of `[delivery]`.
    pub requests_per_second: Option<u32>,
}

/// What makes calls of a tenant's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingConfig {
    /// Which component.
    pub component: Component,
    /// Its settings, a JSON object as text.
    pub settings: String,
}

/// What chooses the account of a tenant's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorConfig {
    /// The file of a group selector's component.
    pub component: PathBuf,
    /// Its settings, a JSON object as text.
    pub settings: String,
    /// What becomes of an event on which it fails.
    pub on_fault: OnFault,
}

/// A mapping component.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Component {
    /// The one in this binary.
    Default,
    /// A file.
    File(PathBuf),
}

/// Reads a configuration file and fetches its secrets. Can be called again and again, to see
/// whether something changed ([`changes()`]).
///
/// # Errors
/// [`ConfigError`] with file, line and key: the first problem by its line.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    load_all(path).map_err(Problems::into_first)
}

/// The same, with everything that is wrong.
///
/// # Errors
/// [`Problems`], each with file, line and key.
pub fn load_all(path: &Path) -> Result<Config, Problems> {
    parse_all(&read_text(path)?, path)
}

/// The text of a configuration file.
///
/// # Errors
/// [`ConfigError::Read`].
pub fn read_text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Read { file: path.display().to_string(), problem: error.to_string() })
}

/// As [`load_all`] for text that has been read already; `path` is used in errors and for relative
/// paths.
///
/// # Errors
/// As [`load_all`].
pub fn parse_all(text: &str, path: &Path) -> Result<Config, Problems> {
    let source = locate::Source::parse(text, path)?;
    let mut findings = findings::Findings::new(&source);
    let file = read::file(&mut findings);
    let config = file.and_then(|file| check::config(file, &mut findings, path));
    findings.end(config)
}

/// The error of a value that turned out to be wrong only when it was used, with the line of its key
/// (`["tenants", "0", "mapping", "settings"]`) in the file's text.
pub fn problem_at(text: &str, path: &Path, key: &[&str], problem: impl Into<String>) -> ConfigError {
    match locate::Source::parse(text, path) {
        Ok(source) => source.value_error(key, problem),
        Err(error) => error,
    }
}

impl Config {
    /// The tenant of a name, or the only one there is.
    ///
    /// # Errors
    /// [`ConfigError::Tenant`], which lists the names, when there is none of that name or none is
    /// named among several.
    pub fn tenant(&self, name: Option<&str>) -> Result<&Tenant, ConfigError> {
        let found = match (name, self.tenants.as_slice()) {
            (Some(name), tenants) => tenants.iter().find(|tenant| tenant.name == name),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        found.ok_or_else(|| ConfigError::Tenant {
            file: self.path.display().to_string(),
            asked: name.map(str::to_owned),
            names: self.tenants.iter().map(|tenant| tenant.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// How a tenant's calls are delivered.
    pub fn delivery_of(&self, tenant: &Tenant) -> DeliveryConfig {
        let general = self.delivery.clone();
        DeliveryConfig {
            in_flight: tenant.accoil.in_flight.unwrap_or(general.in_flight),
            requests_per_second: tenant.accoil.requests_per_second.unwrap_or(general.requests_per_second),
            ..general
        }
    }
}
