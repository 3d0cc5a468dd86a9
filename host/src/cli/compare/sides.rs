//! The two mappings that are compared.

use std::path::{Path, PathBuf};

use clap::Args;

use super::live::{Live, Version};
use super::named::Named;
use crate::cli::{Exit, Failure, mapping, tell};
use crate::config::AdmissionConfig;
use crate::limits::Limits;
use crate::sandbox::{DEFAULT_COMPONENT, Mapping, Metering, Sandbox, Settings};

/// Options that choose the two.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The component that is in force: a file, or `default` for the built-in
    /// one, or with --tenant version:N. If it is not said, the built-in one, or
    /// with --tenant the version in force.
    #[arg(long, value_name = "A.wasm")]
    baseline: Option<Named>,

    /// The component that may follow it, named in the same way; without this
    /// option the same with other settings.
    #[arg(long, value_name = "B.wasm", required_unless_present_any = ["candidate_settings", "baseline_settings"])]
    candidate: Option<Named>,

    /// Settings of both: a JSON or TOML file. Without any, with --tenant
    /// version:N has its own, a candidate that is no version those of the
    /// baseline's version, and all else those in force.
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
    /// Admits the components, one engine for both, and checks the settings. `live` is a tenant of a running service.
    pub(super) fn load(&self, limits: &Limits, live: Option<&Live>) -> Result<Sides, Failure> {
        let sandbox = Sandbox::new(limits, Metering::Fuel);
        let sandbox = sandbox.map_err(|error| Failure::new(Exit::Refused, error.code(), error))?;
        let (baseline, candidate) = (self.baseline.as_ref(), self.candidate.as_ref().or(self.baseline.as_ref()));
        let version = |named: Option<&Named>| match (live, named.and_then(Named::version)) {
            (Some(live), number) => live.version(number).map(Some),
            (None, _) => Ok(None),
        };
        let old = version(baseline)?;
        let new = if candidate.and_then(Named::version).is_some() { version(candidate)? } else { old.clone() };
        let source = |named, version| Source { named, version, live };
        let (old, new) = (source(baseline, old.as_ref()), source(candidate, new.as_ref()));
        if live.is_some() {
            tell(&format!("baseline: {}; candidate: {}", old.name(), new.name()));
        }

        let old_bytes = old.component(limits)?;
        let baseline = admit(&sandbox, &old, &old_bytes)?;
        let candidate = match candidate == self.baseline.as_ref() {
            true => None,
            false => Some(new.component(limits)?).filter(|bytes| *bytes != old_bytes),
        };
        let candidate = candidate.map(|bytes| admit(&sandbox, &new, &bytes)).transpose()?;
        let both = self.settings.as_deref();
        let baseline_settings = old.settings(self.baseline_settings.as_deref().or(both), &baseline)?;
        let candidate_settings = self.candidate_settings.as_deref().or(both);
        let candidate_settings = new.settings(candidate_settings, candidate.as_ref().unwrap_or(&baseline))?;
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

/// Where one of them comes from.
struct Source<'a> {
    named: Option<&'a Named>,
    /// The version whose settings it has, unless there are others for it; and whose component, unless another one is
    /// named. None without a service.
    version: Option<&'a Version>,
    live: Option<&'a Live>,
}

impl Source<'_> {
    fn component(&self, limits: &Limits) -> Result<Vec<u8>, Failure> {
        match (self.named, self.version.zip(self.live)) {
            (Some(Named::File(path)), _) => mapping::read_component(path, limits),
            (None | Some(Named::Version(_)), Some((version, live))) => live.component(version),
            (Some(Named::Version(number)), None) => {
                let problem = format!("only a running service knows version:{number}: name its tenant with --tenant");
                Err(Failure::new(Exit::Usage, "compare-version", problem))
            }
            (None | Some(Named::Default), _) => Ok(DEFAULT_COMPONENT.to_vec()),
        }
    }

    /// What it is called in errors.
    fn name(&self) -> String {
        match (self.named, self.version) {
            (Some(Named::File(path)), _) => path.display().to_string(),
            (None | Some(Named::Version(_)), Some(version)) => version.to_string(),
            _ => "the built-in mapping".to_owned(),
        }
    }

    fn settings(&self, file: Option<&Path>, mapping: &Mapping) -> Result<Settings, Failure> {
        let (text, place) = match (file, self.version) {
            (Some(path), _) => (mapping::read_settings(path)?, path.display().to_string()),
            (None, Some(version)) => (version.settings().to_owned(), format!("settings of {version}")),
            (None, None) => ("{}".to_owned(), format!("{}, without settings", self.name())),
        };
        mapping.settings(&text).map_err(|error| mapping::settings_failure(&place, &error))
    }
}

fn admit(sandbox: &Sandbox, source: &Source<'_>, bytes: &[u8]) -> Result<Mapping, Failure> {
    mapping::admit(&mapping::admission(&AdmissionConfig::default()), sandbox, &source.name(), bytes)
}
