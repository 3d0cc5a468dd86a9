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

/// Whether the tools of a language are on this machine. Those of Rust are what the program itself is built with.
pub(super) fn has_tools(language: &str) -> bool {
    let is_there = match language {
        "c" => {
            let has_clang = answers("clang", &["--version"])
                || (14..=30).any(|version| answers(&format!("clang-{version}"), &["--version"]));
            has_clang && Path::new("/usr/lib/wasm32-wasi/libc.a").is_file()
        }
        "typescript" => answers("node", &["--version"]) && answers("npm", &["--version"]),
        "python" => answers("python3", &["-c", "import ensurepip, venv"]),
        _ => true,
    };
    is_there || left_out(&format!("the tools for plugins in {language}"))
}

/// Whether a program answers.
pub(super) fn answers(name: &str, arguments: &[&str]) -> bool {
    Command::new(name).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// A test that can't run says so, unless it must.
pub(super) fn left_out(missing: &str) -> bool {
    let is_required = std::env::var("ACCOIL_STREAM_AUTHORING").is_ok_and(|value| value == "required");
    assert!(!is_required, "not there: {missing}; run .ci/authoring");
    eprintln!("not run, for this is not there: {missing}; run .ci/authoring");
    false
}
