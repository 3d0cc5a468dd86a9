//! Dead letters: looked at, replayed, dropped; and none delivered twice.

use serde_json::{Value, json};

use crate::oracle::host::{base, config, tenant};
use crate::oracle::{Accoil, Host, Reply, event, events};

#[tokio::test]
async fn a_replay_delivers_what_was_not_and_runs_the_mapping_of_now() {
    let accoil = Accoil::behaving(|call| if call.kind == "track" { Reply::status(400) } else { Reply::ok() }).await;
    let host = Host::start(&config(&accoil, "")).await;
    let mut plan = event("u", "a");
    plan["event_properties"] = json!({ "plan": "pro" });
    host.accept("acme", &[plan, event("v", "b")]).await;
    host.until_drained("acme").await;
    assert_eq!(host.dead_letters().await.len(), 2);
    accoil.behave(|_| Reply::ok());
    host.configure(&config(&accoil, "\n[tenants.mapping]\nsettings = { properties = [\"plan\"] }"));
    host.until_status("acme", |status| status["version"] == 2).await;
    let (status, answer) = host.command("/dead-letters/replay", &json!({ "tenant": "acme" })).await;
    assert_eq!((status, answer), (200, json!({ "count": 2 })));
    accoil.until_tracked(2).await;
    host.until_drained("acme").await;
    assert!(host.dead_letters().await.is_empty());
    let identified: Vec<Value> = accoil
        .calls()
        .into_iter()
        .filter(|call| call.kind == "identify")
        .map(|call| call.body["traits"].clone())
        .collect();
    assert!(identified.contains(&json!({ "plan": "pro" })), "{identified:?}");
    assert!(accoil.counts().values().all(|count| *count == 1));
    assert_eq!(host.admin("/events/a?tenant=acme").await["state"], "delivered");
}

#[tokio::test]
async fn filters_mean_what_they_say() {
    let accoil = Accoil::behaving(|call| match call.event() {
        name if name.starts_with("no") => Reply::status(404),
        _ => Reply::ok(),
    })
    .await;
    let text = format!("{}{}{}", base(), tenant("one", &accoil, ""), tenant("two", &accoil, ""));
    let host = Host::start(&text).await;
    for name in ["one", "two"] {
        host.accept(name, &events("no", 0..3)).await;
        host.until_drained(name).await;
    }
    let list = async |query: &str| host.admin(&format!("/dead-letters?{query}")).await["dead_letters"].clone();
    assert_eq!(list("tenant=one").await.as_array().unwrap().len(), 3);
    assert_eq!(list("reason=gave-up").await, json!([]));
    assert_eq!(list("event=no-1").await.as_array().unwrap().len(), 2);
    assert_eq!(list("until=2020-01-01T00:00:00Z").await, json!([]));
    let (status, answer) = host.command("/dead-letters/drop", &json!({})).await;
    assert_eq!((status, &answer["code"]), (400, &json!("dead-letter-filter")));
    let drop = json!({ "tenant": "two", "event": "no-1" });
    assert_eq!(host.command("/dead-letters/drop", &drop).await.1, json!({ "count": 1 }));
    assert_eq!(list("").await.as_array().unwrap().len(), 5);
    let one = host.admin(&format!("/dead-letters/{}", list("tenant=one").await[0]["id"])).await;
    assert_eq!((&one["event"]["insert_id"], &one["requests"][0]["path"]), (&json!("no-0"), &json!("/v2/track")));
    assert_eq!(host.command("/dead-letters/drop", &json!({ "all": true })).await.1, json!({ "count": 5 }));
}

#[tokio::test]
async fn a_person_is_forgotten_in_history_and_dead_letters() {
    let accoil = Accoil::behaving(|call| if call.event() == "u-1" { Reply::status(404) } else { Reply::ok() }).await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &[events("u", 0..3), events("v", 0..1)].concat()).await;
    host.until_drained("acme").await;
    let (status, answer) = host.command("/forget", &json!({ "tenant": "acme", "user": "u" })).await;
    // Three events of the history, one of which is a dead letter as well.
    assert_eq!((status, &answer["count"]), (200, &json!(4)), "{answer}");
    assert!(host.dead_letters().await.is_empty());
    let (status, _) = host.command("/forget", &json!({ "tenant": "acme", "user": "u" })).await;
    assert_eq!(status, 200);
    assert_eq!(host.admin("/events/v-0").await["state"], "delivered");
}
