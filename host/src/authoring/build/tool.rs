//! Running the tools of a language.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use super::BuildError;

/// What a tool says on its standard output, or nothing if it is not there or fails.
pub(super) fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a tool to its end. If it fails, what it said is on standard error: standard output is for results.
pub(super) fn run(name: &str, command: &mut Command) -> Result<(), BuildError> {
    let failed = |status: String| BuildError::ToolFailed { tool: name.to_owned(), status };
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed(format!("not started: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    io::stderr().write_all(&said).map_err(|error| failed(error.to_string()))?;
    Err(failed(output.status.to_string()))
}
