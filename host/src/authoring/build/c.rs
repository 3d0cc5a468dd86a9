//! Plugins in C: clang or zig, and the libc of WASI, of which only memory and strings are used.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wasmparser::{Parser, Payload};

use super::{BuildError, Component, scratch};
use crate::authoring::Project;
use compiler::Compiler;

mod compiler;

/// What names the functions of WASI in a core module.
const WASI: &str = "wasi_snapshot_preview1";

/// How much memory an instance has when it begins, in bytes, and how much of it is stack.
const MEMORY: [&str; 2] = ["-Wl,--initial-memory=262144", "-Wl,-z,stack-size=65536"];

pub(super) fn build(project: &Project) -> Result<Component, BuildError> {
    let compiler = Compiler::find()?;
    let scratch = scratch(project);
    fs::create_dir_all(&scratch).map_err(|error| BuildError::io(&scratch, error))?;
    let module = scratch.join(format!("{}.core.wasm", project.name));
    compile(project, &compiler, &module)?;
    let bytes = fs::read(&module).map_err(|error| BuildError::io(&module, error))?;
    without_system(&bytes)?;
    let wit = project.folder.join("wit/event-stream.wit");
    let contract = fs::read_to_string(&wit).map_err(|error| BuildError::io(&wit, error))?;
    let bytes = guest_builder::with_world(&bytes, &contract, project.world.in_wit())
        .map_err(|problem| BuildError::NoComponent { problem })?;
    Ok(Component { bytes, built_with: compiler.name })
}

fn compile(project: &Project, compiler: &Compiler, module: &Path) -> Result<(), BuildError> {
    let mut command = Command::new(&compiler.program);
    command.args(&compiler.arguments).args(["-mexec-model=reactor", "-std=c11", "-O2", "-Wall", "-Wextra"]);
    command.args(MEMORY).arg("-Wl,--strip-all");
    for folder in ["src", "bindings"].map(|name| project.folder.join(name)) {
        command.arg("-I").arg(&folder).args(sources(&folder)?);
    }
    command.arg("-o").arg(module).stdin(Stdio::null());
    // Standard output is for results.
    command.stdout(Stdio::null());
    let status = command.status().map_err(|error| BuildError::io(&compiler.program, error))?;
    if status.success() {
        return Ok(());
    }
    Err(BuildError::ToolFailed { tool: compiler.name.clone(), status: status.to_string() })
}

/// The C files of a folder, in an order that is always the same.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let entries = fs::read_dir(folder).map_err(|error| BuildError::io(folder, error))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut sources: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|name| name == "c")).collect();
    sources.sort();
    Ok(sources)
}

/// Refuses a module that uses more of WASI's libc than memory and strings.
fn without_system(module: &[u8]) -> Result<(), BuildError> {
    let broken = |error: wasmparser::BinaryReaderError| BuildError::NoComponent { problem: error.to_string() };
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload.map_err(broken)? {
            for import in section.into_imports() {
                let import = import.map_err(broken)?;
                if import.module == WASI {
                    functions.push(import.name.to_owned());
                }
            }
        }
    }
    if functions.is_empty() { Ok(()) } else { Err(BuildError::System { functions }) }
}
