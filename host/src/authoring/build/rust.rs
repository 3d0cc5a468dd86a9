//! Plugins in Rust: cargo, by way of `guest-builder`.

use std::fs;
use std::io;
use std::path::Path;

use guest_builder::{Error, Request};

use super::{BuildError, Component, scratch};
use crate::authoring::{Project, World};

/// The stack of a plugin in bytes: it does little, where Rust would reserve a megabyte.
const STACK: usize = 64 * 1024;

pub(super) fn build(project: &Project) -> Result<Component, BuildError> {
    let scratch = scratch(project);
    let built = guest_builder::build(&Request {
        manifest_dir: project.folder.clone(),
        package: package(&project.folder.join("Cargo.toml"))?,
        component: scratch.join(format!("{}.wasm", project.name)),
        target_dir: scratch,
        profile: "release".into(),
        rustflags: Vec::new(),
        link_args: vec![format!("-zstack-size={STACK}"), format!("--initial-memory={}", initial_memory(project.world))],
        locked: false,
    });
    let built = built.map_err(explained)?;
    Ok(Component { bytes: built.bytes, built_with: built.toolchain })
}

/// How much memory an instance has when it begins, in bytes. More is asked for when it is needed, which costs time in
/// every instance; what is there has to be wiped after each.
fn initial_memory(world: World) -> usize {
    match world {
        World::GroupSelector => 256 * 1024,
        World::Mapping => 1024 * 1024,
    }
}

/// The name of the package in the folder.
fn package(manifest: &Path) -> Result<String, BuildError> {
    let text = fs::read_to_string(manifest).map_err(|error| BuildError::io(manifest, error))?;
    let wrong = |problem: String| BuildError::Source { file: manifest.to_path_buf(), problem };
    let table: toml::Table = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let name = table.get("package").and_then(|package| package.get("name")?.as_str());
    name.map(str::to_owned).ok_or_else(|| wrong("package.name is missing".to_owned()))
}

fn explained(error: Error) -> BuildError {
    match error {
        Error::NoToolchain { .. } => BuildError::MissingTool {
            what: error.to_string(),
            install: "for cargo itself see https://rustup.rs".to_owned(),
        },
        Error::CargoNotStarted { ref source, .. } if source.kind() == io::ErrorKind::NotFound => {
            BuildError::MissingTool {
                what: "there is no cargo, which builds plugins in Rust".to_owned(),
                install: "install Rust from https://rustup.rs and `rustup target add wasm32-unknown-unknown`, or on \
                          Debian `apt-get install cargo-web rustc-web rust-web-src lld`"
                    .to_owned(),
            }
        }
        Error::BuildFailed { status, .. } => {
            BuildError::ToolFailed { tool: "cargo".to_owned(), status: status.to_string() }
        }
        Error::NotAComponent { reason, .. } => BuildError::NoComponent { problem: reason },
        Error::Io { path, source } => BuildError::Io { path, source },
        other => BuildError::NoComponent { problem: other.to_string() },
    }
}
