//! Why there is no component.

use std::io;
use std::path::{Path, PathBuf};

use crate::sandbox::Refusal;

/// Why a plugin was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A tool is not on this machine, or lacks something.
    #[error("{what}; {install}")]
    MissingTool {
        /// What is missing, and what for.
        what: String,
        /// What to install.
        install: String,
    },
    /// A tool ran and failed; standard error has what it said.
    #[error("{tool} failed ({status}); what it said is above")]
    ToolFailed {
        /// The tool.
        tool: String,
        /// How it ended.
        status: String,
    },
    /// What a tool made can't be made a component.
    #[error("what was built can't be made a component: {problem}")]
    NoComponent {
        /// What is wrong with it.
        problem: String,
    },
    /// It uses what is not in the sandbox.
    #[error(
        "the plugin uses what is not in the sandbox: {}; it can't print, read files or a clock, or have random numbers",
        functions.join(", ")
    )]
    System {
        /// The functions of WASI that it imports.
        functions: Vec<String>,
    },
    /// It is a plugin of another world than `plugin.toml` says, or of none.
    #[error("{problem}; plugin.toml says world = \"{world}\"")]
    World {
        /// The world of `plugin.toml`.
        world: &'static str,
        /// What does not fit.
        problem: String,
    },
    /// It can't run here.
    #[error(transparent)]
    Refused(Refusal),
    /// A source file says what can't be built.
    #[error("{}: {problem}", file.display())]
    Source {
        /// The file.
        file: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A file can't be read or written, or a tool can't be started.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl BuildError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }

    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingTool { .. } => "build-tool-missing",
            Self::ToolFailed { .. } => "build-failed",
            Self::NoComponent { .. } => "build-no-component",
            Self::System { .. } => "build-system-import",
            Self::World { .. } => "build-world",
            Self::Refused(refusal) => refusal.code(),
            Self::Source { .. } => "build-source",
            Self::Io { .. } => "build-io",
        }
    }
}
