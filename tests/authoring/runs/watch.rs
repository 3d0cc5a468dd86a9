//! `--watch`: runs again when something changes.

use std::io::{BufRead, BufReader};

use super::*;
use crate::cli::support::{echo_component, interrupt};

#[test]
fn it_runs_again_when_the_component_is_rebuilt_or_a_case_changes() {
    let folder = folder(&echo_component(), &[("types.json", ECHOED)]);
    let mut child = program(&folder, &["test", "x.wasm", "--watch"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut verdict = || lines.find(|line| line.contains(" passed, ")).unwrap();
    assert_eq!(verdict(), "1 passed, 0 failed");
    // Built anew, it skips what it rejected.
    let text = include_str!("../../cli/echo.wat").replace("(i32.const 63)", "(i32.const 64)");
    folder.write("x.wasm", wat::parse_str(text).unwrap());
    assert_eq!(verdict(), "0 passed, 1 failed");
    folder.write("cases/types.json", ECHOED.replace("\"outcome\": \"reject\"", "\"outcome\": \"skip\""));
    assert_eq!(verdict(), "1 passed, 0 failed");
    folder.write("cases/more.json", ECHOED);
    assert_eq!(verdict(), "1 passed, 1 failed");
    interrupt(child.id());
    let ran = finish(child);
    assert_eq!(ran.exit, 0);
    assert!(ran.err.contains("waiting for a change; Ctrl-C ends"), "{}", ran.err);
}
