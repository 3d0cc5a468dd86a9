//! `docs/your-first-rule.md` as it is written: for each language its commands are run, and what it says they print is
//! looked for. Only the ports are others, so that tests don't meet.

use std::path::Path;
use std::process::Command;

use super::support::{answers, has_tools, left_out, target_dir};

const PAGE: &str = include_str!("../../docs/your-first-rule.md");

/// A block of the page.
#[derive(Debug)]
struct Block {
    line: usize,
    kind: String,
    language: Option<String>,
    text: String,
}

/// The blocks between ``` lines. What follows the kind is the language that a block is for.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    for (index, line) in page.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if is_inside => is_inside = false,
            Some(info) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                let kind = words.next().expect("a block says what it is");
                blocks.push(Block { line: index + 1, kind, language: words.next(), text: String::new() });
                is_inside = true;
            }
            None if is_inside => {
                let text = &mut blocks.last_mut().unwrap().text;
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    assert!(!is_inside, "the last block has an end");
    blocks
}

/// A port that nothing listens on just now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Whether the programs that the page calls are there.
fn has_programs() -> bool {
    ["curl", "patch"].iter().all(|name| answers(name, &["--version"]) || left_out(name))
}

/// Runs the commands for a language in a folder of their own, and looks for what they should print.
fn follow(language: &str) {
    if !has_tools(language) || !has_programs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let blocks = blocks(PAGE);
    let is_for = |block: &&Block| block.language.as_deref().is_none_or(|other| other == language);
    let mut script = String::from("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
    let mut expected: Vec<(usize, usize, &str)> = Vec::new();
    let mut last = 0;
    for block in blocks.iter().filter(is_for) {
        if block.kind == "sh" {
            last = block.line;
            script.push_str(&format!("exec > out.{last} 2>&1\n{}", block.text));
        } else {
            assert_eq!(block.kind, "text", "line {}", block.line);
            expected.extend(block.text.lines().map(|line| (block.line, last, line)));
        }
    }
    for port in ["8080", "8081", "8402"] {
        script = script.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{}", free_port()));
    }
    let program = Path::new(env!("CARGO_BIN_EXE_accoil-stream-under-test"));
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(program, bin.join("accoil-stream")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let ran = Command::new("bash")
        .arg("-c")
        .arg(&script)
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", target_dir())
        .current_dir(folder.path())
        .status()
        .unwrap();
    let said = |line: usize| std::fs::read_to_string(folder.path().join(format!("out.{line}"))).unwrap_or_default();
    let reached = blocks.iter().rev().map(|block| block.line).find(|line| !said(*line).is_empty()).unwrap_or_default();
    let log = || std::fs::read_to_string(folder.path().join("service.log")).unwrap_or_default();
    assert!(ran.success(), "{language}: after line {reached}:\n{}\n{}", said(reached), log());
    for (line, block, text) in expected {
        let said = said(block);
        assert!(
            said.contains(text),
            "{language}: line {line} says that line {block} prints {text:?}; it printed\n{said}"
        );
    }
}

#[test]
fn in_rust() {
    follow("rust");
}

#[test]
fn in_typescript() {
    follow("typescript");
}

#[test]
fn in_python() {
    follow("python");
}

#[test]
fn in_c() {
    follow("c");
}

#[test]
fn every_language_has_its_blocks() {
    for language in ["rust", "typescript", "python", "c"] {
        let own = blocks(PAGE).iter().filter(|block| block.language.as_deref() == Some(language)).count();
        assert_eq!(own, 2, "{language}: one to make it, one to change it");
    }
}
