//! `build`, for Rust.

use std::path::Path;
use std::process::Command;

use super::build::{expect_cases_hold, expect_world};
use super::support::{built, made, program, run, target_dir, workplace};
use crate::cli::support::finish;

/// Runs the tests that the folder comes with.
fn expect_native_tests_pass(folder: &Path) {
    let mut command = Command::new("cargo");
    command.args(["test", "--quiet"]).current_dir(folder).env("CARGO_TARGET_DIR", target_dir().join("native"));
    // What this test was itself started with.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "RUSTDOCFLAGS"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("2 passed"), "{said}");
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn a_selector_in_rust() {
    let folder = made(&workplace("rust-selector"), "my-rust-selector", "group-selector", "rust");
    let component = built(&folder);
    expect_world(&component, "group-selector");
    assert!(component.len() < 130_000, "{} bytes", component.len());
    expect_native_tests_pass(&folder);
}

#[test]
fn a_mapping_in_rust() {
    let folder = made(&workplace("rust-mapping"), "my-rust-mapping", "mapping", "rust");
    expect_world(&built(&folder), "mapping");
    let ran = run(&folder, &["check", "my-rust-mapping.wasm"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    expect_cases_hold(&folder);
    expect_native_tests_pass(&folder);
}

const VARIATION: &str = r#"
use accoil_plugin::{Event, NoSettings, Outcome};
use default_mapping::{DefaultMapping, Variation};

struct Plugin;

impl Variation for Plugin {
    const NAME: &str = "varied";
    const SUMMARY: &str = "The default mapping.";
    type Settings = NoSettings;

    fn map(_: &NoSettings, event: Event, default: &DefaultMapping) -> Outcome {
        default.map(event)
    }
}

default_mapping::variation!(Plugin);
"#;

#[test]
fn a_variation_of_the_default_mapping() {
    let folder = made(&workplace("rust-variation"), "my-rust-variation", "mapping", "rust");
    std::fs::write(folder.join("src/lib.rs"), VARIATION).unwrap();
    expect_world(&built(&folder), "mapping");
    let ran = run(&folder, &["check", "my-rust-variation.wasm", "--conformance"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
}

#[test]
fn an_error_in_the_source_is_the_compilers_to_explain() {
    let folder = made(&workplace("rust-error"), "broken-rust", "mapping", "rust");
    std::fs::write(folder.join("src/lib.rs"), "fn x() { y }\n").unwrap();
    let ran = run(&folder, &["build"]);
    assert_eq!(ran.exit, 3);
    assert!(
        ran.err.contains("src/lib.rs:1:10") && ran.err.contains("error[build-failed]: cargo failed"),
        "{}",
        ran.err
    );
}

#[test]
fn a_missing_compiler_is_named_with_what_to_install() {
    let folder = made(&workplace("rust-no-tools"), "toolless-rust", "mapping", "rust");
    let mut build = program(&folder, &["build"]);
    let ran = finish(build.env("ACCOIL_GUEST_RUSTC", "/nowhere/rustc").spawn().unwrap());
    assert_eq!(ran.exit, 3);
    assert!(ran.err.starts_with("error[build-tool-missing]: no Rust compiler on this machine"), "{}", ran.err);
    for way in ["rustup target add wasm32-unknown-unknown", "rustc-web rust-web-src", "https://rustup.rs"] {
        assert!(ran.err.contains(way), "{}", ran.err);
    }
}

#[test]
fn a_manifest_without_a_package_is_named() {
    let folder = made(&workplace("rust-manifest"), "unnamed", "mapping", "rust");
    std::fs::write(folder.join("Cargo.toml"), "[workspace]\n").unwrap();
    let ran = run(&folder, &["build"]);
    assert_eq!(ran.exit, 3);
    assert!(ran.err.contains("error[build-source]: ./Cargo.toml: package.name is missing"), "{}", ran.err);
}
