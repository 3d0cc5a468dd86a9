//! Mappings that fail, loop, or are changed while events flow.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::oracle::host::{base, config, tenant};
use crate::oracle::{Accoil, Host, event, events};
use crate::sandbox::guest;

fn write(host_folder: &tempfile::TempDir, name: &str, component: &[u8]) {
    std::fs::write(host_folder.path().join(name), component).unwrap();
}

const MAPPING: &str = "\n[tenants.mapping]\ncomponent = \"mapping.wasm\"";

#[tokio::test]
async fn a_trap_costs_its_own_event_alone() {
    let accoil = Accoil::start().await;
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "mapping.wasm", &guest::component(include_str!("../sandbox/guests/fails_by_type.wat")));
    let host = Host::start_in(folder, &config(&accoil, MAPPING), &[]).await;
    let all: Vec<_> = (0..100)
        .map(|number| {
            json!({ "event_type": if number == 50 { "trap" } else { "fine" },
        "user_id": "u", "insert_id": format!("e{number}") })
        })
        .collect();
    host.accept("acme", &all).await;
    let status = host.until_drained("acme").await;
    assert_eq!((&status["skipped"], &status["dead"]), (&json!(99), &json!(1)), "{status}");
    let dead = host.dead_letters().await;
    assert_eq!((&dead[0]["reason"], &dead[0]["event_id"]), (&json!("mapping-panic"), &json!("e50")));
}

/// A mapping that loops, a tenant beside it, and a better mapping in its place.
#[tokio::test]
async fn a_loop_burns_few_events_and_no_other_tenants_time() {
    let (accoil, other) = (Accoil::start().await, Accoil::start().await);
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "mapping.wasm", &guest::component(include_str!("../sandbox/guests/loops_in_transform.wat")));
    let text = |mapping| format!("{}{}{}", base(), tenant("bad", &accoil, mapping), tenant("good", &other, ""));
    let host = Host::start_in(folder, &text(MAPPING), &[]).await;
    host.accept("bad", &events("u", 0..500)).await;
    host.until_log("the mapping's faults use up its time").await;
    let mut waits = Vec::new();
    for number in 0..20 {
        let start = Instant::now();
        host.accept("good", &[event("u", &format!("e{number}"))]).await;
        other.until_tracked(number + 1).await;
        waits.push(start.elapsed());
    }
    waits.sort_unstable();
    assert!(waits[17] < Duration::from_millis(500), "{waits:?}");
    host.configure(&text(""));
    let status = host.until_drained("bad").await;
    let dead = status["dead"].as_u64().unwrap();
    assert!((1..=40).contains(&dead), "{status}");
    assert_eq!(accoil.tracks().len() as u64 + dead, 500);
}

#[tokio::test]
async fn the_backlog_runs_on_the_version_in_force_when_it_is_taken() {
    let accoil = Accoil::start().await;
    let paused = "paused = true";
    let host = Host::start(&config(&accoil, paused)).await;
    host.accept("acme", &events("u", 0..10)).await;
    let settings = "\n[tenants.mapping]\nsettings = { event_types = { exclude = [\"u-3\"] } }";
    host.configure(&config(&accoil, settings));
    let status = host.until_drained("acme").await;
    assert_eq!((&status["delivered"], &status["skipped"], &status["version"]), (&json!(9), &json!(1), &json!(2)));
    assert_eq!(host.admin("/events/u-3").await["not_delivered"], "skipped: event type not selected");
    assert_eq!(host.admin("/events/u-4").await["version"], 2);
}
