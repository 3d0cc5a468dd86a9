//! `build`, for C; and what it refuses, whatever the language.

use std::path::Path;

use accoil_stream::limits::Limits;
use accoil_stream::sandbox::Inspection;
use serde_json::Value;

use super::support::{built, has_tools, made, program, run, workplace};
use crate::cli::support::finish;

/// A component of a world, and of nothing else.
pub(super) fn expect_world(component: &[u8], world: &str) {
    let inspection = Inspection::of(component, &Limits::default()).unwrap();
    let exports: Vec<_> = inspection.exports.iter().map(String::as_str).collect();
    let interface = if world == "mapping" { "mapping" } else { "group-selection" };
    assert_eq!(
        exports,
        ["accoil:event-stream/plugin@1.0.0".to_owned(), format!("accoil:event-stream/{interface}@1.0.0")]
    );
    assert!(inspection.imports.iter().all(|import| import.starts_with("accoil:event-stream/")), "{inspection:?}");
}

/// Runs the cases of a mapping with `transform`.
pub(super) fn expect_cases_hold(folder: &Path) {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let component = format!("{name}.wasm");
    for entry in std::fs::read_dir(folder.join("cases")).unwrap() {
        let path = entry.unwrap().path();
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        std::fs::write(folder.join("events.json"), case["events"].to_string()).unwrap();
        let settings = case.get("settings").map_or("{}".to_owned(), Value::to_string);
        std::fs::write(folder.join("settings.json"), settings).unwrap();
        let ran = run(folder, &["transform", "events.json", "--mapping", &component, "--settings", "settings.json"]);
        let outcomes: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(Value::from(outcomes), case["expected"], "{}: {}", path.display(), ran.err);
    }
}

#[test]
fn a_selector_in_c() {
    if !has_tools("c") {
        return;
    }
    let folder = made(&workplace("c-selector"), "my-c-selector", "group-selector", "c");
    let component = built(&folder);
    expect_world(&component, "group-selector");
    assert!(component.len() < 40_000, "{} bytes", component.len());
}

#[test]
fn a_mapping_in_c() {
    if !has_tools("c") {
        return;
    }
    let folder = made(&workplace("c-mapping"), "my-c-mapping", "mapping", "c");
    expect_world(&built(&folder), "mapping");
    let ran = run(&folder, &["check", "my-c-mapping.wasm"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    expect_cases_hold(&folder);
}

#[test]
fn a_wrong_world_is_named_and_the_last_component_stays() {
    if !has_tools("c") {
        return;
    }
    let folder = made(&workplace("c-world"), "turned", "group-selector", "c");
    let component = built(&folder);
    let manifest = folder.join("plugin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"group-selector\"", "\"mapping\"")).unwrap();
    let ran = run(&folder, &["build"]);
    assert_eq!(ran.exit, 3, "{ran:?}");
    assert!(ran.err.contains("error[build-no-component]: "), "{}", ran.err);
    assert!(ran.err.contains("accoil:event-stream/mapping@1.0.0"), "{}", ran.err);
    assert_eq!(std::fs::read(folder.join("turned.wasm")).unwrap(), component);
}

#[test]
fn what_is_not_in_the_sandbox_is_named() {
    if !has_tools("c") {
        return;
    }
    let folder = made(&workplace("c-system"), "prints", "group-selector", "c");
    let source = folder.join("src/plugin.c");
    let text = std::fs::read_to_string(&source).unwrap();
    let text = text.replace("  (void)event;", "  (void)event;\n  printf(\"%zu\", candidates->len);");
    std::fs::write(&source, format!("#include <stdio.h>\n{text}")).unwrap();
    let ran = run(&folder, &["build"]);
    assert_eq!(ran.exit, 3);
    assert!(ran.err.starts_with("error[build-system-import]: "), "{}", ran.err);
    assert!(ran.err.contains("fd_write"), "{}", ran.err);
    assert!(!folder.join("prints.wasm").exists());
}

#[test]
fn an_error_in_the_source_is_the_compilers_to_explain() {
    if !has_tools("c") {
        return;
    }
    let folder = made(&workplace("c-error"), "broken", "mapping", "c");
    std::fs::write(folder.join("src/other.c"), "int x = y;\n").unwrap();
    let ran = run(&folder, &["build"]);
    assert_eq!(ran.exit, 3);
    assert!(ran.err.contains("src/other.c:1:9: error: ") && ran.err.contains("error[build-failed]: "), "{}", ran.err);
}

#[test]
fn a_missing_tool_is_named_with_what_to_install() {
    let workplace = workplace("no-tools");
    let folder = made(&workplace, "toolless", "group-selector", "c");
    let ran = finish(program(&folder, &["build"]).env("PATH", "").env_remove("WASI_SDK_PATH").spawn().unwrap());
    assert_eq!(ran.exit, 3);
    insta::assert_snapshot!(ran.err, @"
    error[build-tool-missing]: there is no clang, which builds plugins in C; any one of these is enough:
    - apt-get install --no-install-recommends clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32   (Debian)
    - WASI_SDK_PATH=/path/to/wasi-sdk   (any system: https://github.com/WebAssembly/wasi-sdk)
    - pip install ziglang   (any system)
    ");
    let ran = finish(program(&folder, &["build"]).env("WASI_SDK_PATH", "/nowhere").spawn().unwrap());
    assert_eq!(ran.exit, 3);
    assert!(ran.err.contains("WASI_SDK_PATH is /nowhere, and there is no bin/clang in it"), "{}", ran.err);
}

#[test]
fn a_folder_that_is_no_plugins() {
    let workplace = workplace("no-plugin");
    let ran = run(&workplace, &["build"]);
    assert_eq!(ran.exit, 2);
    assert!(ran.err.starts_with("error[plugin-read]: ./plugin.toml can't be read"), "{}", ran.err);
    std::fs::write(workplace.join("plugin.toml"), "name = \"a\"\nworld = \"mapping\"\nlanguage = \"c\"\nx = 1\n")
        .unwrap();
    let ran = run(&workplace, &["build"]);
    assert_eq!(ran.exit, 2);
    assert!(ran.err.starts_with("error[plugin-key]: ./plugin.toml: x: unknown key"), "{}", ran.err);
}
