//! `new` and `build`, for the languages that bring an interpreter: TypeScript and Python.
//!
//! The first build of a test installs the language's tools as it does for an author, by npm and pip; those that follow
//! are given what it installed.

use std::fs;
use std::path::{Path, PathBuf};

use accoil_stream::event::Event;
use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{Inspection, Mapping, Metering, Outcome, Sandbox};
use serde_json::{Value, json};

use super::support::{built, has_tools, made, program, run, workplace};
use crate::cli::support::finish;

/// The limits of the service, with time enough on a busy machine.
fn limits() -> Limits {
    Limits { deadline_ms: 20_000, large_deadline_ms: 20_000, ..Limits::default() }
}

/// A new plugin with what was installed for another one.
fn made_like(first: &Path, installed: &str, name: &str, world: &str, language: &str) -> PathBuf {
    let folder = made(first.parent().unwrap(), name, world, language);
    std::os::unix::fs::symlink(first.join(installed), folder.join(installed)).unwrap();
    folder
}

/// Checks what a component imports and exports.
fn expect_world(component: &[u8], interface: &str, imports: &[&str]) {
    let inspection = Inspection::of(component, &limits()).unwrap();
    let interface_of = |name: &str| format!("accoil:event-stream/{name}@1.0.0");
    for interface in ["plugin", interface] {
        assert!(inspection.exports.contains(&interface_of(interface)), "{inspection:?}");
    }
    assert_eq!(inspection.imports, imports.iter().map(|name| interface_of(name)).collect::<Vec<_>>());
}

fn outcome_as_json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Deliver(events) => {
            let events = events.iter().map(|event| {
                let mut text = String::new();
                event.push_json(&mut text);
                serde_json::from_str::<Value>(&text).unwrap()
            });
            json!({ "outcome": "deliver", "events": events.collect::<Vec<_>>() })
        }
        Outcome::Skip(reason) => json!({ "outcome": "skip", "reason": reason }),
        other => json!({ "outcome": format!("{other:?}") }),
    }
}

fn run_on(mapping: &Mapping, settings: &str, events: &[Value]) -> Vec<Value> {
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    let events: Vec<Event<'_>> = texts.iter().map(|text| Event::read(text.as_bytes()).unwrap()).collect();
    mapping.run(&mapping.settings(settings).unwrap(), &events).iter().map(outcome_as_json).collect()
}

fn expect_cases_hold(folder: &Path, mapping: &Mapping) {
    for entry in fs::read_dir(folder.join("cases")).unwrap() {
        let path = entry.unwrap().path();
        let case: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let settings = case.get("settings").map_or("{}".to_owned(), Value::to_string);
        let outcomes = run_on(mapping, &settings, case["events"].as_array().unwrap());
        assert_eq!(Value::from(outcomes), case["expected"], "{}", path.display());
    }
}

/// Ids are neither rounded nor doubled, and come in the order of the default mapping.
fn expect_exact_candidates(mapping: &Mapping) {
    let ids = [json!("\u{e000}"), json!("\u{1f600}"), json!(""), json!(null), json!("9"), json!("9")];
    let of = |ids: &Value| {
        let text = json!({ "event_type": "e", "user_id": "u", "groups": { "Account": ids }, "group_properties": {} });
        let told = run_on(mapping, "{}", &[text]);
        told[0]["events"][0]["groupTraits"][0]["groupId"].clone()
    };
    assert_eq!(of(&json!(ids[..2])), "\u{e000}", "by code point");
    assert_eq!(of(&json!(ids)), "9");
    assert_eq!(of(&json!([98_765_432_109_876_543_u64])), "98765432109876543");
    assert_eq!(of(&json!(["__proto__"])), "__proto__");
    assert_eq!(of(&json!([[], {}, false])), Value::Null);
}

