//! The two mappings that are compared.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::{Exit, Failure, mapping};
use crate::config::AdmissionConfig;
use crate::limits::Limits;
use crate::sandbox::{DEFAULT_COMPONENT, Mapping, Metering, Sandbox, Settings};

/// Options that choose the two.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The component that is in force; `default` is the built-in one.
    #[arg(long, value_name = "A.wasm", default_value = "default")]
    baseline: PathBuf,

    /// The component that may follow it; without this option the same with other settings.
    #[arg(long, value_name = "B.wasm", required_unless_present_any = ["candidate_settings", "baseline_settings"])]
    candidate: Option<PathBuf>,

    /// Settings of both: a JSON or TOML file.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// Settings of the baseline, if they are others.
    #[arg(long, value_name = "FILE")]
    baseline_settings: Option<PathBuf>,

    /// Settings of the candidate, if they are others.
    #[arg(long, value_name = "FILE")]
    candidate_settings: Option<PathBuf>,
}

/// Both mappings, ready to run.
pub(super) struct Sides {
    /// Deadlines are watched as long as this lives.
    sandbox: Sandbox,
    baseline: (Mapping, Settings),
    /// None if it is the component of the baseline.
    candidate: Option<Mapping>,
    candidate_settings: Settings,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) settings: &'a Settings,
}

impl Options {
    /// Admits the components, one engine for both, and checks the settings.
    pub(super) fn load(&self, limits: &Limits) -> Result<Sides, Failure> {
        let sandbox = Sandbox::new(limits, Metering::Fuel);
        let sandbox = sandbox.map_err(|error| Failure::new(Exit::Refused, error.code(), error))?;
        let baseline = admit(&sandbox, &self.baseline)?;
        let candidate_path = self.candidate.as_ref().unwrap_or(&self.baseline);
        let candidate = match candidate_path == &self.baseline {
            true => None,
            false => Some(admit(&sandbox, candidate_path)?),
        };
        let settings = |own: &Option<PathBuf>, mapping: &Mapping, path: &Path| {
            settings(own.as_deref().or(self.settings.as_deref()), mapping, path)
        };
        let baseline_settings = settings(&self.baseline_settings, &baseline, &self.baseline)?;
        let candidate_settings =
            settings(&self.candidate_settings, candidate.as_ref().unwrap_or(&baseline), candidate_path)?;
        Ok(Sides { sandbox, baseline: (baseline, baseline_settings), candidate, candidate_settings })
    }
}

impl Sides {
    pub(super) fn limits(&self) -> &Limits {
        self.sandbox.limits()
    }

    pub(super) fn baseline(&self) -> Side<'_> {
        Side { mapping: &self.baseline.0, settings: &self.baseline.1 }
    }

    pub(super) fn candidate(&self) -> Side<'_> {
        Side { mapping: self.candidate.as_ref().unwrap_or(&self.baseline.0), settings: &self.candidate_settings }
    }
}

fn name(path: &Path) -> String {
    if is_default(path) { "the built-in mapping".to_owned() } else { path.display().to_string() }
}

fn is_default(path: &Path) -> bool {
    path.as_os_str() == "default"
}

fn admit(sandbox: &Sandbox, path: &Path) -> Result<Mapping, Failure> {
    let bytes =
        if is_default(path) { DEFAULT_COMPONENT.to_vec() } else { mapping::read_component(path, sandbox.limits())? };
    mapping::admit(&mapping::admission(&AdmissionConfig::default()), sandbox, &name(path), &bytes)
}

fn settings(file: Option<&Path>, mapping: &Mapping, component: &Path) -> Result<Settings, Failure> {
    let checked = match file {
        Some(path) => mapping.settings(&mapping::read_settings(path)?),
        None => mapping.settings("{}"),
    };
    checked.map_err(|error| match file {
        Some(path) => mapping::settings_failure(&path.display(), &error),
        None => mapping::settings_failure(&format!("{}, without settings", name(component)), &error),
    })
}
