//! Plugins in TypeScript or JavaScript: npm for the tools that `package.json` names, tsc to check, esbuild to bundle, and
//! QuickJS to run what comes out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

use super::flatten::flatten;
use super::{BuildError, Component, scratch, tool};
use crate::authoring::Project;

/// The oldest Node.js that the tools run on.
const OLDEST_NODE: u32 = 20;

pub(super) fn build(project: &Project) -> Result<Component, BuildError> {
    let folder = absolute(&project.folder)?;
    let version = find_node()?;
    install(&folder)?;
    let scratch = absolute(&scratch(project))?;
    fs::create_dir_all(&scratch).map_err(|error| BuildError::io(&scratch, error))?;
    let script = scratch.join(format!("{}.js", project.name));
    let component = scratch.join(format!("{}.wasi.wasm", project.name));
    // Of a rule in plain JavaScript tsc would only guess the types.
    if !folder.join("src/rule.js").is_file() {
        tool::run("tsc", &mut installed(&folder, "tsc"))?;
    }
    bundle(&folder, &script)?;
    componentize(project, &folder, &script, &component)?;
    let bytes = fs::read(&component).map_err(|error| BuildError::io(&component, error))?;
    let bytes = flatten(&bytes).map_err(|error| BuildError::NoComponent { problem: error.to_string() })?;
    Ok(Component { bytes, built_with: format!("componentize-qjs on Node.js {version}") })
}

fn absolute(path: &Path) -> Result<PathBuf, BuildError> {
    std::path::absolute(path).map_err(|error| BuildError::io(path, error))
}

/// The version of Node.js.
fn find_node() -> Result<String, BuildError> {
    let missing = |what: String| BuildError::MissingTool {
        what,
        install: format!(
            "install Node.js {OLDEST_NODE} or later with npm from https://nodejs.org, or Debian's packages nodejs and npm"
        ),
    };
    let version = tool::ask(Command::new("node").arg("--version"))
        .ok_or_else(|| missing("there is no node, which builds plugins in TypeScript".to_owned()))?;
    if major(&version).is_none_or(|major| major < OLDEST_NODE) {
        return Err(missing(format!("node is {version}, which is too old to build plugins in TypeScript")));
    }
    tool::ask(Command::new("npm").arg("--version")).ok_or_else(|| {
        missing("there is no npm, which installs what plugins in TypeScript are built with".to_owned())
    })?;
    Ok(version)
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Installs what `package.json` and `package-lock.json` name, by the user's own configuration of npm, if it is not there.
fn install(folder: &Path) -> Result<(), BuildError> {
    let modules = folder.join("node_modules");
    let wanted = packages(&folder.join("package-lock.json"));
    // npm keeps beside the packages which ones they are.
    let found = packages(&modules.join(".package-lock.json"));
    let is_done = match (&wanted, &found) {
        (Some(wanted), Some(found)) => is_installed(wanted, found),
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if is_done {
        return Ok(());
    }
    let command = if wanted.is_some() { "ci" } else { "install" };
    let mut npm = Command::new("npm");
    // Scripts of packages are not needed, and are code that would run here.
    npm.args([command, "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    tool::run(&format!("npm {command}"), &mut npm)
}

/// The packages that a lock file names, by where they go.
fn packages(lock: &Path) -> Option<Map<String, Value>> {
    let lock: Value = serde_json::from_slice(&fs::read(lock).ok()?).ok()?;
    let mut packages = lock.get("packages")?.as_object()?.clone();
    packages.remove("");
    Some(packages)
}

/// Whether these packages are there in these versions. Which of those for other systems are left out is npm's to say.
fn is_installed(wanted: &Map<String, Value>, found: &Map<String, Value>) -> bool {
    wanted.iter().all(|(name, package)| match found.get(name) {
        Some(found) => found.get("version") == package.get("version"),
        None => package.get("optional") == Some(&Value::Bool(true)),
    })
}

/// A tool that npm installed, run in the plugin's folder.
fn installed(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(folder.join("node_modules/.bin").join(name));
    command.current_dir(folder);
    command
}

fn bundle(folder: &Path, script: &Path) -> Result<(), BuildError> {
    let mut esbuild = installed(folder, "esbuild");
    let entry = if folder.join("src/plugin.ts").is_file() { "src/plugin.ts" } else { "src/plugin.js" };
    esbuild.args([entry, "--bundle", "--format=esm", "--target=es2023", "--charset=utf8", "--log-level=warning"]);
    // Files can be links to those that plugins share; what they import is found beside the link.
    esbuild.arg("--preserve-symlinks");
    // What the host offers is imported by the component.
    esbuild.arg("--external:accoil:*").arg(option("--outfile=", script));
    tool::run("esbuild", &mut esbuild)
}

fn componentize(project: &Project, folder: &Path, script: &Path, component: &Path) -> Result<(), BuildError> {
    let mut componentize = installed(folder, "componentize-qjs");
    componentize.args(["--wit", "wit", "--sync", "--world", project.world.in_wit()]);
    componentize.arg("--js").arg(script).arg("--output").arg(component);
    tool::run("componentize-qjs", &mut componentize)
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push(path);
    option
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_of_node() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v8.0.0-nightly"), Some(8));
        assert_eq!(major("20.1.0"), None);
    }

    #[test]
    fn what_is_installed_fits_the_lock_file() {
        let of = |value: Value| value.as_object().unwrap().clone();
        let wanted = of(json!({ "a": { "version": "1" }, "b": { "version": "2", "optional": true } }));
        assert!(is_installed(&wanted, &of(json!({ "a": { "version": "1" } }))));
        assert!(is_installed(&wanted, &of(json!({ "a": { "version": "1" }, "b": { "version": "2" } }))));
        assert!(!is_installed(&wanted, &of(json!({ "a": { "version": "2" } }))), "another version");
        assert!(!is_installed(&wanted, &of(json!({ "b": { "version": "2" } }))), "one is missing");
        assert!(!is_installed(&wanted, &of(json!({ "a": { "version": "1" }, "b": { "version": "3" } }))));
    }
}
