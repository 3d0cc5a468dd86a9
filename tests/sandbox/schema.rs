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
    map_by(&guest(schema), settings)
}

/// No process is given more than ten seconds of a processor.
#[track_caller]
fn map_by(guest: &[u8], settings: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("guest.wasm"), guest).unwrap();
    std::fs::write(path("settings.json"), settings).unwrap();
    std::fs::write(path("events.ndjson"), r#"{"event_type":"x","insert_id":"i"}"#).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -t 10; exec "$@""#, "sh", env!("CARGO_BIN_EXE_accoil-stream-under-test")]);
    command.arg("transform").arg(path("events.ndjson"));
    command.arg("--mapping").arg(path("guest.wasm")).arg("--settings").arg(path("settings.json"));
    let output = soon(|| command.stdin(Stdio::null()).output().unwrap());
    let said = String::from_utf8(output.stderr).unwrap();
    let code = output.status.code().unwrap_or_else(|| panic!("{} {said:.1000}", output.status));
    (code, said)
}

#[track_caller]
fn assert_refused(schema: &str, settings: &str, code: &str, words: &str) {
    assert_said(map(schema, settings), code, words);
}

#[track_caller]
fn assert_said((exit, said): (i32, String), code: &str, words: &str) {
    assert_eq!(exit, 3, "{said:.1000}");
    assert!(said.contains(&format!("error[{code}]")), "{said:.1000}");
    assert!(said.contains(words), "{said:.1000}");
    assert!(said.len() < 10_000, "it goes on for {} bytes", said.len());
}

/// Refers to the next definition, twice, so often.
fn doubling(times: usize) -> String {
    let definition =
        |n: usize| format!(r##""{n}":{{"allOf":[{{"$ref":"#/$defs/{m}"}},{{"$ref":"#/$defs/{m}"}}]}}"##, m = n + 1);
    let definitions: Vec<String> = (0..times).map(definition).collect();
    format!(r##"{{"$ref":"#/$defs/0","$defs":{{{},"{times}":{{}}}}}}"##, definitions.join(","))
}

#[test]
fn references_that_multiply() {
    assert_refused(&doubling(60), "{}", "component-schema", "with its references followed");
    assert_eq!(map(&doubling(8), "{}").0, 0);
}

#[test]
fn references_in_a_circle() {
    for schema in [
        r##"{"$ref":"#"}"##,
        r##"{"allOf":[{"$ref":"#"}]}"##,
        r##"{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}"##,
        r##"{"not":{"$ref":"#"}}"##,
        r##"{"properties":{"a":{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}}}"##,
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##,
    ] {
        assert_refused(schema, "{}", "component-schema", "refers to itself");
    }
}

#[test]
fn references_that_can_not_be_followed_beforehand() {
    let named = "only parts of the same schema";
    assert_refused(r#"{"$ref":"http://127.0.0.1:1/x"}"#, "{}", "component-schema", named);
    assert_refused(r#"{"$ref":"file:///etc/hostname"}"#, "{}", "component-schema", named);
    assert_refused(r##"{"$ref":"#anchor","$defs":{"a":{"$anchor":"anchor"}}}"##, "{}", "component-schema", named);
    assert_refused(
        r##"{"allOf":[{"$dynamicRef":"#n"}],"$dynamicAnchor":"n"}"##,
        "{}",
        "component-schema",
        "$dynamicRef",
    );
    assert_refused(r##"{"$defs":{"a":{"$id":"x:y","$ref":"#"}}}"##, "{}", "component-schema", "`$id`");
}

#[test]
fn patterns_that_take_for_ever() {
    let settings = format!(r#"{{"a":"{}!"}}"#, "a".repeat(100_000));
    assert_refused(r#"{"properties":{"a":{"pattern":"^(a+)+$"}}}"#, &settings, "settings-invalid", "does not match");
    assert_refused(
        r#"{"properties":{"a":{"pattern":"^(?=(a|a)*$)(a)*\\1b"}}}"#,
        &settings,
        "component-schema",
        "regex",
    );
}

#[test]
fn patterns_that_take_much_memory() {
    assert_refused(r#"{"pattern":"((a{1000}){1000}){1000}"}"#, "{}", "component-schema", "regex");
    let many: Vec<String> = (0..1000).map(|n| format!(r#""p{n}":{{"pattern":"\\w{{9}}{n}"}}"#)).collect();
    let many = format!(r#"{{"properties":{{{}}}}}"#, many.join(","));
    assert_refused(&many, "{}", "component-schema", "more than 10000 places");
}

#[test]
fn a_schema_that_is_nested_deeply() {
    let nested = |depth: usize| format!("{}true{}", r#"{"not":"#.repeat(depth), "}".repeat(depth));
    assert_refused(&nested(6000), "{}", "component-schema", "recursion limit");
    assert_eq!(map(&nested(120), "{}").0, 0);
}

#[test]
fn a_schema_that_is_too_large() {
    let schema = format!(r#"{{"title":"{}"}}"#, "a".repeat(70_000));
    let words = "longer than 65536 bytes (limit schema_bytes)";
    assert_refused(&schema, "{}", "component-schema", words);
    let large = component(include_str!("guests/describes_a_large_schema.wat"));
    assert_said(map_by(&large, "{}"), "component-schema", words);
}

#[test]
fn a_schema_that_is_none() {
    assert_refused("", "{}", "component-schema", "EOF");
    assert_refused("{", "{}", "component-schema", "EOF");
    assert_refused("no json", "{}", "component-schema", "expected");
    assert_refused("1", "{}", "component-schema", "is not of types");
    assert_refused(r#"{"type":"no such type"}"#, "{}", "component-schema", "no such type");
}

/// What is said about a schema, or about settings, is short.
#[test]
fn a_schema_that_would_be_quoted_at_length() {
    let schema = format!(r#"{{"const":"{}"}}"#, "a".repeat(60_000));
    assert_refused(&schema, "{}", "settings-invalid", "settings at the top");
}

#[test]
fn settings_that_hurt() {
    let nested = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for settings in ["", "[]", "{\"a\":1", nested.as_str()] {
        let (exit, said) = map("{}", settings);
        assert!((2..=3).contains(&exit), "{said:.1000}");
        assert!(said.len() < 10_000);
    }
}
