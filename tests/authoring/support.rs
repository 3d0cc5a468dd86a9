//! Plugin folders at places that stay the same from run to run, so that what cargo built of them can be used again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::support::{Ran, finish};

/// The folder of one test, empty.
pub(super) fn workplace(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authoring").join(test);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Where all plugins of the tests are built, so that the standard library is built once.
pub(super) fn target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("plugins")
}

/// The program, to be started in a folder.
pub(super) fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accoil-stream-under-test"));
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", target_dir());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(super) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    finish(program(folder, arguments).spawn().unwrap())
}

/// Makes a plugin and gives its folder.
pub(super) fn made(workplace: &Path, name: &str, world: &str, language: &str) -> PathBuf {
    let ran = run(workplace, &["new", name, "--world", world, "--lang", language]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    workplace.join(name)
}

/// Builds a plugin and gives its component.
pub(super) fn built(folder: &Path) -> Vec<u8> {
    let ran = run(folder, &["build"]);
    assert_eq!((ran.exit, ran.out.as_str()), (0, ""), "{}", ran.err);
    let name = folder.file_name().unwrap().to_str().unwrap();
    let bytes = std::fs::read(folder.join(name).with_extension("wasm")).unwrap();
    let said = format!("{name}.wasm: {} bytes, built in ", bytes.len());
    assert!(ran.err.lines().last().unwrap().contains(&said), "{}", ran.err);
    bytes
}

/// Whether there are tools for C on this machine.
pub(super) fn has_c() -> bool {
    let is_there = |name: &str| Command::new(name).arg("--version").output().is_ok();
    let has_clang = is_there("clang") || (14..=30).any(|version| is_there(&format!("clang-{version}")));
    let is_there = has_clang && Path::new("/usr/lib/wasm32-wasi/libc.a").is_file();
    if !is_there {
        let is_required = std::env::var("ACCOIL_STREAM_AUTHORING").is_ok_and(|value| value == "required");
        assert!(!is_required, "the tools for plugins in C are not there: run .ci/authoring");
        eprintln!("not run: the tools for plugins in C are not there; run .ci/authoring");
    }
    is_there
}
