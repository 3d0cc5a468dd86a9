//! `[server.traces]`: what it gives, what each mistake says, and what a build without it says.

use super::tests::MINIMAL;
use super::*;

/// The table after the smallest configuration, whose last line is the sixth.
fn with(table: &str) -> String {
    format!("{MINIMAL}[server.traces]\n{table}\n")
}

/// Parses it in a folder with a secret in `key`.
fn parse(text: &str) -> Result<Config, Problems> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "canary\n").unwrap();
    std::fs::write(folder.path().join("lines"), "canary\nthe second").unwrap();
    parse_all(text, &folder.path().join("accoil.toml"))
}

const GOOD: &str = "endpoint = \"http://127.0.0.1:4318/v1/traces\"";

#[cfg(not(feature = "traces"))]
#[test]
fn a_build_without_traces_says_so() {
    let problems = parse(&with(GOOD)).unwrap_err();
    assert_eq!(problems.code(), "config-not-built");
    let said = problems.to_string();
    assert!(said.contains(":6: server.traces: this program was built without it; build it with `--features traces`"));
    // A command that only looks for the service does not mind.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("accoil.toml"), with(GOOD)).unwrap();
    load_address(&folder.path().join("accoil.toml")).unwrap();
}

#[cfg(feature = "traces")]
#[test]
fn little_is_needed_and_everything_can_be_set() {
    let traces = parse(&with(GOOD)).unwrap().server.traces.unwrap();
    assert_eq!((traces.sample, traces.service_name.as_str()), (0.01, "accoil-stream"));
    assert!(traces.headers.is_empty() && traces.ca_file.is_none());
    let table = "sample = 1\nservice_name = \"a\"\nca_file = \"ca.pem\"\nheaders = { X-Key = \"file:key\" }\n";
    let config = parse(&with(&format!("{table}{GOOD}"))).unwrap();
    assert!(!format!("{config:?}").contains("canary"));
    let traces = config.server.traces.unwrap();
    assert_eq!((traces.sample, traces.service_name.as_str()), (1.0, "a"));
    let (name, value) = &traces.headers[0];
    assert_eq!((name.as_str(), value.expose()), ("x-key", "canary"));
    assert!(traces.ca_file.unwrap().is_absolute());
}

#[test]
fn each_mistake_has_its_line_and_no_value() {
    let good = |line: &str| with(&format!("{GOOD}\n{line}"));
    for (text, expected) in [
        (with(""), "6: server.traces.endpoint: is missing"),
        (with("endpoint = \"canary\""), "7: server.traces.endpoint: is no url"),
        (with("endpoint = \"ftp://canary\""), "7: server.traces.endpoint: must begin with http"),
        (with("endpoint = \"http://canary@host/\""), "7: server.traces.endpoint: must not hold a user name"),
        (with("endpoint = \"http://host/?key=canary\""), "7: server.traces.endpoint: must not hold a query"),
        (good("sample = 1.5"), "8: server.traces.sample: must be from 0 to 1"),
        (good("sample = -0.1"), "8: server.traces.sample: must be from 0 to 1"),
        (good("sample = nan"), "8: server.traces.sample: must be from 0 to 1"),
        (good("sample = \"canary\""), "8: server.traces.sample: invalid type: string"),
        (good("service_name = \"\""), "8: server.traces.service_name: is empty"),
        (good("samples = 1"), "8: unknown key server.traces.samples; did you mean sample?"),
        (good("headers = { x = \"canary\" }"), "8: server.traces.headers.x: a secret is not written"),
        (good("headers = { x = \"file:none\" }"), "8: server.traces.headers.x: secret file"),
        (good("headers = { x = \"file:lines\" }"), "8: server.traces.headers.x: holds a character"),
        (good("headers = { \"x y\" = \"file:key\" }"), "8: server.traces.headers.x y: is no name of a header"),
        (good("headers = { Host = \"file:key\" }"), "8: server.traces.headers.Host: is a header that is written"),
    ] {
        let said = parse(&text).unwrap_err().to_string();
        assert!(said.lines().any(|line| line.contains(&format!("accoil.toml:{expected}"))), "{expected}: {said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[cfg(feature = "traces")]
#[test]
fn a_change_of_any_of_it_needs_a_restart() {
    let before = parse(&with(&format!("{GOOD}\nheaders = {{ x = \"file:key\" }}"))).unwrap();
    // Each is in a folder of its own, so that others differ as well.
    let restart = |text: &str| -> Vec<String> {
        let keys = changes(&before, &parse(text).unwrap()).restart;
        keys.into_iter().filter(|key| key == "server.traces").collect()
    };
    assert!(restart(&with(&format!("{GOOD}\nheaders = {{ x = \"file:key\" }}"))).is_empty());
    for table in ["", "sample = 0.5\nheaders = { x = \"file:key\" }", "headers = { y = \"file:key\" }"] {
        assert_eq!(restart(&with(&format!("{GOOD}\n{table}"))), ["server.traces"], "{table}");
    }
    assert_eq!(restart(MINIMAL), ["server.traces"]);
}
