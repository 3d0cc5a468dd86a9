//! The mapping that a command runs, and its settings.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Exit, Failure};
use crate::admission::{Admission, AdmissionError};
use crate::config::{AdmissionConfig, Component, Config, SelectorConfig, Tenant, settings_as_json};
use crate::limits::Limits;
use crate::sandbox::{
    Chooser, DEFAULT_COMPONENT, Mapping, Metering, OnFault, Sandbox, Selector, Settings, SettingsError,
};

/// Options that choose a mapping and its selector.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The component to map with, instead of the built-in one.
    #[arg(long, value_name = "X.wasm")]
    mapping: Option<PathBuf>,

    /// The mapping's settings: a JSON or TOML file.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// A group selector, which chooses the account instead of the mapping.
    #[arg(long, value_name = "X.wasm")]
    selector: Option<PathBuf>,

    /// The selector's settings: a JSON or TOML file.
    #[arg(long, value_name = "FILE", requires = "selector")]
    selector_settings: Option<PathBuf>,

    /// What becomes of an event on which the selector fails: it is a fault, or
    /// the mapping's own rule chooses.
    #[arg(long, value_name = "WHAT", requires = "selector", value_parser = on_fault, default_value = "dead-letter")]
    on_selector_fault: OnFault,
}

/// Reads `dead-letter` or `default-rule`.
pub(super) fn on_fault(text: &str) -> Result<OnFault, String> {
    match text {
        "dead-letter" => Ok(OnFault::DeadLetter),
        "default-rule" => Ok(OnFault::DefaultRule),
        _ => Err("say dead-letter or default-rule".to_owned()),
    }
}

impl Options {
    /// Admits the components and checks the settings.
    pub(super) fn load(&self, limits: &Limits) -> Result<Loaded, Failure> {
        let mapping = Source {
            file: self.mapping.as_deref(),
            settings: self.settings.as_deref().map(read_settings).transpose()?.unwrap_or_else(|| "{}".to_owned()),
            place: match &self.settings {
                Some(path) => path.display().to_string(),
                None => format!("{}, without --settings", named(self.mapping.as_deref())),
            },
        };
        let settings = self.selector_settings.as_deref();
        let selector = match &self.selector {
            Some(file) => Some((
                Source {
                    file: Some(file),
                    settings: settings.map(read_settings).transpose()?.unwrap_or_else(|| "{}".to_owned()),
                    place: match settings {
                        Some(path) => path.display().to_string(),
                        None => format!("{}, without --selector-settings", file.display()),
                    },
                },
                self.on_selector_fault,
            )),
            None => None,
        };
        Loaded::new(limits, &admission(&AdmissionConfig::default()), &mapping, selector.as_ref())
    }
}

/// A component and its settings, and where those are written.
struct Source<'a> {
    /// Without one it is the built-in mapping.
    file: Option<&'a Path>,
    settings: String,
    place: String,
}

impl Source<'_> {
    fn bytes(&self, limits: &Limits) -> Result<Vec<u8>, Failure> {
        self.file.map_or_else(|| Ok(DEFAULT_COMPONENT.to_vec()), |path| read_component(path, limits))
    }
}

fn named(file: Option<&Path>) -> String {
    file.map_or_else(|| "the built-in mapping".to_owned(), |path| path.display().to_string())
}

/// How components are taken in. The executable of a unit test is no `accoil-stream`.
pub(super) fn admission(config: &AdmissionConfig) -> Admission {
    if cfg!(test) { Admission::in_process() } else { Admission::child(config) }
}

/// Loads the mapping that a tenant is configured with, and its selector.
pub(super) fn load_tenant(config: &Config, tenant: &Tenant) -> Result<Loaded, Failure> {
    let place = |table: &str| format!("{}: tenant {}: {table}", config.path.display(), tenant.name);
    let mapping = Source {
        file: match &tenant.mapping.component {
            Component::Default => None,
            Component::File(path) => Some(path),
        },
        settings: tenant.mapping.settings.clone(),
        place: place("mapping"),
    };
    let selector = tenant.selector.as_ref().map(|selector| {
        let source =
            Source { file: Some(&selector.component), settings: selector.settings.clone(), place: place("selector") };
        (source, selector.on_fault)
    });
    Loaded::new(&config.limits, &admission(&config.admission), &mapping, selector.as_ref())
}

