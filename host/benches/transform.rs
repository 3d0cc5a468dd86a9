//! The whole `transform` command beside a plain Node script that does the same
//! without any sandbox (`plain.mjs`), in one run, each on one thread.
//!
//! Not a criterion benchmark: what is measured are whole processes. It prints
//! seconds, events a second and the ratio, the best of three runs each.
//!
//!     cargo bench -p accoil-stream --bench transform -- [EVENTS]

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by panicking"
)]

mod events;

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(500_000_usize);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("events.ndjson");
    write_events(&file, count);
    let size = file.metadata().expect("the file").len();
    println!("{count} events, {} bytes each", size / count as u64);

    let mut ours = Command::new(env!("CARGO_BIN_EXE_accoil-stream"));
    ours.args(["transform", "--threads", "1"]).arg(&file);
    let mut plain = Command::new("node");
    plain.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/plain.mjs")).arg(&file);
    let (mut our_best, mut plain_best) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..3 {
        our_best = our_best.min(seconds(&mut ours));
        plain_best = plain_best.min(seconds(&mut plain));
    }
    let rate = |seconds: f64| count as f64 / seconds;
    println!("accoil-stream transform: {our_best:.2} s, {:.0} events a second", rate(our_best));
    if plain_best.is_finite() {
        println!("plain Node:              {plain_best:.2} s, {:.0} events a second", rate(plain_best));
        println!("ratio:                   {:.2}", plain_best / our_best);
    } else {
        println!("plain Node:              not measured, there is no `node`");
    }
}

fn seconds(command: &mut Command) -> f64 {
    let start = Instant::now();
    match command.stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => start.elapsed().as_secs_f64(),
        _ => f64::INFINITY,
    }
}

fn write_events(path: &Path, count: usize) {
    let mut file = BufWriter::new(std::fs::File::create(path).expect("a file"));
    for number in 0..count {
        writeln!(file, "{}", events::text(number)).expect("disk space");
    }
    file.flush().expect("disk space");
}
