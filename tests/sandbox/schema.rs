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
