//! What taking in a component costs, step by step: the least of some runs, in milliseconds. Without a
//! file it is the built-in one, taken in as if it were foreign.
//!
//!     cargo bench -p accoil-stream --bench admission -- [X.wasm]
//!
//! This executable is its own child, as the program is.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by panicking"
)]

use std::process::ExitCode;
use std::time::Instant;

use accoil_stream::admission::{Admission, AdmissionError, run_if_child};
use accoil_stream::config::AdmissionConfig;
use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{DEFAULT_COMPONENT, Metering, Sandbox};
use accoil_stream::versions::{Library, Parts};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 5;

fn main() -> ExitCode {
    if let Some(exit) = run_if_child() {
        return exit;
    }
    let file = std::env::args().skip(1).find(|argument| argument != "--bench");
    let component = match &file {
        Some(file) => std::fs::read(file).expect("the component"),
        // With a custom section after it, so that it is not the one that is trusted.
        None => [DEFAULT_COMPONENT, b"\0\x02\x01x"].concat(),
    };
    let limits = Limits::default();
    let admission = || Admission::child(&AdmissionConfig::default());
    let sandbox = Sandbox::new(&limits, Metering::Off).expect("an engine");
    let folder = tempfile::tempdir().expect("a folder");
    let cached = || admission().with_cache(folder.path());
    let library = Library::new(&limits, admission()).expect("an engine");

    report("an engine", || Sandbox::new(&limits, Metering::Off).map(drop));
    report("a child that refuses garbage", || admission().admit(&sandbox, b"garbage").map(drop));
    report("compiled in a child", || admission().admit(&sandbox, &component).map(drop));
    report("compiled and tried, and instructions counted by a second child", || {
        library.admit(&Parts::alone(component.clone(), "{}"), Vec::new()).map(|(_, trial)| println!("{trial:?}"))
    });
    report("from the cache (the first time compiled)", || cached().admit(&sandbox, &component).map(drop));
    if file.is_none() {
        report("compiled in this process", || sandbox.admit(&component).map(drop).map_err(AdmissionError::from));
    }
    let code: u64 = std::fs::read_dir(folder.path())
        .map(|files| files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum())
        .unwrap_or_default();
    println!("{} bytes of component, {code} bytes of code", component.len());
    ExitCode::SUCCESS
}

fn report<E: std::fmt::Display>(name: &str, run: impl Fn() -> Result<(), E>) {
    let mut least = f64::INFINITY;
    let mut problem = String::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let result = run();
        least = least.min(start.elapsed().as_secs_f64() * 1000.0);
        problem = result.err().map(|error| format!(": {error}")).unwrap_or_default();
        if least > 5000.0 {
            break;
        }
    }
    println!("{least:9.1} ms  {name}{problem}");
}
