//! What can go wrong, each with a code that stays the same while the wording
//! may change.

use std::{io, path::PathBuf, process::ExitStatus};

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No compiler on this machine can build for WebAssembly.
    #[error(
        "no Rust compiler on this machine can build for {target}.\n\
         \n\
         Looked at:\n{looked_at}\n\
         Any one of these is enough:\n\
         - rustup target add {target}\n\
         - rustup component add rust-src   (the stable one will do)\n\
         - apt-get install --no-install-recommends rustc-web rust-web-src   (Debian)\n\
         - {variable}=/path/to/rustc   (a compiler that has the target, or its sources)",
        target = crate::TARGET,
        variable = crate::RUSTC_VARIABLE,
    )]
    NoToolchain {
        /// The compilers that were looked at and what each lacks, a line each.
        looked_at: String,
    },

    /// The inner cargo could not be started at all.
    #[error("cannot start {}: {source}", cargo.display())]
    CargoNotStarted {
        /// The cargo that was tried.
        cargo: PathBuf,
        /// Why not.
        source: io::Error,
    },

    /// The inner cargo ran and failed; standard error has its output.
    #[error(
        "building the guest package `{package}` failed ({status}); see cargo's output above.\n\
         It ran in {} with {toolchain}",
        manifest_dir.display()
    )]
    BuildFailed {
        /// The guest's package.
        package: String,
        /// Where cargo ran.
        manifest_dir: PathBuf,
        /// What it built with.
        toolchain: String,
        /// How cargo ended.
        status: ExitStatus,
    },

    /// Cargo succeeded, and yet there is no module.
    #[error(
        "cargo built `{package}` but there is no {}: \
         its library must be a `cdylib` with the package's own name",
        module.display()
    )]
    NoModule {
        /// The guest's package.
        package: String,
        /// Where the core module was expected.
        module: PathBuf,
    },

    /// The core module cannot be made a component.
    #[error("{} cannot be made a component: {reason}", module.display())]
    NotAComponent {
        /// The core module.
        module: PathBuf,
        /// What the encoder or the validator said.
        reason: String,
    },

    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
}

impl Error {
    /// A short name for the kind of error, for scripts and searches.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoToolchain { .. } => "guest-no-toolchain",
            Self::CargoNotStarted { .. } => "guest-cargo-not-started",
            Self::BuildFailed { .. } => "guest-build-failed",
            Self::NoModule { .. } => "guest-no-module",
            Self::NotAComponent { .. } => "guest-not-a-component",
            Self::Io { .. } => "guest-io",
        }
    }
}
