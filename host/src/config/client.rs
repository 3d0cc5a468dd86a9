//! What a command needs that talks to a running service: where it listens, and a key to show. Other
//! secrets are not fetched: the shell of an operator need not have them.

use std::path::{Path, PathBuf};

use super::findings::Findings;
use super::{ConfigError, Problems, ServerConfig, locate, read, read_text, server};
use crate::limits::Limits;
use crate::secret::{Secret, SecretSource};

/// The parts of a configuration that say how to reach the service.
#[derive(Debug)]
pub struct ServiceAddress {
    /// `[server]`, without TLS and traces.
    pub server: ServerConfig,
    /// Whether the event listener speaks TLS.
    pub tls: bool,
    /// What an event may be.
    pub limits: Limits,
    path: PathBuf,
    text: String,
    tenants: Vec<(String, Option<SecretSource>)>,
}

/// Reads where the service of a configuration file listens. A mistake elsewhere in the file is passed
/// over: the service runs with what it read before, and whoever made the mistake may need it now.
///
/// # Errors
/// [`Problems`] of `[server]`, secrets aside that are not needed, or of a file that is no TOML.
pub fn load_address(path: &Path) -> Result<ServiceAddress, Problems> {
    let text = read_text(path)?;
    let source = locate::Source::parse(&text, path)?;
    let (mut findings, mut all) = (Findings::new(&source), Findings::new(&source));
    let file = read::file(&mut all);
    if file.is_none() || all.concerns("server") {
        findings = all;
    }
    let made = file.and_then(|mut file| {
        let tls = file.server.tls.take().is_some();
        file.server.traces = None;
        let server = server::server(file.server, &mut findings, path.parent().unwrap_or(Path::new("")))?;
        let tenants = file.tenants.into_iter().flatten();
        let tenants = tenants.filter_map(|table| Some((table.name?, table.ingest_keys.into_iter().next())));
        Some((server, tls, tenants.collect(), file.limits))
    });
    let (server, tls, tenants, limits) = findings.end(made)?;
    Ok(ServiceAddress { server, tls, limits, path: path.to_owned(), text, tenants })
}

impl ServiceAddress {
    /// The name of a tenant: the one asked for, or the only one there is.
    ///
    /// # Errors
    /// [`ConfigError::Tenant`].
    pub fn tenant(&self, asked: Option<&str>) -> Result<&str, ConfigError> {
        self.index_of(asked).map(|(_, name)| name)
    }

    /// The first ingest key of a tenant.
    ///
    /// # Errors
    /// [`ConfigError`] when there is no such tenant, when it has no key, or when the key can't be had.
    pub fn ingest_key(&self, asked: Option<&str>) -> Result<Secret, ConfigError> {
        let (index, _) = self.index_of(asked)?;
        let index_text = index.to_string();
        let problem = |problem: String| {
            super::problem_at(&self.text, &self.path, &["tenants", &index_text, "ingest_keys"], problem)
        };
        let source = self.tenants.get(index).and_then(|(_, source)| source.as_ref());
        let source = source.ok_or_else(|| problem("is missing; events come in with a key".to_owned()))?;
        source.resolve(self.path.parent().unwrap_or(Path::new(""))).map_err(|error| problem(error.to_string()))
    }

    fn index_of(&self, asked: Option<&str>) -> Result<(usize, &str), ConfigError> {
        let names = || self.tenants.iter().map(|(name, _)| name.as_str());
        let found = match (asked, names().count()) {
            (Some(asked), _) => names().enumerate().find(|(_, name)| *name == asked),
            (None, 1) => names().enumerate().next(),
            (None, _) => None,
        };
        found.ok_or_else(|| ConfigError::Tenant {
            file: self.path.display().to_string(),
            asked: asked.map(str::to_owned),
            names: names().collect::<Vec<_>>().join(", "),
        })
    }
}
