//! What a reload is told has changed.

use std::path::Path;

use super::*;

/// A configuration whose secrets come from files in the folder of `path`.
fn parse(text: &str, path: &Path) -> Config {
    parse_all(text, path).unwrap()
}

const BEFORE: &str = r#"
[server]
admin_token = "file:token"
[ingest]
events = 10
[[tenants]]
name = "acme"
ingest_keys = ["file:one"]
[tenants.accoil]
api_key = "file:key"
[[tenants]]
name = "other"
[tenants.accoil]
api_key = "file:key"
in_flight = 2
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["token", "one", "two", "key"] {
        std::fs::write(folder.path().join(name), format!("canary {name}")).unwrap();
    }
    folder
}

#[test]
fn every_change_is_named_and_no_other() {
    let folder = folder();
    let path = folder.path().join("accoil.toml");
    let before = parse(BEFORE, &path);
    assert!(changes(&before, &parse(BEFORE, &path)).is_empty());
    for (from, to, expected) in [
        ("file:one\"]", "file:two\"]", vec!["tenant acme: intake"]),
        ("file:one\"]", "file:one\", \"file:two\"]", vec!["tenant acme: intake"]),
        ("name = \"acme\"", "name = \"acme\"\npaused = true", vec!["tenant acme: intake"]),
        ("file:key", "file:two", vec!["tenant acme: accoil"]),
        ("api_key", "ca_file = \"ca\"\napi_key", vec!["tenant acme: accoil"]),
        (
            "[[tenants]]\nname = \"other",
            "[tenants.mapping]\ncomponent = \"x\"\n[[tenants]]\nname = \"other",
            vec!["tenant acme: mapping"],
        ),
        ("in_flight = 2", "in_flight = 3", vec!["tenant other: delivery"]),
        // The other tenant has a value of its own.
        ("[ingest]", "[delivery]\nin_flight = 9\n[ingest]", vec!["tenant acme: delivery"]),
        ("\"other\"", "\"new\"", vec!["tenant new: added", "tenant other: removed"]),
        ("events = 10", "events = 11", vec!["ingest.events"]),
        ("file:token", "file:two", vec!["server.admin_token (needs a restart)"]),
        (
            "[server]",
            "[queue]\nbytes = 9999999\n[server]\ndrain_s = 1",
            vec!["server.drain_s (needs a restart)", "queue.bytes (needs a restart)"],
        ),
        ("[server]", "[limits]\ndeadline_ms = 7\n[server]", vec!["limits.deadline_ms (needs a restart)"]),
    ] {
        assert!(BEFORE.contains(from), "{from}");
        let found = changes(&before, &parse(&BEFORE.replacen(from, to, 1), &path));
        assert_eq!(found.lines(), expected, "{from} -> {to}");
        assert!(!format!("{found:?}").contains("canary"));
    }
}

#[test]
fn a_secret_that_changed_in_its_file_is_seen() {
    let folder = folder();
    let path = folder.path().join("accoil.toml");
    let before = parse(BEFORE, &path);
    std::fs::write(folder.path().join("key"), "canary new").unwrap();
    let found = changes(&before, &parse(BEFORE, &path));
    assert_eq!(found.lines(), ["tenant acme: accoil", "tenant other: accoil"]);
    std::fs::write(folder.path().join("token"), "canary new").unwrap();
    assert_eq!(changes(&before, &parse(BEFORE, &path)).restart, ["server.admin_token"]);
}

#[test]
fn it_is_told_as_json() {
    let folder = folder();
    let path = folder.path().join("accoil.toml");
    let found = changes(&parse(BEFORE, &path), &parse(&BEFORE.replacen("file:one", "file:two", 1), &path));
    assert_eq!(
        serde_json::to_string(&found).unwrap(),
        r#"{"tenants":{"acme":{"changed":{"intake":true,"accoil":false,"mapping":false,"delivery":false}}},"ingest":[],"rollout":[],"restart":[]}"#
    );
}