/// Checks the mappings and selectors of many tenants, each component once.
pub(super) struct Checker<'a> {
    sandbox: Sandbox,
    admission: Admission,
    limits: &'a Limits,
    mappings: HashMap<Component, Result<Mapping, String>>,
    selectors: HashMap<PathBuf, Result<Selector, String>>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(config: &'a Config) -> Result<Self, Failure> {
        let limits = &config.limits;
        let sandbox = Sandbox::new(limits, Metering::Off);
        let sandbox = sandbox.map_err(|error| Failure::new(Exit::Refused, error.code(), error))?;
        let admission = admission(&config.admission);
        Ok(Self { sandbox, admission, limits, mappings: HashMap::new(), selectors: HashMap::new() })
    }

    /// The table and key of the tenant that are wrong, and what is wrong with them.
    pub(super) fn check(&mut self, tenant: &Tenant) -> Result<(), (&'static str, &'static str, String)> {
        let component = &tenant.mapping.component;
        if !self.mappings.contains_key(component) {
            self.mappings.insert(component.clone(), self.mapping(component));
        }
        let mapping = found(self.mappings.get(component)).map_err(|problem| ("mapping", "component", problem))?;
        let checked = mapping.settings(&tenant.mapping.settings);
        checked.map_err(|error| ("mapping", "settings", error.to_string()))?;
        let Some(SelectorConfig { component, settings, .. }) = &tenant.selector else { return Ok(()) };
        let may_have_one = mapping.takes_selector();
        may_have_one.map_err(|refusal| ("selector", "component", format!("the mapping {refusal}")))?;
        if !self.selectors.contains_key(component) {
            self.selectors.insert(component.clone(), self.selector(component));
        }
        let selector = found(self.selectors.get(component)).map_err(|problem| ("selector", "component", problem))?;
        selector.settings(settings).map(drop).map_err(|error| ("selector", "settings", error.to_string()))
    }

    fn mapping(&self, component: &Component) -> Result<Mapping, String> {
        let admit = |bytes: &[u8]| self.admission.admit(&self.sandbox, bytes).map_err(|error| error.to_string());
        match component {
            Component::Default => admit(DEFAULT_COMPONENT),
            Component::File(path) => {
                let bytes = read_component(path, self.limits).map_err(|failure| failure.message)?;
                admit(&bytes).map_err(|refusal| format!("{}: {refusal}", path.display()))
            }
        }
    }

    fn selector(&self, path: &Path) -> Result<Selector, String> {
        let bytes = read_component(path, self.limits).map_err(|failure| failure.message)?;
        let admitted = self.admission.admit_selector(&self.sandbox, &bytes);
        admitted.map_err(|refusal| format!("{}: {refusal}", path.display()))
    }
}

fn found<T>(admitted: Option<&Result<T, String>>) -> Result<&T, String> {
    admitted.map_or_else(|| Err("was not looked at".to_owned()), |admitted| admitted.as_ref().map_err(Clone::clone))
}

/// A mapping ready to run, with its selector.
pub(super) struct Loaded {
    /// Deadlines are watched as long as this lives.
    _sandbox: Sandbox,
    pub(super) mapping: Mapping,
    pub(super) settings: Settings,
    pub(super) chooser: Option<Arc<Chooser>>,
}

impl Loaded {
    fn new(
        limits: &Limits,
        admission: &Admission,
        mapping: &Source<'_>,
        selector: Option<&(Source<'_>, OnFault)>,
    ) -> Result<Self, Failure> {
        let sandbox =
            Sandbox::new(limits, Metering::Off).map_err(|error| Failure::new(Exit::Refused, error.code(), error))?;
        let admitted = admit(admission, &sandbox, &named(mapping.file), &mapping.bytes(limits)?)?;
        let settings =
            admitted.settings(&mapping.settings).map_err(|error| settings_failure(&mapping.place, &error))?;
        let chooser = match selector {
            Some((source, on_fault)) => {
                let selector = admit_selector(admission, &sandbox, &named(source.file), &source.bytes(limits)?)?;
                let asking = (named(mapping.file), &admitted);
                Some(chooser(asking, Arc::new(selector), (&source.settings, &source.place), *on_fault)?)
            }
            None => None,
        };
        Ok(Self { _sandbox: sandbox, mapping: admitted, settings, chooser })
    }
}

/// Admits a component; `name` is what it is called in an error.
pub(super) fn admit(admission: &Admission, sandbox: &Sandbox, name: &str, bytes: &[u8]) -> Result<Mapping, Failure> {
    admission.admit(sandbox, bytes).map_err(|error| refused(name, &error))
}

/// The same for a group selector.
pub(super) fn admit_selector(
    admission: &Admission,
    sandbox: &Sandbox,
    name: &str,
    bytes: &[u8],
) -> Result<Selector, Failure> {
    admission.admit_selector(sandbox, bytes).map_err(|error| refused(name, &error))
}

fn refused(name: &str, error: &AdmissionError) -> Failure {
    Failure::new(Exit::Refused, error.code(), format!("{name}: {error}"))
}

/// A selector with its settings, and where those are written, for a mapping and what that is called.
pub(super) fn chooser(
    (name, asking): (impl fmt::Display, &Mapping),
    selector: Arc<Selector>,
    (settings, place): (&str, &dyn fmt::Display),
    on_fault: OnFault,
) -> Result<Arc<Chooser>, Failure> {
    let settings = selector.settings(settings).map_err(|error| settings_failure(place, &error))?;
    let may_have_one = asking.takes_selector();
    may_have_one.map_err(|refusal| Failure::new(Exit::Refused, refusal.code(), format!("{name}: {refusal}")))?;
    Ok(Arc::new(Chooser::new(selector, settings, on_fault)))
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
