//! The targets by name, and what is kept for each.

use std::path::{Path, PathBuf};

/// A target.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of its program, and of its folders.
    pub name: &'static str,
    /// What it does with bytes.
    pub run: fn(&[u8]),
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self { name: "event", run: crate::event },
        Self { name: "upload", run: crate::upload },
        Self { name: "outcome", run: crate::outcome },
        Self { name: "configuration", run: crate::configuration },
        Self { name: "retry_after", run: crate::retry_after },
        Self { name: "queue", run: crate::queue },
    ];
}

/// The files that are kept for a target: what to begin with, and what once broke a promise.
///
/// # Panics
///
/// When the folder of the corpus can't be read.
#[must_use]
pub fn kept(target: &Target) -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = files_of(&here.join("corpus").join(target.name));
    assert!(!files.is_empty(), "{} has no corpus", target.name);
    let regressions = here.join("regressions").join(target.name);
    if regressions.is_dir() {
        files.extend(files_of(&regressions));
    }
    files
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a folder that can be read").path()).collect();
    files.sort();
    files
}
