//! WebAssembly that is no mapping of this contract: refused by the name of what differs.

use accoil_stream::sandbox::{DEFAULT_COMPONENT, Refusal};

use super::guest::{SANDBOX, assemble, component, refusal, text, text_with};

#[track_caller]
fn assert_refused(component: &[u8], code: &str, words: &str) {
    let refused = refusal(component);
    assert_eq!(refused.code(), code, "{refused}");
    assert!(refused.to_string().contains(words), "{refused}");
}

#[test]
fn what_is_not_webassembly() {
    for garbage in
        [&b""[..], b"\0", b"\0asm", b"hello, world", b"\x7fELF\x02\x01\x01\0", b"PK\x03\x04", b"\x1f\x8b\x08"]
    {
        assert_refused(garbage, "component-not-wasm", "not WebAssembly");
    }
    assert_refused(&vec![0; 1 << 20], "component-not-wasm", "not WebAssembly");
}

#[test]
fn what_comes_after_a_component() {
    let mut bytes = component("");
    bytes.extend_from_slice(b"\0asm");
    assert!(SANDBOX.admit(&bytes).is_err());
}

#[test]
fn a_core_module() {
    assert_refused(&assemble("(module)"), "component-core-module", "componentize");
    let mapping = r#"(module (func (export "accoil:event-stream/mapping@1.0.0#transform")))"#;
    assert_refused(&assemble(mapping), "component-core-module", "componentize");
}

#[test]
fn a_component_without_anything() {
    assert_refused(
        &assemble("(component)"),
        "component-export",
        "/plugin@1.0.0`, so it is no mapping; it exports nothing",
    );
}

#[test]
fn a_group_selector() {
    let selector = text("").replace("event-stream/mapping@", "event-stream/group-selection@");
    assert_refused(
        &assemble(&selector),
        "component-export",
        "/mapping@1.0.0`, so it is no mapping; it is a group selector",
    );
}

#[test]
fn an_import_that_is_not_offered_is_named() {
    let import = |name: &str| assemble(&text_with("", &format!(r#"(import "{name}" (instance))"#), ""));
    for name in ["wasi:cli/environment@0.2.6", "wasi:clocks/wall-clock@0.2.0", "accoil:event-stream/log@1.0.0"] {
        assert_refused(&import(name), "component-import", &format!("imports `{name}`"));
    }
    let function = assemble(&text_with("", r#"(import "log" (func))"#, ""));
    assert_refused(&function, "component-import", "imports `log`");
}

#[test]
fn a_function_that_an_offered_import_does_not_have_is_named() {
    let spy = text("").replace(
        r#"(export "active" (func (result bool)))"#,
        r#"(export "active" (func (result bool))) (export "spy" (func))"#,
    );
    assert_refused(&assemble(&spy), "component-contract", "`spy`");
}

#[test]
fn a_function_of_another_type() {
    let import =
        text("").replace(r#"(export "active" (func (result bool)))"#, r#"(export "active" (func (result u8)))"#);
    assert_refused(&assemble(&import), "component-contract", "active");
    let export = text("").replace(r#"(param "settings" string) "#, r#"(param "settings" (list u8)) "#);
    assert_refused(&assemble(&export), "component-contract", "expected `string` found `list`");
    let outcome = text("").replace(r#"(case "reject" string)"#, r#"(case "retry" string)"#);
    assert_refused(&assemble(&outcome), "component-contract", "reject");
}

#[test]
fn another_version_of_the_contract() {
    for version in ["0.9.0", "1.1.0", "2.0.0", "1.0.1"] {
        let exports = text("").replace("/mapping@1.0.0", &format!("/mapping@{version}"));
        let words = format!("it exports `accoil:event-stream/mapping@{version}`, and this host speaks version 1.0.0");
        assert_refused(&assemble(&exports), "component-export", &words);
        let imports = text("").replace("/group-choice@1.0.0", &format!("/group-choice@{version}"));
        let words = format!("imports `accoil:event-stream/group-choice@{version}`");
        assert_refused(&assemble(&imports), "component-import", &words);
    }
}

#[test]
fn an_export_that_is_no_interface() {
    let function = text("").replace(
        r#"(instance $mapping (export "transform" (func $transform)))
  (export "accoil:event-stream/mapping@1.0.0" (instance $mapping))"#,
        r#"(export "accoil:event-stream/mapping@1.0.0" (func $describe))"#,
    );
    assert_refused(&assemble(&function), "component-contract", "mapping");
}

/// Bytes that pass every check are compiled and asked what they are; whatever comes of it, it is an answer.
#[test]
fn flipped_bytes_of_a_small_component_do_no_harm() {
    let mut bytes = component("");
    let (mut admitted, mut refused) = (0, 0);
    for at in 0..bytes.len() {
        bytes[at] ^= 1 << (at % 8);
        match SANDBOX.admit(&bytes) {
            Ok(_) => admitted += 1,
            Err(_) => refused += 1,
        }
        bytes[at] ^= 1 << (at % 8);
    }
    assert!(admitted > 0 && refused > 1000, "{admitted} {refused}");
}

#[test]
fn the_default_mapping_is_admitted() {
    assert!(SANDBOX.admit(DEFAULT_COMPONENT).is_ok());
    let mut longer = DEFAULT_COMPONENT.to_vec();
    longer.extend_from_slice(&[0, 5, 4, b'n', b'o', b't', b'e']);
    let digest_differs = SANDBOX.admit(&longer);
    assert!(digest_differs.is_ok(), "a custom section more does no harm");
    longer.pop();
    assert!(matches!(SANDBOX.admit(&longer).err(), Some(Refusal::Garbage(_))));
}
