//! The configuration file, `accoil.toml`: strict, with defaults in one place and without secrets.
//!
//! Three files share the work: `shape` says what can be written and what is assumed when it is not,
//! `keys` finds keys that nobody reads, `locate` finds the line of a key and the key of a place.
//! What comes out is checked: a URL is looked at when a destination is made of it, all else here.

mod check;
mod error;
mod keys;
mod locate;
mod service;
mod settings;
mod shape;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use error::ConfigError;
pub use service::{IngestConfig, IntakeConfig, LogFormat, QueueConfig, ServerConfig, TlsConfig};
pub(crate) use settings::to_json as settings_as_json;
pub use shape::{AuthForm, DeliveryConfig, DialectName};

use crate::limits::Limits;
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
    /// What a mapping may use.
    pub limits: Limits,
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
}

/// What makes calls of a tenant's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingConfig {
    /// Which component.
    pub component: Component,
    /// Its settings, a JSON object as text.
    pub settings: String,
}

/// A mapping component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Component {
    /// The one in this binary.
    Default,
    /// A file.
    File(PathBuf),
}

/// Reads a configuration file and fetches its secrets.
///
/// # Errors
/// [`ConfigError`] with file, line and key.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Read { file: path.display().to_string(), problem: error.to_string() })?;
    parse(&text, path)
}

/// The same for text that has been read already; `path` is used in errors and for relative paths.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let source = locate::Source::parse(text, path)?;
    keys::check(&source)?;
    let file: shape::File = toml::from_str(text).map_err(|error| source.error_of(&error))?;
    check::config(file, &source, path)
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
}
