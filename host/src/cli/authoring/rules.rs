//! Under which limits a plugin is tried, and how it is compiled.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use crate::admission::Admission;
use crate::authoring::{Other, SubjectError};
use crate::cli::{Exit, Failure, mapping};
use crate::config::AdmissionConfig;
use crate::limits::Limits;

/// The option that both commands have.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The configuration whose `limits` and `admission` hold, instead of the
    /// defaults. Nothing else in it is looked at.
    #[arg(long, value_name = "accoil.toml")]
    pub(super) config: Option<PathBuf>,
}

/// What of a configuration matters for a plugin.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rules {
    pub(super) limits: Limits,
    pub(super) admission: AdmissionConfig,
}

impl Options {
    pub(super) fn rules(&self) -> Result<Rules, Failure> {
        let Some(path) = &self.config else { return Ok(Rules::default()) };
        let failed = |line: Option<usize>, problem: &str| {
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            Failure::new(Exit::Usage, "config-limits", format!("{}{line}: {problem}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|error| failed(None, &error.to_string()))?;
        toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            failed(before.map(|before| 1 + before.matches('\n').count()), error.message())
        })
    }
}

/// The component of a mapping beside the plugin, if it is not the built-in one.
pub(super) fn read_mapping(file: Option<&Path>, limits: &Limits) -> Result<Option<Vec<u8>>, Failure> {
    file.map(|path| mapping::read_component(path, limits)).transpose()
}

/// Says of which of the two components an error is.
pub(super) fn refused(plugin: &Path, mapping: Option<&Path>, error: &SubjectError) -> Failure {
    let place = match error {
        SubjectError::Mapping(_) | SubjectError::Together(_) | SubjectError::MappingSettings(_) => {
            mapping.unwrap_or(plugin)
        }
        _ => plugin,
    };
    Failure::new(Exit::Refused, error.code(), format!("{}: {error}", place.display()))
}

/// The built-in mapping, unless there is another one.
pub(super) fn other(component: Option<&Vec<u8>>) -> Other<'_> {
    component.map_or(Other::Default, |bytes| Other::Component(bytes))
}

/// How components are taken in, with what was compiled before, if there is a place to keep it.
pub(super) fn admission(config: &AdmissionConfig) -> Admission {
    let admission = mapping::admission(config);
    match cache_folder() {
        Some(folder) => admission.with_cache(&folder),
        None => admission,
    }
}

/// The folder for compiled code of the user who runs this, after the XDG Base Directory Specification.
fn cache_folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(folder.join("accoil-stream").join("compiled"))
}
