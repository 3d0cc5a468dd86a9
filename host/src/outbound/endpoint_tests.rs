//! Tests of where a configuration leads.

use super::*;
use crate::config::{AccoilConfig, AuthForm, DialectName};
use crate::secret::Secret;

fn config(key: &str) -> AccoilConfig {
    AccoilConfig {
        api_key: Secret::new(key),
        endpoint: None,
        allow_private_endpoint: false,
        auth: AuthForm::Raw,
        dialect: DialectName::V2,
        combined_url: None,
        ca_file: None,
        in_flight: None,
        requests_per_second: None,
    }
}

fn leads_to(config: &AccoilConfig) -> (String, String) {
    let destination = Destination::new(config).unwrap();
    let header = destination.authorization.to_str().unwrap().to_owned();
    (destination.url("/v2/track").to_string(), header)
}

#[test]
fn the_documented_host_and_header_are_the_default() {
    assert_eq!(leads_to(&config("abc")), ("https://in.accoil.com/v2/track".into(), "Basic abc".into()));
}

#[test]
fn a_staging_key_goes_to_staging_without_its_prefix() {
    for key in ["stg_abc", "STG_abc", "Stg_abc"] {
        assert_eq!(leads_to(&config(key)), ("https://instaging.accoil.com/v2/track".into(), "Basic abc".into()));
    }
}

#[test]
fn a_set_endpoint_gets_the_key_as_it_is() {
    let config = AccoilConfig { endpoint: Some("https://example.com/base/".into()), ..config("stg_abc") };
    assert_eq!(leads_to(&config), ("https://example.com/base/v2/track".into(), "Basic stg_abc".into()));
}

#[test]
fn base64_encodes_the_key_with_its_colon() {
    let config = AccoilConfig { auth: AuthForm::Base64, ..config("abc") };
    assert_eq!(leads_to(&config).1, "Basic YWJjOg==");
}

#[test]
fn the_header_does_not_print_itself() {
    let printed = format!("{:?}", Destination::new(&config("canary")).unwrap());
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn the_path_of_combined_is_the_path_of_its_url() {
    let config = AccoilConfig {
        dialect: DialectName::Combined,
        combined_url: Some("https://example.com/in/amplitude".into()),
        ..config("abc")
    };
    let destination = Destination::new(&config).unwrap();
    assert_eq!(destination.combined_path(), Some("/in/amplitude"));
    assert_eq!(destination.url("/in/amplitude").as_str(), "https://example.com/in/amplitude");
}

#[test]
fn the_fingerprint_changes_with_endpoint_and_key() {
    let of = |config: &AccoilConfig| Destination::new(config).unwrap().fingerprint();
    let other_endpoint = AccoilConfig { endpoint: Some("https://example.com".into()), ..config("abc") };
    assert_eq!(of(&config("abc")), of(&config("abc")));
    assert_ne!(of(&config("abc")), of(&config("abd")));
    assert_ne!(of(&config("abc")), of(&other_endpoint));
}

#[test]
fn what_could_leak_the_key_or_reach_inside_is_refused() {
    for (endpoint, allow_private, code) in [
        ("http://example.com", false, "endpoint-url"),
        ("http://127.0.0.1:1", false, "endpoint-url"),
        ("https://127.0.0.1", false, "endpoint-address"),
        ("https://2130706433", false, "endpoint-address"),
        ("https://[::ffff:10.0.0.1]", false, "endpoint-address"),
        ("http://8.8.8.8", true, "endpoint-address"),
        ("https://canary:secret@example.com", false, "endpoint-url"),
        ("https://example.com?canary=1", false, "endpoint-url"),
        ("ftp://example.com", false, "endpoint-url"),
        ("example.com", false, "endpoint-url"),
    ] {
        let config =
            AccoilConfig { endpoint: Some(endpoint.into()), allow_private_endpoint: allow_private, ..config("abc") };
        let error = Destination::new(&config).unwrap_err();
        assert_eq!(error.code(), code, "{endpoint}: {error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    let config =
        AccoilConfig { endpoint: Some("http://127.0.0.1:1".into()), allow_private_endpoint: true, ..config("a\nb") };
    assert_eq!(Destination::new(&config).unwrap_err().code(), "api-key-characters");
}