/// What asks for a clock or for randomness fails, on its own event.
fn expect_no_entropy(mapping: &Mapping, asks: &[&str]) {
    let event = |name: &str| json!({ "event_type": name, "user_id": "u" });
    let events: Vec<Value> = asks.iter().copied().chain(["other"]).map(event).collect();
    let outcomes = run_on(mapping, "{}", &events);
    for (outcome, ask) in outcomes.iter().zip(asks) {
        assert!(outcome["outcome"].as_str().unwrap().starts_with("Fault"), "{ask}: {outcome}");
    }
    assert_eq!(outcomes[asks.len()]["outcome"], "deliver");
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn both_worlds_in_typescript() {
    if !has_tools("typescript") {
        return;
    }
    let selector = made(&workplace("typescript"), "my-ts-selector", "group-selector", "typescript");
    expect_world(&built(&selector), "group-selection", &["types"]);

    let mapping = made_like(&selector, "node_modules", "my-ts-mapping", "mapping", "typescript");
    edit(
        &mapping.join("src/rule.ts"),
        "  if (event.type.startsWith",
        "  if (event.type === \"random\") skip(String(Math.random()));\n  if (event.type === \"now\") skip(String(Date.now()));\n  if (event.type.startsWith",
    );
    let component = built(&mapping);
    expect_world(&component, "mapping", &["types", "group-choice"]);
    let admitted = Sandbox::new(&limits(), Metering::Off).unwrap().admit(&component).unwrap();
    expect_cases_hold(&mapping, &admitted);
    expect_exact_candidates(&admitted);
    expect_no_entropy(&admitted, &["random", "now"]);
    let ran = run(&mapping, &["check", "my-ts-mapping.wasm"]);
    assert_eq!(ran.exit, 0, "{ran:?}");

    edit(&mapping.join("src/rule.ts"), "event.userId === null", "event.user_id === null");
    let ran = run(&mapping, &["build"]);
    assert_eq!(ran.exit, 3);
    assert!(ran.err.contains("src/rule.ts(") && ran.err.contains("error[build-failed]: tsc failed"), "{}", ran.err);

    plain_javascript(&selector);
}

fn plain_javascript(folder: &Path) {
    fs::remove_file(folder.join("src/rule.ts")).unwrap();
    let rule = "export const name = \"none\";\nexport const version = \"0.1.0\";\nexport const summary = \"None.\";\n\
                export const defaults = {};\nexport const select = () => \"none\";\n";
    fs::write(folder.join("src/rule.js"), rule).unwrap();
    expect_world(&built(folder), "group-selection", &["types"]);
}

#[test]
fn both_worlds_in_python() {
    if !has_tools("python") {
        return;
    }
    let selector = made(&workplace("python"), "my-py-selector", "group-selector", "python");
    expect_world(&built(&selector), "group-selection", &["types"]);

    let mapping = made_like(&selector, ".venv", "my-py-mapping", "mapping", "python");
    edit(
        &mapping.join("src/rule.py"),
        "    if event.type.startswith",
        "    if event.type == \"random\":\n        random.random()\n    if event.type == \"now\":\n        time.time()\n    if event.type.startswith",
    );
    edit(&mapping.join("src/rule.py"), "from collections", "import random\nimport time\nfrom collections");
    let component = built(&mapping);
    expect_world(&component, "mapping", &["types", "group-choice"]);
    let admitted = Sandbox::new(&limits(), Metering::Off).unwrap().admit(&component).unwrap();
    expect_cases_hold(&mapping, &admitted);
    expect_exact_candidates(&admitted);
    expect_no_entropy(&admitted, &["random", "now"]);

    fs::write(mapping.join("src/rule.py"), "import nothing_of_this_name\n").unwrap();
    let ran = run(&mapping, &["build"]);
    assert_eq!(ran.exit, 3);
    let said =
        ran.err.contains("nothing_of_this_name") && ran.err.contains("error[build-failed]: componentize-py failed");
    assert!(said, "{}", ran.err);
    assert_eq!(fs::read(mapping.join("my-py-mapping.wasm")).unwrap(), component, "the last one stays");
}

#[test]
fn missing_tools_are_named_with_what_to_install() {
    let workplace = workplace("scripts-no-tools");
    for (language, said, install) in [
        ("typescript", "there is no node, which builds plugins in TypeScript", "nodejs and npm"),
        ("python", "there is no python3, which builds plugins in Python", "apt-get install python3 python3-venv"),
    ] {
        let folder = made(&workplace, &format!("toolless-{language}"), "mapping", language);
        let ran = finish(program(&folder, &["build"]).env("PATH", "").spawn().unwrap());
        assert_eq!(ran.exit, 3);
        assert!(ran.err.starts_with(&format!("error[build-tool-missing]: {said}")), "{}", ran.err);
        assert!(ran.err.contains(install), "{}", ran.err);
    }
}

#[test]
fn a_lock_file_names_no_registry() {
    let folder = made(&workplace("typescript-lock"), "locked", "mapping", "typescript");
    let lock = fs::read_to_string(folder.join("package-lock.json")).unwrap();
    assert!(lock.contains("\"integrity\"") && !lock.contains("\"resolved\""));
}
