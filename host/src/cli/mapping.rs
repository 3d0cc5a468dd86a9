//! The mapping that a command runs, and its settings.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Exit, Failure};
use crate::admission::{Admission, AdmissionError};
use crate::config::{AdmissionConfig, Component, Config, Tenant, settings_as_json};
use crate::limits::Limits;
use crate::sandbox::{DEFAULT_COMPONENT, Mapping, Metering, Sandbox, Settings, SettingsError};

/// Options that choose a mapping.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The component to map with, instead of the built-in one.
    #[arg(long, value_name = "X.wasm")]
    mapping: Option<PathBuf>,

    /// The mapping's settings: a JSON or TOML file.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl Options {
    /// Admits the component and checks the settings.
    pub(super) fn load(&self, limits: &Limits) -> Result<Loaded, Failure> {
        let (name, bytes) = match &self.mapping {
            Some(path) => (path.display().to_string(), read_component(path, limits)?),
            None => ("the built-in mapping".to_owned(), DEFAULT_COMPONENT.to_vec()),
        };
        let admission = admission(&AdmissionConfig::default());
        match &self.settings {
            Some(path) => Loaded::new(limits, &admission, &name, &bytes, &read_settings(path)?, &path.display()),
            None => Loaded::new(limits, &admission, &name, &bytes, "{}", &format!("{name}, without --settings")),
        }
    }
}

/// How components are taken in. The executable of a unit test is no `accoil-stream`.
pub(super) fn admission(config: &AdmissionConfig) -> Admission {
    if cfg!(test) { Admission::in_process() } else { Admission::child(config) }
}

/// Loads the mapping that a tenant is configured with.
pub(super) fn load_tenant(config: &Config, tenant: &Tenant) -> Result<Loaded, Failure> {
    let limits = &config.limits;
    let (name, bytes) = match &tenant.mapping.component {
        Component::Default => ("the built-in mapping".to_owned(), DEFAULT_COMPONENT.to_vec()),
        Component::File(path) => (path.display().to_string(), read_component(path, limits)?),
    };
    let place = format!("{}: tenant {}: mapping", config.path.display(), tenant.name);
    Loaded::new(limits, &admission(&config.admission), &name, &bytes, &tenant.mapping.settings, &place)
}

/// Checks the mappings of many tenants, each component once.
pub(super) struct Checker<'a> {
    sandbox: Sandbox,
    admission: Admission,
    limits: &'a Limits,
    admitted: HashMap<Component, Result<Mapping, String>>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(config: &'a Config) -> Result<Self, Failure> {
        let limits = &config.limits;
        let sandbox = Sandbox::new(limits, Metering::Off);
        let sandbox = sandbox.map_err(|error| Failure::new(Exit::Refused, error.code(), error))?;
        Ok(Self { sandbox, admission: admission(&config.admission), limits, admitted: HashMap::new() })
    }

    /// The key of `[tenants.mapping]` that is wrong, and what is wrong with it.
    pub(super) fn check(&mut self, tenant: &Tenant) -> Result<(), (&'static str, String)> {
        let component = &tenant.mapping.component;
        let admitted = match self.admitted.get(component) {
            Some(admitted) => admitted,
            None => {
                let admitted = self.admit(component);
                self.admitted.entry(component.clone()).or_insert(admitted)
            }
        };
        let mapping = admitted.as_ref().map_err(|problem| ("component", problem.clone()))?;
        mapping.settings(&tenant.mapping.settings).map(drop).map_err(|error| ("settings", error.to_string()))
    }

    fn admit(&self, component: &Component) -> Result<Mapping, String> {
        let admit = |bytes: &[u8]| self.admission.admit(&self.sandbox, bytes).map_err(|error| error.to_string());
        match component {
            Component::Default => admit(DEFAULT_COMPONENT),
            Component::File(path) => {
                let bytes = read_component(path, self.limits).map_err(|failure| failure.message)?;
                admit(&bytes).map_err(|refusal| format!("{}: {refusal}", path.display()))
            }
        }
    }
}

/// A mapping ready to run.
pub(super) struct Loaded {
    /// Deadlines are watched as long as this lives.
    _sandbox: Sandbox,
    pub(super) mapping: Mapping,
    pub(super) settings: Settings,
}

impl Loaded {
    /// Admits a component and checks settings; `place` is where those are written.
    fn new(
        limits: &Limits,
        admission: &Admission,
        name: &str,
        bytes: &[u8],
        settings: &str,
        place: &dyn fmt::Display,
    ) -> Result<Self, Failure> {
        let sandbox =
            Sandbox::new(limits, Metering::Off).map_err(|error| Failure::new(Exit::Refused, error.code(), error))?;
        let mapping = admit(admission, &sandbox, name, bytes)?;
        let settings = mapping.settings(settings).map_err(|error| settings_failure(place, &error))?;
        Ok(Self { _sandbox: sandbox, mapping, settings })
    }
}

/// Admits a component; `name` is what it is called in an error.
pub(super) fn admit(admission: &Admission, sandbox: &Sandbox, name: &str, bytes: &[u8]) -> Result<Mapping, Failure> {
    let refused = |error: AdmissionError| Failure::new(Exit::Refused, error.code(), format!("{name}: {error}"));
    admission.admit(sandbox, bytes).map_err(refused)
}

/// Settings that do not fit their mapping.
pub(super) fn settings_failure(place: &dyn fmt::Display, error: &SettingsError) -> Failure {
    Failure::new(Exit::Refused, error.code(), format!("{place}: {error}"))
}

/// Reads a component's file, but no more of it than a component may have.
pub(super) fn read_component(path: &Path, limits: &Limits) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let failed = |error| Failure::new(Exit::Refused, "component-open", format!("{}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a longer file is noticed.
    file.take(limits.component_bytes as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Reads settings as JSON text; they are TOML if the file is called so.
pub(super) fn read_settings(path: &Path) -> Result<String, Failure> {
    let failed = |problem: String| Failure::new(Exit::Usage, "settings-file", format!("{}: {problem}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        let table: toml::Table = toml::from_str(&text).map_err(|error| failed(error.to_string()))?;
        settings_as_json(&table).map_err(|(key, problem)| failed(format!("{key}: {problem}")))
    } else {
        serde_json::from_str::<&serde_json::value::RawValue>(&text).map_err(|error| failed(error.to_string()))?;
        Ok(text)
    }
}
