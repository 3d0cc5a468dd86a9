//! What `mappings deploy` asks for, and how it tells what came of it.

use serde_json::{Value, json};

use super::*;
use crate::cli::ops::offer::Named;
use crate::cli::ops::stand_in::StandIn;

const DEPLOYED: &str = r#"{"tenant":"acme","mapping":"sha256:0123456789abcdef","settings_digest":"aaaabbbbccccdddd",
    "version":4,"live":4,"canary":null,"from":120,"dry_run":false,
    "before":{"version":3,"mapping":"sha256:fedcba9876543210","settings_digest":"eeeeffff00001111"},
    "times_ms":{"admission":120.04,"switch":0.123,"write":4.5,"total":125.0}}"#;

const TEXT: &str = "acme: version 4 is in force from event 120 on; before it was version 3
  mapping   fedcba987654 → 0123456789ab
            sha256:0123456789abcdef
  settings  eeeeffff0000 → aaaabbbbcccc
            sha256:aaaabbbbccccdddd
  took      admission 120.0 ms, switch 0.12 ms, its write 4.50 ms, 125.0 ms in all
";

fn arguments(folder: &tempfile::TempDir) -> Arguments {
    Arguments {
        offer: Options::of(Named::Default),
        tenant: Vec::new(),
        all: false,
        canary: None,
        expect: None,
        dry_run: false,
        look: None,
        asker: Asker::of("me", "better"),
        service: Service { config: folder.path().join("accoil.toml"), json: false },
    }
}

fn bodies(service: &StandIn) -> Vec<Value> {
    let seen = service.seen();
    assert!(seen.iter().all(|seen| seen.line == "POST /versions/deploy"));
    seen.iter().map(|seen| serde_json::from_str(&seen.body).unwrap()).collect()
}

#[test]
fn both_digests_the_first_event_and_the_times_are_told() {
    let mut deployed: Deployed = serde_json::from_str(DEPLOYED).unwrap();
    assert_eq!(deployed.text(), TEXT);
    (deployed.canary, deployed.live, deployed.times_ms.total) = (Some(0.05), Some(3), None);
    let text = deployed.text();
    let head = "acme: version 4 is in force for 5% of users from event 120 on, beside version 3\n";
    assert!(text.starts_with(head) && text.ends_with("write 4.50 ms\n"), "{text}");
    (deployed.version, deployed.from) = (None, None);
    assert!(deployed.text().starts_with("acme: would be admitted; version 3 stays in force\n"));
}

#[test]
fn what_is_said_is_asked_for_and_no_more() {
    let service = StandIn::always(200, DEPLOYED);
    let folder = service.folder();
    assert_eq!(run(&arguments(&folder)).unwrap(), Exit::Success);
    let all = Arguments { canary: Some("5%".parse().unwrap()), expect: Some(3), dry_run: true, ..arguments(&folder) };
    run(&all).unwrap();
    let least = json!({ "tenant": "acme", "component": "default", "by": "me", "reason": "better" });
    let mut most = least.clone();
    (most["canary"], most["expect"], most["dry_run"]) = (0.05.into(), 3.into(), true.into());
    assert_eq!(bodies(&service), [least, most]);
}

#[test]
fn a_refusal_ends_it_by_its_kind() {
    for (status, code, exit) in [
        (409, "version-conflict", Exit::Incomplete),
        (422, "component-import", Exit::Refused),
        (401, "admin-token", Exit::Usage),
    ] {
        let service = StandIn::always(status, &json!({ "code": code, "message": "no" }).to_string());
        let folder = service.folder();
        let arguments = Arguments { tenant: vec!["acme".into(), "acme".into()], ..arguments(&folder) };
        let failure = run(&arguments).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_ref(), failure.message.as_str()), (exit, code, "no"));
        assert_eq!(service.seen().len(), 1, "it stops at the first refusal");
    }
}

#[test]
fn a_tenant_that_is_not_there_is_noticed_before_anything_is_done() {
    let service = StandIn::always(200, DEPLOYED);
    let folder = service.folder();
    let failure = run(&Arguments { tenant: vec!["acme".into(), "acne".into()], ..arguments(&folder) }).unwrap_err();
    assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Usage, "config-tenant"));
    assert!(service.seen().is_empty());
}

#[test]
fn all_are_told_up_to_the_one_that_stopped_it() {
    let answer = format!(r#"{{"deployed":[{DEPLOYED}],"stopped":"b","code":"component-trial","message":"b: traps"}}"#);
    let service = StandIn::always(422, &answer);
    let folder = service.folder();
    let failure = run(&Arguments { all: true, look: Some(5), ..arguments(&folder) }).unwrap_err();
    assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Refused, "component-trial"));
    let expected = json!({ "all": true, "look_s": 5, "component": "default", "by": "me", "reason": "better" });
    assert_eq!(bodies(&service), [expected]);
    let service = StandIn::always(200, &format!(r#"{{"deployed":[{DEPLOYED}],"stopped":null}}"#));
    let folder = service.folder();
    assert_eq!(run(&Arguments { all: true, ..arguments(&folder) }).unwrap(), Exit::Success);
}
