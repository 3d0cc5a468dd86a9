//! The way of events through the service, when all goes well.

use serde_json::json;

use crate::oracle::host::{config, ingest_key};
use crate::oracle::{Accoil, Host, Reply, event, events};

#[tokio::test]
async fn an_event_comes_through_and_its_story_is_told() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "\n[tenants.mapping]\nsettings = { properties = [\"plan\"] }")).await;
    let events = [
        json!({ "event_type": "$groupidentify", "insert_id": "g", "groups": { "org": "o1" },
            "group_properties": { "$set": { "name": "Org" } } }),
        json!({ "event_type": "Opened", "insert_id": "e", "user_id": "u", "groups": { "org": ["o1"] },
            "event_properties": { "plan": "pro" }, "time": 1_700_000_000_123_u64 }),
    ];
    host.accept("acme", &events).await;
    accoil.until_tracked(1).await;
    let status = host.until_drained("acme").await;
    assert_eq!((&status["accepted"], &status["delivered"]), (&json!(2), &json!(2)));
    let calls = accoil.calls();
    let bodies = |kind| calls.iter().filter(move |call| call.kind == kind).map(|call| call.body.clone());
    // Group and user have lanes of their own; whichever comes second says nothing new of the group.
    let traits = json!({ "group_type": "org", "name": "Org" });
    assert!(bodies("group").all(|body| body["groupId"] == "o1" && body["traits"] == traits), "{calls:?}");
    assert_eq!(
        bodies("identify").collect::<Vec<_>>(),
        [
            json!({ "userId": "u", "groupId": "o1", "traits": { "plan": "pro" }, "timestamp": "2023-11-14T22:13:20.123Z" })
        ]
    );
    let story = host.admin("/events/e?tenant=acme").await;
    assert_eq!((&story["state"], &story["chosen"], &story["version"]), (&json!("delivered"), &json!("o1"), &json!(1)));
    assert_eq!(story["candidates"], json!([{ "type": "org", "id": "o1" }]));
    let requests = story["requests"].as_array().unwrap();
    assert!(requests.iter().all(|request| request["answer"] == "202" || request["answer"] == "unchanged"), "{story}");
}

#[tokio::test]
async fn what_says_nothing_new_is_not_sent_also_after_a_kill() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &events("u", 0..3)).await;
    accoil.until_tracked(3).await;
    host.until_drained("acme").await;
    let host = host.restart().await;
    host.accept("acme", &events("u", 3..5)).await;
    accoil.until_tracked(5).await;
    assert_eq!(accoil.calls().iter().filter(|call| call.kind == "identify").count(), 1);
    let (status, answer) = host.command("/told/clear", &json!({ "tenant": "acme" })).await;
    assert_eq!(status, 200, "{answer}");
    host.accept("acme", &events("u", 5..6)).await;
    accoil.until_tracked(6).await;
    assert_eq!(accoil.calls().iter().filter(|call| call.kind == "identify").count(), 2);
}

#[tokio::test]
async fn the_same_event_is_delivered_once() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    for _ in 0..3 {
        host.accept("acme", &events("u", 0..5)).await;
    }
    host.until_drained("acme").await;
    let host = host.restart().await;
    host.accept("acme", &events("u", 0..6)).await;
    host.until_drained("acme").await;
    assert_eq!(accoil.tracks().len(), 6);
    assert!(accoil.counts().values().all(|count| *count == 1));
    assert!(host.metrics().await.contains("accoil_stream_events_duplicate_total{tenant=\"acme\"} 5"));
}

/// An event that says no time of its own happened when it was accepted, not when it was delivered.
#[tokio::test]
async fn an_event_without_a_time_is_dated_by_its_acceptance() {
    let accoil = Accoil::behaving(|call| if call.kind == "track" { Reply::status(503) } else { Reply::ok() }).await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &[event("u", "a")]).await;
    accoil.until(|calls| calls.iter().any(|call| call.kind == "track")).await;
    let host = host.restart().await;
    accoil.behave(|_| Reply::ok());
    accoil.until_tracked(1).await;
    let times: std::collections::BTreeSet<String> =
        accoil.calls().iter().map(|call| call.body["timestamp"].to_string()).collect();
    let story = host.admin("/events/a").await;
    assert_eq!(times.into_iter().collect::<Vec<_>>(), [story["accepted_at"].to_string()]);
}

#[tokio::test]
async fn keys_are_told_apart_and_a_wrong_one_is_refused_in_amplitudes_words() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let wrong = json!({ "api_key": "wrong", "events": [event("u", "a")] });
    let (status, answer) = host.post("/2/httpapi", &wrong).await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().starts_with("Invalid API key:"), "{answer}");
    let right = json!({ "api_key": ingest_key("acme"), "events": [event("u", "a")] });
    assert_eq!(host.post("/batch", &right).await.0, 200);
    accoil.until_tracked(1).await;
}
