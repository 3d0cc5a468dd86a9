//! A version that fails is taken back by itself, and no event is lost by it.

use serde_json::{Value, json};

use super::rollout::Store;
use crate::oracle::host::config;
use crate::oracle::{Accoil, Host, Reply, event};
use crate::sandbox::guest;

/// Delivers what it does not fail on: it fails as the first letter of the event's type says. The mark
/// makes one component another one.
fn fails_by_type(mark: &str) -> Vec<u8> {
    let delivers = include_str!("../sandbox/guests/delivers.wat").replace("(func $on_event ", "(func $deliver ");
    let skips = "(call $skip_with_id (local.get $event) (local.get $outcome))";
    let fails = include_str!("../sandbox/guests/fails_by_type.wat");
    assert!(fails.contains(skips));
    let fails = fails.replace(skips, "(call $deliver (local.get $event) (local.get $outcome))");
    guest::component(&format!("{delivers}\n{fails}\n(data (i32.const 900) \"{mark}\")"))
}

/// Kinds of failure that the guest has: a trap, a loop, a recursion, memory, output, an outcome of no kind.
const LETTERS: [char; 6] = ['u', 'l', 'r', 'm', 'g', 'i'];

/// Events of many users; one in ten fails in this way.
fn bad_ones(letter: char, number: usize) -> Vec<Value> {
    let name = |id: usize| if id % 10 == 3 { format!("{letter}{id:04}") } else { format!("E{id:04}") };
    (0..number).map(|id| event(&format!("user-{}", id % 50), &name(id))).collect()
}

/// One in ten events makes the new version fail: it is taken back, and all events are delivered.
async fn is_taken_back(more: Value, letter: char) {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "").replace("[queue]", "[limits]\ndeadline_ms = 50\n[queue]")).await;
    host.accept("acme", &(0..20).map(|id| event("u", &format!("F{id}"))).collect::<Vec<_>>()).await;
    host.until_drained("acme").await;
    let deployed = host.deploy(&fails_by_type("a"), more.clone()).await;
    for part in bad_ones(letter, 600).chunks(100) {
        host.accept("acme", part).await;
    }
    let status = host.until_drained("acme").await;
    assert_eq!(
        (&status["version"], &status["dead"], &status["delivered"]),
        (&json!(1), &json!(0), &json!(620)),
        "{letter}"
    );
    assert_eq!(status["canary"], Value::Null, "{status}");
    let rolled_back = &status["rolled_back"];
    let condemned = deployed["canary_version"].as_u64().or(deployed["version"].as_u64());
    assert_eq!((rolled_back["condemned"].as_u64(), &rolled_back["to"]), (condemned, &json!(1)), "{status}");
    assert!(host.metrics().await.contains("accoil_stream_rollbacks_total{tenant=\"acme\"} 1"));
    assert!(host.log().contains("rolled back: version 2 is taken back"));
    let audit = host.audit().await;
    let line = audit.iter().find(|line| line["what"] == "auto-rollback").unwrap();
    assert_eq!((&line["by"], &line["detail"]["condemned"]), (&json!("accoil-stream"), &json!(2)), "{line}");
    assert_eq!(accoil.counts().len(), 620);
    assert!(accoil.counts().values().all(|count| *count == 1));
    let (_, _, folder) = host.stop().await;
    let settled = Store::open(folder.path()).settled();
    let repinned: Vec<_> = settled.iter().filter(|event| event.note["repinned"]["from"] == 2).collect();
    assert!(
        (1..60).contains(&repinned.len()) && repinned.iter().all(|event| event.version == 1),
        "{letter}: {repinned:?}"
    );
    assert!(repinned.iter().all(|event| event.id.starts_with(letter)), "{repinned:?}");
    assert!(settled.iter().any(|event| event.version == 2), "{letter}: it never ran");
}

#[tokio::test]
async fn a_version_that_traps_is_taken_back() {
    is_taken_back(json!({}), 'u').await;
}

#[tokio::test]
async fn a_version_that_loops_is_taken_back() {
    is_taken_back(json!({}), 'l').await;
}

#[tokio::test]
async fn a_canary_that_fails_in_whatever_way_is_taken_back() {
    for letter in LETTERS {
        is_taken_back(json!({ "canary": 0.5 }), letter).await;
    }
}

/// What the destination does says nothing about the mapping.
#[tokio::test]
async fn a_destination_that_refuses_everything_takes_no_version_back() {
    let accoil = Accoil::behaving(|call| Reply::status(if call.kind == "track" { 400 } else { 202 })).await;
    let host = Host::start(&config(&accoil, "")).await;
    host.deploy(&super::rollout::twice('a'), json!({})).await;
    host.accept("acme", &bad_ones('x', 200)).await;
    let status = host.until_drained("acme").await;
    assert_eq!((&status["version"], &status["dead"], &status["rolled_back"]), (&json!(2), &json!(200), &Value::Null));
}

/// Events that the version before fails on as well are dead letters, and say nothing against the new one.
#[tokio::test]
async fn what_both_versions_fail_on_is_a_dead_letter_and_no_reason() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.deploy(&fails_by_type("a"), json!({})).await;
    host.deploy(&fails_by_type("b"), json!({})).await;
    host.accept("acme", &bad_ones('u', 200)).await;
    let status = host.until_drained("acme").await;
    assert_eq!((&status["version"], &status["dead"], &status["rolled_back"]), (&json!(3), &json!(20), &Value::Null));
    assert!(host.dead_letters().await.iter().all(|letter| letter["reason"] == "mapping-panic"));
}

/// The version before goes on helping the live one, also beside a canary of something else.
#[tokio::test]
async fn a_canary_does_not_end_the_watch_of_the_live_version() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.deploy(&fails_by_type("a"), json!({})).await;
    host.deploy(&super::rollout::twice('c'), json!({ "canary": 0.01 })).await;
    assert!(host.status("acme").await["watched_until"].is_string());
    host.accept("acme", &bad_ones('u', 200)).await;
    let status = host.until_drained("acme").await;
    assert_eq!((&status["dead"], &status["delivered"], &status["version"]), (&json!(0), &json!(200), &json!(2)));
}
