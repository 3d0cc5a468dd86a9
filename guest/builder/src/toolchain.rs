//! The choice of a compiler, from what [`probe`](crate::probe) found. Pure, so
//! that every kind of machine can be tried here.

use std::{fmt, path::PathBuf};

use crate::TARGET;

/// The oldest rustc that guests are written for.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// A rustc that answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiler {
    pub(crate) rustc: PathBuf,
    /// Such as `1.96.0` or `1.97.0-nightly`.
    pub(crate) release: String,
    pub(crate) has_target_std: bool,
    pub(crate) has_std_sources: bool,
    /// The `rust-lld` in its sysroot.
    pub(crate) own_linker: Option<PathBuf>,
}

/// What there is on this machine.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// In the order in which they are preferred.
    pub(crate) compilers: Vec<Compiler>,
    /// A linker for a compiler that has none: of another compiler (also one
    /// that may not be chosen, for it takes object files from any), or on `PATH`.
    pub(crate) spare_linker: Option<PathBuf>,
    /// Compilers that did not answer, and why; anything else to be told.
    pub(crate) notes: Vec<String>,
}

/// Where the standard library comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Std {
    Installed,
    FromSources,
}

/// What a guest is built with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toolchain {
    pub(crate) rustc: PathBuf,
    pub(crate) release: String,
    pub(crate) std: Std,
    /// `None`: rustc finds its own.
    pub(crate) linker: Option<PathBuf>,
}

/// The first compiler that has the target's standard library, else the first
/// that can build it.
pub(crate) fn choose(facts: &Facts) -> Option<Toolchain> {
    let recent = || facts.compilers.iter().filter(|c| is_recent(&c.release));
    let toolchain = |compiler: &Compiler, std, linker| Toolchain {
        rustc: compiler.rustc.clone(),
        release: compiler.release.clone(),
        std,
        linker,
    };

    if let Some(compiler) = recent().find(|c| c.has_target_std) {
        // rustc asks for `rust-lld`, which distributions may not have beside it.
        let linker = match compiler.own_linker {
            Some(_) => None,
            None => facts.spare_linker.clone(),
        };
        return Some(toolchain(compiler, Std::Installed, linker));
    }
    let compiler = recent().find(|c| c.has_std_sources)?;
    let own = compiler.own_linker.clone();
    let linker = own.or_else(|| facts.spare_linker.clone())?;
    Some(toolchain(compiler, Std::FromSources, Some(linker)))
}

/// Whether a release is at least [`OLDEST`]. One that cannot be read is
/// believed to be: the build will tell.
fn is_recent(release: &str) -> bool {
    match (major_minor(release), major_minor(OLDEST)) {
        (Some(release), Some(oldest)) => release >= oldest,
        _ => true,
    }
}

fn major_minor(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rustc {} ({}), ", self.release, self.rustc.display())?;
        match self.std {
            Std::Installed => write!(f, "installed std")?,
            Std::FromSources => write!(f, "std built from its sources")?,
        }
        match &self.linker {
            Some(linker) => write!(f, ", linker {}", linker.display()),
            None => Ok(()),
        }
    }
}

/// A line for each compiler: what keeps it from being used.
impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for compiler in &self.compilers {
            let Compiler { rustc, release, .. } = compiler;
            write!(f, "- {} (rustc {release}): ", rustc.display())?;
            if !is_recent(release) {
                writeln!(f, "older than {OLDEST}")?;
            } else if compiler.has_std_sources {
                writeln!(f, "std can be built from sources, but there is no linker")?;
            } else {
                writeln!(f, "no std for {TARGET}, and no sources of std")?;
            }
        }
        for line in &self.notes {
            writeln!(f, "- {line}")?;
        }
        if self.spare_linker.is_none() {
            writeln!(f, "- no `rust-lld` or `wasm-ld` either (Debian: lld)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "toolchain_tests.rs"]
mod tests;
