//! Tests of the configuration file: what it gives, and what each mistake says.

use std::path::Path;

use super::*;

pub(super) const MINIMAL: &str = r#"
[[tenants]]
name = "acme"
[tenants.accoil]
api_key = "file:key"
"#;

/// Parses the text as a file in a folder that has a secret in `key`.
pub(super) fn parse_in_folder(text: &str) -> Result<(Config, tempfile::TempDir), ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "canary\n").unwrap();
    std::fs::write(folder.path().join("accoil.toml"), text).unwrap();
    load(&folder.path().join("accoil.toml")).map(|config| (config, folder))
}

/// The error's text from the line number on.
pub(super) fn mistake(text: &str) -> String {
    let error = parse_in_folder(text).err().unwrap().to_string();
    assert!(!error.contains("canary"), "{error}");
    error.split_once("accoil.toml:").unwrap().1.to_owned()
}

#[test]
fn little_is_needed_and_the_rest_has_defaults() {
    let (config, _folder) = parse_in_folder(MINIMAL).unwrap();
    let tenant = config.tenant(None).unwrap();
    assert_eq!(tenant.accoil.api_key.expose(), "canary");
    assert_eq!((tenant.accoil.auth, tenant.accoil.dialect), (AuthForm::Raw, DialectName::V2));
    assert_eq!(tenant.mapping, MappingConfig { component: Component::Default, settings: "{}".into() });
    assert_eq!(config.delivery, DeliveryConfig::default());
    assert_eq!((config.delivery.in_flight.get(), config.delivery.window.get()), (8, 4096));
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn everything_can_be_set_and_paths_are_relative_to_the_file() {
    let (config, folder) = parse_in_folder(
        r#"
        [delivery]
        in_flight = 2
        window = 3
        remembered = 4
        connect_timeout_ms = 5
        request_timeout_ms = 6
        give_up_after_s = 7
        retry_first_ms = 8
        retry_max_ms = 9
        [limits]
        [[tenants]]
        name = "acme"
        [tenants.accoil]
        api_key = "file:key"
        allow_private_endpoint = true
        auth = "base64"
        dialect = "combined"
        combined_url = "http://127.0.0.1:1/hook"
        ca_file = "ca.pem"
        [tenants.mapping]
        component = "rules/acme.wasm"
        settings = { properties = ["plan"], since = 2026-01-02, nested = { n = 1.5 } }
        "#,
    )
    .unwrap();
    let tenant = config.tenant(Some("acme")).unwrap();
    assert_eq!(tenant.accoil.ca_file, Some(folder.path().join("ca.pem")));
    assert_eq!(tenant.mapping.component, Component::File(folder.path().join("rules/acme.wasm")));
    assert_eq!(tenant.mapping.settings, r#"{"nested":{"n":1.5},"properties":["plan"],"since":"2026-01-02"}"#);
    assert_eq!(config.delivery.give_up_after().as_secs(), 7);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
    for (from, to, expected) in [
        ("api_key", "apikey", "5: unknown key tenants[0].accoil.apikey; did you mean api_key?"),
        ("api_key", "api-key", "5: unknown key tenants[0].accoil.api-key; did you mean api_key?"),
        ("[tenants.accoil]", "[tenants.acoil]", "4: unknown key tenants[0].acoil; did you mean accoil?"),
        ("[[tenants]]", "[[tenant]]", "2: unknown key tenant; did you mean tenants?"),
        (
            "name",
            "colour",
            "3: unknown key tenants[0].colour; known here are name, enabled, paused, ingest_keys, remember_group_properties, remember_user_properties, accoil, mapping, selector",
        ),
    ] {
        assert_eq!(mistake(&MINIMAL.replacen(from, to, 1)), expected);
    }
}

#[test]
fn a_wrong_value_is_named_with_line_and_key_and_not_repeated() {
    let with = |line: &str| format!("{MINIMAL}{line}\n");
    let literal = "a secret is not written in the configuration";
    for (text, expected) in [
        (MINIMAL.replace("\"file:key\"", "\"canary\""), format!("5: tenants[0].accoil.api_key: {literal}")),
        (MINIMAL.replace("\"file:key\"", "7353"), format!("5: tenants[0].accoil.api_key: {literal}")),
        (MINIMAL.replace("\"file:key\"", "[\"canary\"]"), format!("5: tenants[0].accoil.api_key: {literal}")),
        (MINIMAL.replace("\"file:key\"", "canary"), "5: not valid toml".into()),
        (MINIMAL.replace("\"file:key\"", "\"file:none\""), "5: tenants[0].accoil.api_key: secret file".into()),
        (
            MINIMAL.replace("file:key", "env:ACCOIL_STREAM_UNSET"),
            "5: tenants[0].accoil.api_key: environment variable ACCOIL_STREAM_UNSET is not set".into(),
        ),
        (MINIMAL.replace("api_key = \"file:key\"", ""), "4: tenants[0].accoil.api_key: is missing".into()),
        (MINIMAL.replace("acme", "a b"), "3: tenants[0].name: must be 1 to 64".into()),
        (with("auth = \"canary\""), "6: tenants[0].accoil.auth: unknown variant, expected `raw` or `base64`".into()),
        (
            with("allow_private_endpoint = \"canary, expected `x\""),
            "6: tenants[0].accoil.allow_private_endpoint: invalid type: string, expected a boolean".into(),
        ),
        (with("dialect = \"combined\""), "4: tenants[0].accoil.combined_url: is missing".into()),
        (with("combined_url = \"https://x\""), "6: tenants[0].accoil.combined_url: is for dialect".into()),
        (with("[tenants.mapping]\ncomponent = 7"), "7: tenants[0].mapping.component: invalid type".into()),
        (with("[tenants.mapping.settings]\nx = nan"), "7: tenants[0].mapping.settings.x: json has no".into()),
        (with("[delivery]\nin_flight = 0"), "7: delivery.in_flight: ".into()),
        (with("[delivery]\nin_flight = -1"), "7: delivery.in_flight: ".into()),
        (with("[delivery]\nin_flight = 2000"), "7: delivery.in_flight: must be at most 1024".into()),
        (
            with("[delivery]\ngive_up_after_s = 9000000000000000000"),
            "7: delivery.give_up_after_s: must be at most 2678400".into(),
        ),
        (with("[delivery]\nwindow = 2"), "7: delivery.window: must be at least in_flight".into()),
        (format!("{MINIMAL}{MINIMAL}"), "8: tenants[1].name: \"acme\" is the name of an earlier tenant".into()),
        (String::new(), "1: tenants: there is none".into()),
        (MINIMAL.replace("name = \"acme\"", ""), "2: tenants[0].name: is missing".into()),
        ("[[tenants]]\nname = \"acme\"".into(), "1: tenants[0].accoil: is missing".into()),
        ("tenants = 7".into(), "1: tenants: invalid type: integer, expected a sequence".into()),
        (with("in_flight = 2000"), "6: tenants[0].accoil.in_flight: must be at most 1024".into()),
        (
            with("in_flight = 9\n[delivery]\nwindow = 8"),
            "6: tenants[0].accoil.in_flight: must be at most delivery.window".into(),
        ),
        (with("requests_per_second = 100001"), "6: tenants[0].accoil.requests_per_second: must be at most".into()),
        (with("[ingest]\nevents = 0"), "7: ingest.events: must be at least 1".into()),
        (with("[ingest]\nbatch_bytes = 2048"), "7: ingest.batch_bytes: must be at least httpapi_bytes".into()),
        (with("[ingest]\nwaiting_bytes = 2000000"), "7: ingest.waiting_bytes: must be at least batch_bytes".into()),
        (with("[queue]\nbytes = 0"), "7: queue.bytes: must be at least 1048576".into()),
        (with("[queue]\ndedup_days = 400"), "7: queue.dedup_days: must be at most 366".into()),
        (with("[limits]\nmemory_bytes = 4294967297"), "7: limits.memory_bytes: must be at most 4294967296".into()),
        (with("[server]\ndrain_s = 3601"), "7: server.drain_s: must be at most 3600".into()),
        (with("[server]\nlisten = \"8080\""), "7: server.listen: invalid socket address syntax".into()),
        (
            with("[server]\nadmin_listen = \"127.0.0.1:8080\""),
            "7: server.admin_listen: is the address of listen too".into(),
        ),
        (with("[server]\nlisten = \"0.0.0.0:8081\""), "6: server.admin_listen: is the address of listen too".into()),
        (with("[server]\nadmin_listen = \"10.0.0.1:1\""), "6: server.admin_token: is missing, and admin_listen".into()),
        (with("[server]\nadmin_token = \"canary\""), format!("7: server.admin_token: {literal}")),
        (with("[server]\nlog = \"info,=x=\""), "7: server.log: is no log filter".into()),
        (with("[server]\nlog_format = \"xml\""), "7: server.log_format: unknown variant, expected `text` or".into()),
        (with("[server.tls]\nkey = \"file:key\""), "6: server.tls.certificate: is missing".into()),
        (with("[server.tls]\ncertificate = \"none\"\nkey = \"file:key\""), "7: server.tls.certificate: ".into()),
        ("[[tenants]".into(), "1: not valid toml".into()),
    ] {
        let text = mistake(&text);
        assert!(text.starts_with(&expected), "{text}\n  expected: {expected}");
        assert!(!text.contains("7353"), "{text}");
    }
}

#[test]
fn a_tenant_is_chosen_by_name_or_by_being_the_only_one() {
    let (config, _folder) = parse_in_folder(&format!("{MINIMAL}{}", MINIMAL.replace("acme", "other"))).unwrap();
    assert_eq!(config.tenant(Some("other")).unwrap().name, "other");
    let none = config.tenant(None).unwrap_err().to_string();
    assert!(none.ends_with("has several tenants, and none was chosen; tenants are: acme, other"), "{none}");
    let wrong = config.tenant(Some("acne")).unwrap_err().to_string();
    assert!(wrong.ends_with("has no tenant \"acne\"; tenants are: acme, other"), "{wrong}");
}

#[test]
fn a_missing_file_is_named() {
    let error = load(Path::new("/nowhere/accoil.toml")).unwrap_err();
    assert_eq!(error.code(), "config-read");
    assert!(error.to_string().starts_with("/nowhere/accoil.toml cannot be read"), "{error}");
}

/// serde lists the fields of a struct when it meets an unknown one: what it lists must be what
/// `keys` knows.
#[test]
fn the_known_keys_are_those_of_the_shape() {
    fn fields<T: serde::de::DeserializeOwned>() -> Vec<String> {
        let message = toml::from_str::<T>("no_such_key = 1").err().unwrap().message().to_owned();
        message.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }
    let keys = |path: &[&str]| {
        let mut known = &keys::ROOT;
        for name in path {
            known = known.inner(name).unwrap();
        }
        known.keys.to_vec()
    };
    assert_eq!(fields::<shape::File>(), keys(&[]));
    assert_eq!(fields::<shape::TenantTable>(), keys(&["tenants"]));
    assert_eq!(fields::<shape::AccoilTable>(), keys(&["tenants", "accoil"]));
    assert_eq!(fields::<shape::MappingTable>(), keys(&["tenants", "mapping"]));
    assert_eq!(fields::<shape::SelectorTable>(), keys(&["tenants", "selector"]));
    assert_eq!(fields::<DeliveryConfig>(), keys(&["delivery"]));
    assert_eq!(fields::<shape::ServerTable>(), keys(&["server"]));
    assert_eq!(fields::<shape::TlsTable>(), keys(&["server", "tls"]));
    assert_eq!(fields::<shape::TracesTable>(), keys(&["server", "traces"]));
    assert_eq!(fields::<IngestConfig>(), keys(&["ingest"]));
    assert_eq!(fields::<QueueConfig>(), keys(&["queue"]));
    assert_eq!(fields::<Limits>(), keys(&["limits"]));
}

#[test]
fn what_is_quoted_of_the_file_stays_on_its_line_and_does_nothing_to_a_terminal() {
    let settings = "[tenants.mapping.settings]\n\"\\u001b[2J\\n\" = nan\n";
    for text in [
        "\"li\\nsten\\u001b[31m\" = 1\n".to_owned() + MINIMAL,
        MINIMAL.replace("acme", "a\\nb\\u0007"),
        MINIMAL.replace("file:key", "env:NO\\nSUCH\\u001bNAME"),
        MINIMAL.replace("file:key", "file:no\\nsuch\\u009bfile"),
        format!("{MINIMAL}{settings}"),
        format!("{MINIMAL}auth = \"\\u001b]0;x\\n\""),
    ] {
        let said = mistake(&text);
        assert!(!said.contains(char::is_control), "{said:?}");
    }
}
