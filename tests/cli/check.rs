//! `check`: what it says of a component. Those that are refused are in `bad_component`.

use accoil_stream::sandbox::DEFAULT_COMPONENT;

use super::support::*;

/// The report, with numbers that change with every build left out.
fn report(ran: &Ran) -> String {
    let words = |line: &str| -> String {
        let is_measure = ["size", "sha256", "sample run"].iter().any(|name| line.starts_with(name));
        let hidden = |word: &str| match word.trim_matches(['(', ')', ',']) {
            inner if inner.len() == 64 => word.replace(inner, "DIGEST"),
            inner if inner.len() > 1 && inner.bytes().all(|byte| byte.is_ascii_digit()) => word.replace(inner, "N"),
            _ => word.to_owned(),
        };
        if is_measure { line.split(' ').map(hidden).collect::<Vec<_>>().join(" ") } else { line.to_owned() }
    };
    format!("exit {}\n{}", ran.exit, ran.out.lines().map(words).collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_built_in_component() {
    let folder = Folder::with(&[("default.wasm", DEFAULT_COMPONENT)]);
    let ran = folder.run(&["check", "default.wasm"]);
    assert_eq!(ran.err, "");
    insta::assert_snapshot!(report(&ran), @r#"
    exit 0
    name         accoil-default 0.1.0
    kind         mapping
    summary      What Amplitude's destination Accoil (Event Stream) does, with settings.
    size         N bytes: 3 core modules, N functions, the largest of N bytes
    sha256       DIGEST
    exports      accoil:event-stream/plugin@1.0.0, accoil:event-stream/mapping@1.0.0
    imports      accoil:event-stream/types@1.0.0, accoil:event-stream/group-choice@1.0.0
    settings     event_types, groups_without_properties, primary_group, properties, user_id
    sample run   6 events in one batch: N fuel (N an event), peak memory N KiB
    outcomes     5 deliver, 1 skip, 0 reject, 0 fault
    verdict      can run here
    "#);
}

#[test]
fn a_component_of_ones_own() {
    let folder = Folder::with(&[("echo.wasm", &echo_component())]);
    insta::assert_snapshot!(report(&folder.run(&["check", "echo.wasm"])), @r#"
    exit 0
    name         echo 1.0.0
    kind         mapping
    summary      says what it got
    size         N bytes: 1 core modules, 4 functions, the largest of N bytes
    sha256       DIGEST
    exports      accoil:event-stream/plugin@1.0.0, accoil:event-stream/mapping@1.0.0
    imports      accoil:event-stream/types@1.0.0
    settings     nothing
    sample run   6 events in one batch: N fuel (N an event), peak memory N KiB
    outcomes     0 deliver, 6 skip, 0 reject, 0 fault
    verdict      can run here
    "#);
}

#[test]
fn a_component_that_traps_on_samples() {
    let text = include_str!("echo.wat").replace("(i32.const 33)", "(i32.const 36)");
    let folder = Folder::with(&[("trap.wasm", &wat::parse_str(text).unwrap())]);
    insta::assert_snapshot!(report(&folder.run(&["check", "trap.wasm"])), @r#"
    exit 1
    name         echo 1.0.0
    kind         mapping
    summary      says what it got
    size         N bytes: 1 core modules, 4 functions, the largest of N bytes
    sha256       DIGEST
    exports      accoil:event-stream/plugin@1.0.0, accoil:event-stream/mapping@1.0.0
    imports      accoil:event-stream/types@1.0.0
    settings     nothing
    sample run   6 events in one batch: N fuel (N an event), peak memory N KiB
    outcomes     0 deliver, 4 skip, 0 reject, 2 fault
    fault        on $identify: panic: the guest stopped with "wasm trap: wasm `unreachable` instruction executed"
    fault        on $groupidentify: panic: the guest stopped with "wasm trap: wasm `unreachable` instruction executed"
    verdict      can be loaded, but fails on sample events
    "#);
}

#[test]
fn a_component_that_needs_settings() {
    // In place of the schema `{}`, which everything fits.
    let schema = r#"{"required":["account"]}"#;
    let text = include_str!("echo.wat")
        .replace("\\19\\00\\00\\00\\02\\00\\00\\00", &format!("\\80\\00\\00\\00\\{:02x}\\00\\00\\00", schema.len()))
        .replace("(global $free", &format!("(data (i32.const 128) {schema:?})\n    (global $free"))
        .replace("(mut i32) (i32.const 128)", "(mut i32) (i32.const 256)");
    let folder = Folder::with(&[
        ("needs.wasm", &wat::parse_str(text).unwrap()),
        ("good.json", b"{\"account\":1}"),
        ("bad.json", b"{\"acount\":1}"),
        ("events", events(&["e"]).as_bytes()),
    ]);
    insta::assert_snapshot!(report(&folder.run(&["check", "needs.wasm"])), @r#"
    exit 0
    name         echo 1.0.0
    kind         mapping
    summary      says what it got
    size         N bytes: 1 core modules, 4 functions, the largest of N bytes
    sha256       DIGEST
    exports      accoil:event-stream/plugin@1.0.0, accoil:event-stream/mapping@1.0.0
    imports      accoil:event-stream/types@1.0.0
    settings     nothing
    sample run   not done: settings at the top: "account" is a required property (give settings with --settings)
    verdict      can run here
    "#);
    insta::assert_snapshot!(report(&folder.run(&["check", "needs.wasm", "--settings", "good.json"])), @r#"
    exit 0
    name         echo 1.0.0
    kind         mapping
    summary      says what it got
    size         N bytes: 1 core modules, 4 functions, the largest of N bytes
    sha256       DIGEST
    exports      accoil:event-stream/plugin@1.0.0, accoil:event-stream/mapping@1.0.0
    imports      accoil:event-stream/types@1.0.0
    settings     nothing
    sample run   6 events in one batch: N fuel (N an event), peak memory N KiB
    outcomes     0 deliver, 6 skip, 0 reject, 0 fault
    verdict      can run here
    "#);
    // Settings that were given must fit.
    let ran = folder.run(&["check", "needs.wasm", "--settings", "bad.json"]);
    assert_eq!((ran.exit, ran.out.as_str()), (3, ""));
    insta::assert_snapshot!(ran.err, @r#"
    error[settings-invalid]: bad.json: settings at the top: "account" is a required property
    "#);
    let ran = folder.run(&["transform", "events", "--mapping", "needs.wasm"]);
    assert_eq!((ran.exit, ran.out.as_str()), (3, ""));
    insta::assert_snapshot!(ran.err, @r#"
    error[settings-invalid]: needs.wasm, without --settings: settings at the top: "account" is a required property
    "#);
}
