//! What operators upload that can't go live: the answer says so, and what is in force still is.

use serde_json::{Value, json};

use super::rollout::{new, twice};
use crate::oracle::host::{base, config, tenant};
use crate::oracle::{Accoil, Host, events};
use crate::sandbox::{guest, hostile};

/// It is refused with this code, and version 1 goes on.
async fn is_refused(host: &Host, component: &[u8], code: &str) -> Value {
    let (status, answer) = host.try_order("/versions/deploy", json!({ "component": new(component) })).await;
    assert_eq!((status, &answer["code"]), (422, &json!(code)), "{answer}");
    answer
}

#[tokio::test]
async fn a_component_cut_off_anywhere_is_refused() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let whole = accoil_stream::sandbox::DEFAULT_COMPONENT;
    for percent in 0..100 {
        let cut = &whole[..whole.len() * percent / 100];
        let body = json!({ "component": new(cut) });
        let (status, answer) = host.try_order("/versions/deploy", body).await;
        assert_eq!(status, 422, "{percent} %: {answer}");
        assert!(answer["code"].as_str().unwrap().starts_with("component-"), "{percent} %: {answer}");
    }
    assert_eq!(host.status("acme").await["version"], 1);
    assert_eq!(host.audited().await.iter().filter(|what| *what == "refuse").count(), 100);
    host.accept("acme", &events("u", 0..5)).await;
    accoil.until_tracked(5).await;
}

#[tokio::test]
async fn what_is_of_another_world_or_release_is_refused_by_the_name_that_differs() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let selector = guest::text("").replace("event-stream/mapping@", "event-stream/group-selection@");
    let answer = is_refused(&host, &guest::assemble(&selector), "component-export").await;
    assert!(answer["message"].as_str().unwrap().contains("it is a group selector"), "{answer}");
    for release in ["0.9.0", "2.0.0"] {
        let other = guest::text("").replace("@1.0.0", &format!("@{release}"));
        let (status, answer) =
            host.try_order("/versions/deploy", json!({ "component": new(&guest::assemble(&other)) })).await;
        assert_eq!(status, 422, "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(release), "{answer}");
    }
    is_refused(&host, b"no component", "component-not-wasm").await;
    is_refused(&host, &guest::component(include_str!("../sandbox/guests/loops_in_transform.wat")), "admission-trial")
        .await;
    assert_eq!(host.status("acme").await["version"], 1);
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_and_a_bomb_is_stopped() {
    let accoil = Accoil::start().await;
    let host = Host::start(&format!("{}[admission]\ncpu_s = 1\n", config(&accoil, ""))).await;
    let (status, answer) = host.try_order("/versions/deploy", json!({ "component": new(&vec![0; 100 << 20]) })).await;
    assert_eq!((status, &answer["code"]), (413, &json!("admin-body-too-long")), "{answer}");
    is_refused(&host, &hostile::compile_bomb(), "admission-time").await;
    assert_eq!(host.status("acme").await["version"], 1);
}

#[tokio::test]
async fn of_many_uploads_at_once_each_has_its_answer() {
    const UPLOADS: usize = 8;
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let components: Vec<Vec<u8>> = ('a'..).take(UPLOADS).map(twice).collect();
    let uploads = components.iter().map(|component| host.deploy(component, json!({})));
    let answers = futures_util::future::join_all(uploads).await;
    let mut versions: Vec<u64> = answers.iter().map(|answer| answer["version"].as_u64().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..2 + UPLOADS as u64).collect::<Vec<_>>());
    let last = answers.iter().max_by_key(|answer| answer["version"].as_u64()).unwrap();
    assert_eq!(host.status("acme").await["mapping"], last["mapping"]);
    assert_eq!(host.admin("/audit/check").await["broken"], Value::Null);
}

#[tokio::test]
async fn a_deployment_to_all_stops_at_the_first_that_fails() {
    let accoil = Accoil::start().await;
    let tenants: String = ["a", "b", "c"].map(|name| tenant(name, &accoil, "")).concat();
    let text = base().replace("[queue]", "[limits]\ndeadline_ms = 50\n[queue]") + &tenants;
    let host = Host::start(&text).await;
    // Only one of them has events that the candidate fails on, and they come once it is there.
    let candidate = guest::component(include_str!("../sandbox/guests/fails_by_type.wat"));
    let body = json!({ "tenant": null, "all": true, "component": new(&candidate), "look_s": 2, "by": "tests", "reason": "all" });
    let deploy = async {
        let mut body = body;
        body.as_object_mut().unwrap().remove("tenant");
        host.command("/versions/deploy", &body).await
    };
    let feed = async {
        for name in ["a", "c"] {
            host.accept(name, &events("E", 0..200)).await;
        }
        host.until_status("b", |status| status["version"] == 2).await;
        host.accept("b", &events("u", 0..200)).await;
    };
    let ((status, answer), ()) = tokio::join!(deploy, feed);
    assert_eq!((status, &answer["stopped"]), (409, &json!("b")), "{answer}");
    let versions: Vec<Value> = [host.status("a").await, host.status("b").await, host.status("c").await]
        .iter()
        .map(|status| status["version"].clone())
        .collect();
    assert_eq!(versions, [2, 1, 1]);
    for name in ["a", "b", "c"] {
        let status = host.until_drained(name).await;
        assert_eq!(status["dead"], 0, "{status}");
    }
}

#[tokio::test]
async fn a_deployment_during_a_stop_is_made_or_refused_and_never_half() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let body = json!({ "tenant": "acme", "by": "tests", "reason": "late", "component": new(&twice('a')) });
    host.signal("TERM");
    let answer = host.try_command("/versions/deploy", &body).await;
    let (exit, log, folder) = host.stop().await;
    assert_eq!(exit, 0, "{log}");
    let text = config(&accoil, "");
    let host = Host::start_in(folder, &text, &[]).await;
    let version = host.status("acme").await["version"].clone();
    match answer {
        Some((200, answer)) => assert_eq!((&version, &answer["version"]), (&json!(2), &json!(2))),
        Some((status, answer)) => assert_eq!((status, &version), (503, &json!(1)), "{answer}"),
        None => assert!(version == 1 || version == 2),
    }
    assert_eq!(host.admin("/audit/check").await["broken"], Value::Null);
}

#[tokio::test]
async fn a_dry_run_keeps_nothing() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let dry = host.deploy(&twice('a'), json!({ "dry_run": true })).await;
    let again = json!({ "component": { "digest": dry["mapping"] } });
    assert_eq!(host.try_order("/versions/deploy", again.clone()).await.1["code"], "unknown-component");
    host.deploy(&twice('a'), json!({})).await;
    assert_eq!(host.try_order("/versions/deploy", again).await.0, 200);
}
