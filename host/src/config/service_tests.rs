//! What `serve` is configured with, all problems at once, and what tenants may not share.

use std::path::Path;

use super::tests::{MINIMAL, mistake, parse_in_folder};
use super::*;

/// With every secret in the file `key`.
fn with_secrets(text: &str) -> String {
    let mut parts = text.split("\"env:");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| format!("{text}\"file:key\"{}", part.split_once('"').unwrap().1))
}

#[test]
fn the_service_is_configured_as_documented() {
    // The example, with secrets that are there.
    let text = with_secrets(include_str!("../../examples/accoil.toml"))
        .replace("enabled = true", "enabled = false")
        .replace("paused = false", "paused = true")
        .replace("api_key =", "in_flight = 3\nrequests_per_second = 4\napi_key =");
    let (config, folder) = parse_in_folder(&text).unwrap();
    let tenant = config.tenant(None).unwrap();
    assert_eq!(config.server.data_dir, folder.path().join("data"));
    assert_eq!(config.server.admin_token.as_ref().unwrap().expose(), "canary");
    assert_eq!((tenant.intake.enabled, tenant.intake.paused), (false, true));
    assert_eq!(tenant.intake.ingest_keys[0].expose(), "canary");
    assert!(tenant.intake.remember_group_properties && !tenant.intake.remember_user_properties);
    let delivery = config.delivery_of(tenant);
    assert_eq!((delivery.in_flight.get(), delivery.requests_per_second), (3, 4));
    assert_eq!(delivery.window, config.delivery.window);
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn all_problems_are_told_in_order_and_none_that_follows_from_another() {
    let text = r#"
        [server]
        listn = "127.0.0.1:1"
        drain_s = "long"
        [queue]
        bytes = 0
        dedup_days = 0
        [[tenants]]
        nam = "acme"
        ingest_keys = ["canary"]
        [tenants.accoil]
        api-key = "file:key"
        auth = "digest"
        dialect = "combined"
        [[tenants]]
        name = "a b"
        [tenants.accoil]
        api_key = "canary"
        in_flight = 5000
        [tenants.mapping]
        component = 7
        settings = { x = inf }
        [[tenants]]
        accoil = 5
    "#;
    let path = Path::new("accoil.toml");
    let problems = parse_all(text, path).unwrap_err();
    let said: Vec<String> = problems.iter().map(|problem| problem.to_string().replace("accoil.toml:", "")).collect();
    let starts: Vec<&str> = said.iter().map(|line| line.split([';', ',', '(']).next().unwrap()).collect();
    assert_eq!(
        starts,
        [
            "3: unknown key server.listn",
            "4: server.drain_s: invalid type: string",
            "6: queue.bytes: must be at least 1048576",
            "7: queue.dedup_days: must be at least 1",
            "9: unknown key tenants[0].nam",
            "10: tenants[0].ingest_keys[0]: a secret is not written in the configuration",
            "12: unknown key tenants[0].accoil.api-key",
            "13: tenants[0].accoil.auth: unknown variant",
            "16: tenants[1].name: must be 1 to 64 ascii letters",
            "18: tenants[1].accoil.api_key: a secret is not written in the configuration",
            "19: tenants[1].accoil.in_flight: must be at most delivery.window",
            "21: tenants[1].mapping.component: invalid type: integer",
            "22: tenants[1].mapping.settings.x: json has no infinite number and no nan",
            "23: tenants[2].name: is missing",
            "24: tenants[2].accoil: invalid type: integer",
        ]
    );
    assert!(!problems.to_string().contains("canary"));
}

#[test]
fn tenants_with_the_same_ingest_key_are_both_named() {
    let other = MINIMAL.replace("acme", "other");
    let with_key =
        |text: &str| text.replace("[tenants.accoil]", "ingest_keys = [\"file:key\", \"file:key\"]\n[tenants.accoil]");
    parse_in_folder(&with_key(MINIMAL)).unwrap();
    let said = mistake(&format!("{}{}", with_key(MINIMAL), with_key(&other)));
    assert!(
        said.starts_with("10: tenants[1].ingest_keys[0]: tenants \"acme\" and \"other\" have the same key"),
        "{said}"
    );
}

#[test]
fn tls_files_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accoil.toml");
    std::fs::write(folder.path().join("key"), "canary").unwrap();
    let text = format!("{MINIMAL}[server.tls]\ncertificate = \"chain.pem\"\nkey = \"file:key.pem\"\n");
    let said = |certificate: &str, key: &str| {
        std::fs::write(folder.path().join("chain.pem"), certificate).unwrap();
        std::fs::write(folder.path().join("key.pem"), key).unwrap();
        parse_all(&text, &path).err().map(|problems| problems.to_string()).unwrap_or_default()
    };
    let pem = |kind: &str| format!("-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n");
    let found = said("canary", "canary");
    assert!(found.contains("holds no certificate") && found.contains("tls.key: holds no private key"), "{found}");
    assert!(!found.contains("canary"), "{found}");
    assert_eq!(said(&pem("CERTIFICATE"), &pem("PRIVATE KEY")), "");
}

#[test]
fn a_command_finds_the_service_without_the_secrets_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accoil.toml");
    std::fs::write(folder.path().join("key"), "canary").unwrap();
    let address = |text: &str| {
        std::fs::write(&path, text).unwrap();
        load_address(&path)
    };
    let text = MINIMAL
        .replace("file:key", "env:ACCOIL_STREAM_UNSET")
        .replace("[tenants.", "ingest_keys = [\"file:key\"]\n[tenants.");
    let found = address(&text).unwrap();
    assert_eq!((found.server.admin_listen.port(), found.tls), (8081, false));
    assert_eq!(found.tenant(None).unwrap(), "acme");
    assert_eq!(found.ingest_key(None).unwrap().expose(), "canary");
    let said = found.ingest_key(Some("acne")).unwrap_err().to_string();
    assert!(said.ends_with("has no tenant \"acne\"; tenants are: acme"), "{said}");
    let said = address(MINIMAL).unwrap().ingest_key(None).unwrap_err().to_string();
    assert!(said.ends_with("accoil.toml:2: tenants[0].ingest_keys: is missing; events come in with a key"), "{said}");
    let said = address(&format!("[server]\nadmin_lissen = 1\n{MINIMAL}")).unwrap_err().to_string();
    assert!(said.contains("did you mean admin_listen?"), "{said}");
    // A mistake elsewhere keeps nobody from the service.
    let found = address(&format!("{MINIMAL}[queue]\nbites = 1\n[[tenants]]\nname = 7\n")).unwrap();
    assert_eq!(found.tenant(None).unwrap(), "acme");
}
