//! `build`: builds a plugin to its component.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::super::{Exit, Failure, tell};
use crate::authoring::{Project, build};

/// Build a plugin to its component
///
/// Reads plugin.toml, runs the tools of the plugin's language, and writes
/// NAME.wasm into the folder. If a tool is missing, the error says what to
/// install. The component is looked through: one that is no plugin of its
/// world, or that uses what is not in the sandbox, is refused by name, and the
/// exit code is 3.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    /// The plugin's folder.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::read(&arguments.folder).map_err(|error| Failure::new(Exit::Usage, error.code(), error))?;
    let began = Instant::now();
    let built = build::build(&project).map_err(|error| Failure::new(Exit::Refused, error.code(), error))?;
    tell(&format!(
        "{}: {} bytes, built in {:.1} s with {}",
        built.path.display(),
        built.component.bytes.len(),
        began.elapsed().as_secs_f64(),
        built.component.built_with
    ));
    Ok(Exit::Success)
}
