//! `check --conformance`.

use accoil_stream::sandbox::DEFAULT_COMPONENT;
use serde_json::Value;

use super::selector;
use crate::cli::support::Folder;

#[test]
fn the_built_in_mapping_conforms() {
    let folder = Folder::with(&[("default.wasm", DEFAULT_COMPONENT)]);
    let ran = folder.run(&["check", "default.wasm", "--conformance"]);
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.starts_with("name         accoil-default "), "{}", ran.out);
    assert!(ran.out.contains("\npass unicode "), "{}", ran.out);
    assert!(
        ran.out.ends_with("checks       22: 22 pass, 0 fail, 0 not applicable\nverdict      conforms\n"),
        "{}",
        ran.out
    );
}

#[test]
fn a_selector_that_does_not_is_told_so_in_text_and_as_json() {
    let folder = Folder::with(&[("turns.wasm", &selector(include_str!("guests/candidate_in_turn.wat")))]);
    let ran = folder.run(&["check", "turns.wasm", "--conformance"]);
    assert_eq!((ran.exit, ran.err.as_str()), (1, ""), "{}", ran.out);
    for part in [
        "kind         group selector\n",
        "\nFAIL batch-cutting ",
        "\n       problem: the same event has two outcomes\n",
        "\n       event: {\"event_type\":",
        "\n       settings: {}\n",
        "\n       first, in a batch of 120: {\"outcome\":\"deliver\"",
        "1 fail, 4 not applicable\nverdict      does not conform\n",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }

    let ran = folder.run(&["check", "turns.wasm", "--conformance", "--json"]);
    assert_eq!((ran.exit, ran.err.as_str()), (1, ""), "{}", ran.out);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["kind"], &report["failed"]), (&"group-selector".into(), &1.into()));
    let checks = report["checks"].as_array().unwrap();
    let cutting = checks.iter().find(|check| check["name"] == "batch-cutting").unwrap();
    assert_eq!((&cutting["verdict"], &cutting["settings"]), (&"fail".into(), &serde_json::json!({})));
    assert!(cutting["event"]["event_type"].is_string(), "{cutting}");
    assert_eq!(cutting["outcomes"][1]["outcome"]["outcome"], "deliver", "{cutting}");
    assert!(checks.iter().any(|check| check["verdict"] == "not-applicable" && check["why"].is_string()));
}

#[test]
fn what_is_refused_is_refused() {
    let folder = Folder::with(&[
        ("core.wasm", b"\0asm\x01\0\0\0"),
        ("default.wasm", DEFAULT_COMPONENT),
        ("s.json", b"{\"x\":1}"),
    ]);
    let ran = folder.run(&["check", "core.wasm", "--conformance"]);
    assert_eq!((ran.exit, ran.out.as_str()), (3, ""));
    assert!(ran.err.starts_with("error[component-core-module]: core.wasm: "), "{}", ran.err);
    let ran = folder.run(&["check", "default.wasm", "--conformance", "--settings", "s.json"]);
    assert_eq!((ran.exit, ran.out.as_str()), (3, ""));
    assert!(ran.err.starts_with("error[settings-invalid]: s.json: "), "{}", ran.err);
}
