//! The two mappings that are compared, each with its selector.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::admitting::{Admitting, Found};
use super::live::{KnownSelector, Live, Version};
use super::named::{Named, NamedSelector};
use crate::cli::{Exit, Failure, mapping, tell};
use crate::limits::Limits;
use crate::sandbox::{Chooser, DEFAULT_COMPONENT, Mapping, Metering, Sandbox, Settings};

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
    #[arg(long, value_name = "B.wasm", required_unless_present_any = CHANGES)]
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

    /// The group selector of the baseline: a file, or none. If it is not said,
    /// none, or with --tenant that of its version.
    #[arg(long, value_name = "A.wasm")]
    baseline_selector: Option<NamedSelector>,

    /// Its settings: a JSON or TOML file.
    #[arg(long, value_name = "FILE")]
    baseline_selector_settings: Option<PathBuf>,

    /// The group selector of the candidate: a file, or none. If it is not said,
    /// that of the baseline, or with --candidate version:N that of the version.
    #[arg(long, value_name = "B.wasm")]
    candidate_selector: Option<NamedSelector>,

    /// Its settings: a JSON or TOML file. A selector that is not named anew has
    /// those it had.
    #[arg(long, value_name = "FILE")]
    candidate_selector_settings: Option<PathBuf>,
}

/// The options that say what differs, if the mapping's component does not.
const CHANGES: [&str; 6] = [
    "candidate_settings",
    "baseline_settings",
    "candidate_selector",
    "baseline_selector",
    "candidate_selector_settings",
    "baseline_selector_settings",
];

/// Both, ready to run.
pub(super) struct Sides {
    /// Deadlines are watched as long as this lives.
    sandbox: Sandbox,
    baseline: Side,
    candidate: Side,
}

/// One of them.
pub(super) struct Side {
    pub(super) mapping: Arc<Mapping>,
    pub(super) settings: Settings,
    pub(super) chooser: Option<Arc<Chooser>>,
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
        let is_version = candidate.and_then(Named::version).is_some();
        let new = if is_version { version(candidate)? } else { old.clone() };
        let source = |named, version| Source { named, version, live };
        let (old, new) = (source(baseline, old.as_ref()), source(candidate, new.as_ref()));
        if live.is_some() {
            tell(&format!("baseline: {}; candidate: {}", old.name(), new.name()));
        }

        let mut admitting = Admitting::new(&sandbox);
        let mapping = admitting.mapping(&old.name(), old.component(limits)?)?;
        let both = self.settings.as_deref();
        let settings = old.settings(self.baseline_settings.as_deref().or(both), &mapping)?;
        let file = self.baseline_selector_settings.as_deref();
        let found = old.selector(self.baseline_selector.as_ref(), file, limits)?;
        let chooser = admitting.chooser(&old.name(), &mapping, found.as_ref())?;
        let baseline = Side { mapping, settings, chooser };

        let mapping = match candidate == self.baseline.as_ref() {
            true => Arc::clone(&baseline.mapping),
            false => admitting.mapping(&new.name(), new.component(limits)?)?,
        };
        let settings = new.settings(self.candidate_settings.as_deref().or(both), &mapping)?;
        let (named, file) = (self.candidate_selector.as_ref(), self.candidate_selector_settings.as_deref());
        let found = match (named, found) {
            // Unless it is a version, which has its own, the candidate has that of the baseline.
            (None, Some(found)) if !is_version => Some(found.with_settings(file)?),
            (None, None) if !is_version && file.is_none() => None,
            (named, _) => new.selector(named, file, limits)?,
        };
        let chooser = admitting.chooser(&new.name(), &mapping, found.as_ref())?;
        let candidate = Side { mapping, settings, chooser };
        Ok(Sides { sandbox, baseline, candidate })
    }
}

impl Sides {
    pub(super) fn limits(&self) -> &Limits {
        self.sandbox.limits()
    }

    pub(super) fn baseline(&self) -> &Side {
        &self.baseline
    }

    pub(super) fn candidate(&self) -> &Side {
        &self.candidate
    }
}

/// Where one of them comes from.
struct Source<'a> {
    named: Option<&'a Named>,
    /// The version whose settings and selector it has, unless there are others for it; and whose component, unless
    /// another one is named. None without a service.
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

    /// The selector that is named, or that of the version.
    fn selector(
        &self,
        named: Option<&NamedSelector>,
        settings: Option<&Path>,
        limits: &Limits,
    ) -> Result<Option<Found>, Failure> {
        let found = match (named, self.version.and_then(Version::selector).zip(self.live)) {
            (Some(NamedSelector::File(path)), _) => Some(Found::file(path, limits)?),
            (None, Some((known, live))) => Some(self.known(known, live)?),
            (Some(NamedSelector::None), _) | (None, None) => None,
        };
        match (found, settings) {
            (Some(found), settings) => found.with_settings(settings).map(Some),
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let (path, name) = (path.display(), self.name());
                let problem = format!("{path}: these are settings of a group selector, and {name} goes without one");
                Err(Failure::new(Exit::Usage, "compare-selector", problem))
            }
        }
    }

    fn known(&self, known: &KnownSelector, live: &Live) -> Result<Found, Failure> {
        let name = format!("group selector of {}", self.name());
        Ok(Found {
            bytes: live.selector(known)?,
            settings: known.settings().to_owned(),
            place: format!("settings of the {name}"),
            on_fault: known.on_fault,
            name,
        })
    }
}
