//! `compare` over what a running service was given.

use std::time::Duration;

use serde_json::{Value, json};

use super::shadow::users;
use crate::cli::support::Ran;
use crate::oracle::host::config;
use crate::oracle::{Accoil, Host};
use crate::sandbox::guest::component;

/// Events of [`given`]: more than the history gives in a page.
const GIVEN: usize = 1968;

/// With these, users of two groups have another account.
const OTHER: &str = r#"{"primary_group":{"prefer_types":["company"]}}"#;

/// A service that was given an event of each of a thousand users, and another one of those in one group alone.
async fn given(accoil: &Accoil) -> Host {
    let host = Host::start(&config(accoil, "")).await;
    let once = users();
    let again = once.iter().filter(|event| event["groups"]["team"].is_null()).map(|event| {
        let mut again = event.clone();
        again["insert_id"] = json!(format!("{}-again", event["insert_id"].as_str().unwrap()));
        again
    });
    let again: Vec<Value> = again.collect();
    assert_eq!(once.len() + again.len(), GIVEN);
    host.accept("acme", &once).await;
    host.accept("acme", &again).await;
    std::fs::write(host.path("other.json"), OTHER).unwrap();
    host
}

fn compare(host: &Host, more: &[&str]) -> Ran {
    host.run(&[&["compare", "--config", "client.toml", "--tenant", "acme", "--json"], more].concat())
}

/// Exit code, events compared, and those that differ.
fn found(ran: &Ran) -> (i32, usize, usize) {
    let told: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let number = |name: &str| told["events"][name].as_u64().unwrap() as usize;
    (ran.exit, number("compared"), number("differing"))
}

fn refused(ran: &Ran, exit: i32, code: &str) {
    assert!(ran.exit == exit && ran.err.contains(&format!("error[{code}]")) && ran.out.is_empty(), "{ran:?}");
}

#[tokio::test]
async fn the_account_of_32_users_in_1000_would_change() {
    let accoil = Accoil::start().await;
    let host = given(&accoil).await;
    let ran = compare(&host, &["--last", "1h", "--candidate-settings", "other.json"]);
    assert_eq!(found(&ran), (1, GIVEN, 32), "{ran:?}");
    assert!(ran.err.starts_with("baseline: version 1 of acme; candidate: version 1 of acme\n"), "{ran:?}");
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let users = &told["users"];
    assert_eq!((&users["total"], &users["primary_group_changed_share"]), (&json!(1000), &json!(0.032)), "{users}");
    let allowed = compare(&host, &["--candidate-settings", "other.json", "--allow", "1.63%"]);
    assert_eq!(found(&allowed), (0, GIVEN, 32), "{allowed:?}");
    // As text, and what is the same on both sides.
    let arguments = ["compare", "--config", "client.toml", "--tenant", "acme", "--candidate"];
    let ran = host.run(&[&arguments[..], &["default", "--threads", "1"]].concat());
    let head = format!("events          {GIVEN} compared, 0 differ (0%)\nusers           1000, 0 differ\n");
    assert!(ran.exit == 0 && ran.out.starts_with(&head), "{ran:?}");
}

#[tokio::test]
async fn versions_are_compared_each_with_its_component_and_settings() {
    let accoil = Accoil::start().await;
    let host = given(&accoil).await;
    let other: Value = serde_json::from_str(OTHER).unwrap();
    host.order("/versions/deploy", json!({ "component": "live", "settings": other })).await;
    let skips = component("");
    std::fs::write(host.path("skips.wasm"), &skips).unwrap();
    host.deploy(&skips, json!({ "settings": {} })).await;
    for (arguments, exit, differing) in [
        // Version 3 is in force, and skips everything.
        (&["--candidate", "version:3"][..], 0, 0),
        (&["--candidate", "skips.wasm"], 0, 0),
        (&["--candidate", "version:1"], 1, GIVEN),
        (&["--baseline", "version:1", "--candidate", "version:2"], 1, 32),
        (&["--baseline", "version:1", "--candidate-settings", "other.json"], 1, 32),
        // A component without settings of its own has those of the baseline's version.
        (&["--baseline", "version:2", "--candidate", "default"], 0, 0),
        (&["--baseline", "default", "--candidate", "version:1"], 0, 0),
        (&["--baseline", "version:2", "--candidate", "version:1", "--settings", "other.json"], 0, 0),
    ] {
        let ran = compare(&host, arguments);
        assert_eq!(found(&ran), (exit, GIVEN, differing), "{arguments:?} {}", ran.err);
    }
    refused(&compare(&host, &["--candidate", "version:9"]), 1, "unknown-version");
    refused(&compare(&host, &["--candidate", "missing.wasm"]), 3, "component-open");
    std::fs::write(host.path("wrong.json"), r#"{"propertys":[]}"#).unwrap();
    refused(&compare(&host, &["--baseline", "version:1", "--candidate-settings", "wrong.json"]), 3, "settings-invalid");
}

#[tokio::test]
async fn only_the_time_that_is_asked_for_counts_and_nothing_in_it_is_no_success() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let last = |time: &str| compare(&host, &["--last", time, "--candidate", "default"]);
    let nothing = |ran: &Ran| {
        assert_eq!((ran.exit, found(ran)), (1, (1, 0, 0)));
        assert!(ran.err.contains("error[compare-nothing]") && ran.err.contains("history_hours"), "{ran:?}");
    };
    nothing(&last("24h"));
    host.accept("acme", &crate::oracle::events("u", 0..3)).await;
    assert_eq!(found(&last("24h")), (0, 3, 0));
    // The second passes by itself.
    let ran = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let ran = last("1s");
            if ran.exit != 0 {
                return ran;
            }
            tokio::task::yield_now().await;
        }
    });
    nothing(&ran.await.unwrap());
    assert_eq!(found(&last("7d")), (0, 3, 0));
}

#[tokio::test]
async fn what_makes_no_sense_is_told_with_a_code() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let run = |arguments: &[&str]| host.run(&[&["compare", "--candidate", "default"], arguments].concat());
    let config = ["--config", "client.toml"];
    refused(&run(&[&config[..], &["--tenant", "nobody"]].concat()), 2, "config-tenant");
    refused(&run(&["--baseline", "version:1", "-"]), 2, "compare-version");
    for wrong in [
        &[&config[..], &["--tenant", "acme", "events.ndjson"]].concat(),
        &[&config[..], &["events.ndjson"]].concat(),
        &vec!["--last", "24h", "events.ndjson"],
        &[&config[..], &["--tenant", "acme", "--last", "yesterday"]].concat(),
    ] {
        let ran = run(wrong);
        assert!(ran.exit == 2 && ran.err.starts_with("error: "), "{wrong:?} {ran:?}");
    }
    let (_, _, folder) = host.stop().await;
    let gone = crate::cli::support::run_in(
        folder.path(),
        &["compare", "--config", "client.toml", "--tenant", "acme", "--candidate", "default"],
    );
    refused(&gone, 2, "service-unreachable");
}
