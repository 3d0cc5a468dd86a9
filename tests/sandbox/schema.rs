//! Schemas of settings that are written to hurt the host. Each is tried in a process of its own, which has to end by
//! itself.

use std::process::{Command, Stdio};

use super::guest::{component, soon};

/// A guest with this schema.
fn guest(schema: &str) -> Vec<u8> {
    let escaped: String = schema.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let pages = 2 + schema.len() / 65_536;
    component(&format!(
        r#"(memory (export "memory") {pages})
        (data (i32.const 65536) "{escaped}")
        (func (export "describe") (result i32)
          (i32.store (i32.const 56) (i32.const 65536))
          (i32.store (i32.const 60) (i32.const {}))
          (i32.const 32))"#,
        schema.len()
    ))
}

/// Maps one event by a guest with this schema, under these settings. Gives the exit code and what was said.
#[track_caller]
fn map(schema: &str, settings: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("guest.wasm"), guest(schema)).unwrap();
    std::fs::write(path("settings.json"), settings).unwrap();
    std::fs::write(path("events.ndjson"), r#"{"event_type":"x","insert_id":"i"}"#).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_accoil-stream-under-test"));
    command.arg("transform").arg(path("events.ndjson"));
    command.arg("--mapping").arg(path("guest.wasm")).arg("--settings").arg(path("settings.json"));
    let output = soon(|| command.stdin(Stdio::null()).output().unwrap());
    let said = String::from_utf8(output.stderr).unwrap();
    let code = output.status.code().unwrap_or_else(|| panic!("{} {said:.1000}", output.status));
    (code, said)
}

#[track_caller]
fn assert_refused(schema: &str, settings: &str, code: &str, words: &str) {
    let (exit, said) = map(schema, settings);
    assert_eq!(exit, 3, "{said:.1000}");
    assert!(said.contains(&format!("error[{code}]")), "{said:.1000}");
    assert!(said.contains(words), "{said:.1000}");
    assert!(said.len() < 10_000, "it goes on for {} bytes", said.len());
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    for schema in [r##"{"$ref":"#"}"##, r##"{"allOf":[{"$ref":"#"}]}"##, r##"{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}"##] {
        let (code, said) = map(schema, "{}");
        assert!(code == 0 || code == 3, "{schema} {code} {said:.1000}");
    }
}

#[test]
fn a_deeply_nested_schema_is_refused() {
    let schema = format!("{}{{}}{}", r#"{"not":"#.repeat(5_000), "}".repeat(5_000));
    assert_refused(&schema, "{}", "component-schema", "recursion limit");
}

#[test]
fn a_pattern_that_backtracks_without_end_ends() {
    let schema = r#"{"properties":{"a":{"pattern":"^(a+)+(?=b)$"}}}"#;
    let (code, said) = map(schema, &format!(r#"{{"a":"{}"}}"#, "a".repeat(40)));
    assert!(code == 0 || code == 3, "{code} {said:.1000}");
}

#[test]
fn a_schema_that_is_too_long_is_refused() {
    let schema = format!(r#"{{"title":"{}"}}"#, "x".repeat(10_000_000));
    assert_refused(&schema, "{}", "component-schema", "schema_bytes");
}

#[test]
fn a_schema_that_is_none_is_refused() {
    assert_refused("no json", "{}", "component-schema", "expected");
    assert_refused("7", "{}", "component-schema", "7");
    assert_refused(r#"{"type":"nonsense"}"#, "{}", "component-schema", "nonsense");
    assert_refused(r#"{"$ref":"https://example.invalid/schema"}"#, "{}", "component-schema", "example.invalid");
}
