//! From a plugin's folder to its component.

mod c;
mod error;
mod flatten;
mod python;
mod rust;
mod tool;
mod typescript;
mod world;

use std::fs;
use std::path::{Path, PathBuf};

pub use error::BuildError;

use super::{Language, Project};
use crate::limits::Limits;
use crate::sandbox::Inspection;

/// A component that a language's tools made.
#[derive(Clone, Debug)]
pub struct Component {
    /// The component.
    pub bytes: Vec<u8>,
    /// What it was made with, for people to read.
    pub built_with: String,
}

/// A component that was built and written.
#[derive(Clone, Debug)]
pub struct Built {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub component: Component,
}

/// Builds a plugin, looks through what comes out, and writes it as `NAME.wasm` into its folder. What the language's
/// tools have to say goes to standard error.
///
/// # Errors
///
/// When a tool is missing or fails, or what comes out is no plugin of the world that `plugin.toml` names. A component
/// of an earlier build is left as it is.
pub fn build(project: &Project) -> Result<Built, BuildError> {
    let component = match project.language {
        Language::Rust => rust::build(project),
        Language::TypeScript => typescript::build(project),
        Language::Python => python::build(project),
        Language::C => c::build(project),
    }?;
    let inspection = Inspection::of(&component.bytes, &Limits::default()).map_err(BuildError::Refused)?;
    world::check(project.world, &inspection)?;
    let path = project.component();
    write(&path, &component.bytes)?;
    Ok(Built { path, component })
}

/// Writes a file in one step, for others may be reading it.
fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let beside = path.with_extension("wasm.new");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|error| BuildError::io(path, error))
}

/// Where a language's tools may keep what they made: a folder of the plugin's own, or that which `CARGO_TARGET_DIR` asks
/// for.
fn scratch(project: &Project) -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder).join("plugins"),
        None => project.folder.join("target/plugin"),
    }
}
