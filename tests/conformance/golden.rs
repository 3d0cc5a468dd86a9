//! Components of every released version of the contract, as they were built then: they are admitted, they conform, and
//! they do what they did.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::support::run_in;

/// The folders of the released versions.
fn versions() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let entries = fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path());
    let versions: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    assert!(versions.iter().any(|version| version.ends_with("1.0.0")));
    versions
}

/// The components of a version.
fn components(version: &Path) -> Vec<String> {
    let names = fs::read_dir(version).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".wasm")).collect();
    names.sort();
    assert!(names.iter().any(|name| name.contains("mapping")) && names.iter().any(|name| name.contains("selector")));
    names
}

#[test]
fn every_golden_component_conforms() {
    for version in versions() {
        for name in components(&version) {
            let ran = run_in(&version, &["check", &name, "--conformance"]);
            assert_eq!((ran.exit, ran.err.as_str()), (0, ""), "{name}: {}", ran.out);
        }
    }
}

/// A file beside each component has its outcomes for `events.ndjson`. Selectors run with the golden mapping, and with
/// settings if they have some.
#[test]
fn every_golden_component_does_what_it_did() {
    for version in versions() {
        for name in components(&version) {
            let mut arguments = vec!["transform", "events.ndjson"];
            let settings = name.replace(".wasm", ".settings.json");
            if name.contains("selector") {
                arguments.extend(["--mapping", "mapping.wasm", "--selector", &name]);
                if version.join(&settings).is_file() {
                    arguments.extend(["--selector-settings", &settings]);
                }
            } else {
                arguments.extend(["--mapping", &name]);
            }
            let ran = run_in(&version, &arguments);
            assert_eq!(ran.exit, 0, "{name}: {}", ran.err);
            let expected = fs::read_to_string(version.join(name.replace(".wasm", ".expected.ndjson"))).unwrap();
            assert_eq!(ran.out, expected, "{name}");
        }
    }
}
