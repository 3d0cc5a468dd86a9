//! Plugins in Python: `componentize-py` in a virtual environment of the plugin's folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BuildError, Component, scratch, tool};
use crate::authoring::Project;

/// What the plugin's folder says is to be installed.
const REQUIREMENTS: &str = "requirements.txt";

pub(super) fn build(project: &Project) -> Result<Component, BuildError> {
    let folder = std::path::absolute(&project.folder).map_err(|error| BuildError::io(&project.folder, error))?;
    let environment = folder.join(".venv");
    install(&folder, &environment)?;
    let scratch = scratch(project);
    let scratch = std::path::absolute(&scratch).map_err(|error| BuildError::io(&scratch, error))?;
    fs::create_dir_all(&scratch).map_err(|error| BuildError::io(&scratch, error))?;
    let component = scratch.join(format!("{}.wasm", project.name));
    let sources = scratch.join(format!("{}.src", project.name));
    copy_sources(&folder.join("src"), &sources)?;
    let mut componentize = Command::new(program(&environment, "componentize-py"));
    componentize.args(["--quiet", "--wit-path", "wit", "--world", project.world.in_wit()]);
    componentize.args(["componentize", "--stub-wasi", "--python-path"]).arg(&sources);
    componentize.args(["plugin", "--output"]).arg(&component);
    // Packages that the plugin imports are taken from there, and from nowhere else.
    componentize.env("VIRTUAL_ENV", &environment).current_dir(&folder);
    tool::run("componentize-py", &mut componentize)?;
    let bytes = fs::read(&component).map_err(|error| BuildError::io(&component, error))?;
    let version = tool::ask(Command::new(program(&environment, "componentize-py")).arg("--version"));
    Ok(Component { bytes, built_with: version.unwrap_or_else(|| "componentize-py".to_owned()) })
}

/// Copies a folder, so that what is a link to files that plugins share becomes a file: the interpreter that loads the
/// plugin sees nothing outside of the folder.
fn copy_sources(from: &Path, to: &Path) -> Result<(), BuildError> {
    match fs::remove_dir_all(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(BuildError::io(to, error)),
        _ => {}
    }
    copy_folder(from, to).map_err(|error| BuildError::io(from, error))
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|name| *name != "__pycache__") else { continue };
        if path.is_dir() {
            copy_folder(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// Installs what `requirements.txt` names, by the user's own configuration of pip, if it is not there.
fn install(folder: &Path, environment: &Path) -> Result<(), BuildError> {
    let wanted = folder.join(REQUIREMENTS);
    let wanted = fs::read(&wanted).map_err(|error| BuildError::io(&wanted, error))?;
    let installed = environment.join(REQUIREMENTS);
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    find_python()?;
    tool::run("python3 -m venv", Command::new("python3").args(["-m", "venv"]).arg(environment))?;
    let mut pip = Command::new(program(environment, "python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]);
    tool::run("pip install", pip.current_dir(folder))?;
    fs::write(&installed, wanted).map_err(|error| BuildError::io(&installed, error))
}

fn find_python() -> Result<(), BuildError> {
    let missing = |what: &str| BuildError::MissingTool {
        what: what.to_owned(),
        install: "install Python 3.10 or later, on Debian with `apt-get install python3 python3-venv`".to_owned(),
    };
    let asked = tool::ask(Command::new("python3").args(["-c", "import sys; print(sys.version_info >= (3, 10))"]));
    match asked.as_deref() {
        Some("True") => {}
        Some(_) => return Err(missing("python3 is too old to build plugins in Python")),
        None => return Err(missing("there is no python3, which builds plugins in Python")),
    }
    tool::ask(Command::new("python3").args(["-c", "import ensurepip, venv"]))
        .map(|_| ())
        .ok_or_else(|| missing("python3 is there, but can't make virtual environments"))
}

/// A program of the virtual environment.
fn program(environment: &Path, name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(folder).join(name)
}
