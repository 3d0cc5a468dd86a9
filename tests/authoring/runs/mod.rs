//! `test` and `bench`: cases and measures.

mod bench;
mod junit;
mod selector;
mod update;
mod verdicts;
mod watch;

use std::process::Command;

use crate::cli::support::{Folder, Ran, finish};

/// The events of a case, and what the mapping of `echo.wat` makes of them.
const ECHOED: &str = r#"{
  "name": "types are told",
  "events": [{"event_type": "Opened"}, {"event_type": "?odd"}],
  "expected": [
    {"reason": "Opened", "outcome": "skip"},
    {"outcome": "reject", "reason": "?odd"}
  ]
}
"#;

/// The program, with a place for compiled code that all tests share.
fn program(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = folder.program(arguments);
    command.env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/authoring"));
    command
}

fn run(folder: &Folder, arguments: &[&str]) -> Ran {
    finish(program(folder, arguments).spawn().unwrap())
}

/// A folder with a component and its cases.
fn folder(component: &[u8], cases: &[(&str, &str)]) -> Folder {
    let folder = Folder::with(&[("x.wasm", component)]);
    std::fs::create_dir(folder.path("cases")).unwrap();
    cases.iter().for_each(|(name, text)| folder.write(&format!("cases/{name}"), text));
    folder
}

/// What was printed, with what differs from run to run left out.
fn shown(ran: &Ran) -> String {
    let line = |line: &str| match line.split_once(" time ") {
        Some((before, _)) => format!("{before} …"),
        None => line.to_owned(),
    };
    let out: Vec<String> = ran.out.lines().map(line).collect();
    format!("exit {}\n{}\n---\n{}", ran.exit, out.join("\n"), ran.err)
}
