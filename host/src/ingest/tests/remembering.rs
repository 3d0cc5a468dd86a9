//! What is remembered of groups and users, across requests and restarts.

use serde_json::{Value, json};
use std::sync::Arc;

use super::support::{House, Request, entrant, tenants};
use crate::config::IngestConfig;
use crate::ingest::Entrant;
use crate::queue::QueueError;

fn identify(id: &str, properties: &Value) -> String {
    json!({"event_type": "$groupidentify", "groups": {"Account": id}, "group_properties": properties}).to_string()
}

fn action(groups: &Value) -> String {
    json!({"event_type": "a", "user_id": "u", "groups": groups}).to_string()
}

async fn last(house: &House) -> Value {
    house.queue.values().pop().unwrap()["group_properties"].clone()
}

#[tokio::test]
async fn properties_of_a_group_come_with_later_events() {
    let house = House::open().await;
    house.events(&format!("[{}]", identify("1", &json!({"$set": {"name": "Acme", "mrr": 1}})))).await;
    house.events(&format!("[{}]", identify("1", &json!({"$add": {"mrr": 2}, "$unset": {"name": "-"}})))).await;
    house.events(&format!("[{}]", action(&json!({"Account": ["1", "2"], "team": 7})))).await;
    assert_eq!(last(&house).await, json!({"Account": {"1": {"mrr": 3}, "2": {}}, "team": {"7": {}}}));
    assert_eq!(house.queue.fact_texts(), [(r#"["Account","1"]"#.to_owned(), r#"{"mrr":3}"#.to_owned())]);
}

#[tokio::test]
async fn within_a_request_events_apply_in_order() {
    let house = House::open().await;
    let groups = json!({"Account": "1"});
    let events = [
        action(&groups),
        identify("1", &json!({"plan": "a"})),
        action(&groups),
        identify("1", &json!({"plan": "b"})),
        action(&groups),
    ];
    house.events(&format!("[{}]", events.join(","))).await;
    let found: Vec<_> = house.queue.values().iter().map(|event| event["group_properties"].clone()).collect();
    let known = |plan: &str| json!({"Account": {"1": {"plan": plan}}});
    assert_eq!(
        found,
        [json!({"Account": {"1": {}}}), json!({"plan": "a"}), known("a"), json!({"plan": "b"}), known("b")]
    );
}

#[tokio::test]
async fn the_apis_for_groups_and_webhooks_share_the_memory() {
    let house = House::open().await;
    let body =
        r#"{"api_key":"key-b","identification":{"group_type":"Account","group_value":"1","group_properties":{"n":1}}}"#;
    assert_eq!(house.post("/groupidentify", body).await.status, 200);
    let event = r#"{"event_type":"a","groups":{"Account":["1"]},"group_properties":{}}"#;
    let headers = "X-Api-Key: key-a\r\n";
    house.send(Request { path: "/webhook/acme", headers, body: event.as_bytes(), ..Request::default() }).await;
    assert_eq!(last(&house).await, json!({"Account": {"1": {"n": 1}}}));
    house
        .post("/batch", r#"{"api_key":"key-o","events":[{"event_type":"a","user_id":"u","groups":{"Account":"1"}}]}"#)
        .await;
    assert_eq!(last(&house).await, json!({"Account": {"1": {}}}), "another tenant's groups are others");
}

#[tokio::test]
async fn what_was_not_written_is_not_remembered() {
    let house = House::open().await;
    *house.queue.refusal.lock().unwrap() = Some(QueueError::Busy);
    let body = format!(r#"{{"api_key":"key-a","events":[{}]}}"#, identify("1", &json!({"n": 1})));
    assert_eq!(house.post("/batch", &body).await.status, 503);
    *house.queue.refusal.lock().unwrap() = None;
    house.events(&format!("[{}]", action(&json!({"Account": "1"})))).await;
    assert_eq!(last(&house).await, json!({"Account": {"1": {}}}));
}

#[tokio::test]
async fn an_event_that_is_sent_again_changes_nothing() {
    let house = House::open().await;
    let add = |id: &str| json!({"event_type": "$groupidentify", "insert_id": id, "groups": {"Account": "1"}, "group_properties": {"$add": {"n": 1}}});
    for events in [json!([add("x"), add("x")]), json!([add("x"), add("y")])] {
        house.events(&events.to_string()).await;
    }
    assert_eq!(house.queue.fact_texts()[0].1, r#"{"n":2}"#);
}

#[tokio::test]
async fn concurrent_changes_do_not_overwrite_each_other() {
    let house = Arc::new(House::open().await);
    let senders = (0..20).map(|_| {
        let house = Arc::clone(&house);
        tokio::spawn(async move { house.events(&format!("[{}]", identify("1", &json!({"$add": {"n": 1}})))).await })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.unwrap();
    }
    assert_eq!(house.queue.fact_texts()[0].1, r#"{"n":20}"#);
}

#[tokio::test]
async fn only_so_many_are_remembered_in_memory_and_on_disk() {
    let config = IngestConfig { remembered: 2, ..IngestConfig::default() };
    let house = House::with(config.clone(), tenants()).await;
    let ids = |house: &House| house.queue.fact_texts().into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    for id in ["1", "2"] {
        house.events(&format!("[{}]", identify(id, &json!({"n": 1})))).await;
    }
    house.events(&format!("[{}]", action(&json!({"Account": "1"})))).await;
    house.events(&format!("[{}]", identify("3", &json!({"n": 1})))).await;
    assert_eq!(ids(&house), [r#"["Account","1"]"#, r#"["Account","3"]"#], "2 was not asked for the longest");
    let many: Vec<_> = (4..9).map(|id| identify(&id.to_string(), &json!({"n": 1}))).collect();
    house.events(&format!("[{}]", many.join(","))).await;
    assert_eq!(ids(&house), [r#"["Account","7"]"#, r#"["Account","8"]"#]);
    let again = House::on(Arc::clone(&house.queue), IngestConfig { remembered: 1, ..config }, tenants()).await;
    assert_eq!(ids(&again), [r#"["Account","8"]"#], "a smaller limit holds from the start");
}

#[tokio::test]
async fn what_is_remembered_survives_a_restart_and_a_reload() {
    let house = House::open().await;
    house.events(&format!("[{}]", identify("1", &json!({"n": 1})))).await;
    house.door.replace(IngestConfig::default(), tenants()).await.unwrap();
    house.events(&format!("[{}]", action(&json!({"Account": "1"})))).await;
    assert_eq!(last(&house).await, json!({"Account": {"1": {"n": 1}}}));
    let again = House::on(Arc::clone(&house.queue), IngestConfig::default(), tenants()).await;
    assert_eq!(again.door.counts()[0].counts.groups_remembered.load(std::sync::atomic::Ordering::Relaxed), 1);
    again.events(&format!("[{}]", action(&json!({"Account": "1"})))).await;
    assert_eq!(last(&again).await, json!({"Account": {"1": {"n": 1}}}));
}

fn without_groups() -> Vec<Entrant> {
    let mut entrant = entrant(1, "acme", &["key-a"]);
    entrant.intake.remember_group_properties = false;
    vec![entrant]
}

#[tokio::test]
async fn without_the_setting_nothing_is_attached_or_written() {
    let house = House::with(IngestConfig::default(), without_groups()).await;
    let events = [identify("1", &json!({"n": 1})), action(&json!({"Account": "1"}))];
    house.events(&format!("[{}]", events.join(","))).await;
    assert_eq!(house.queue.bodies(), events);
    assert!(house.queue.fact_texts().is_empty());
}

#[tokio::test]
async fn users_are_remembered_by_their_id_when_that_is_wanted() {
    let mut tenant = without_groups().remove(0);
    tenant.intake.remember_user_properties = true;
    let house = House::with(IngestConfig::default(), vec![tenant]).await;
    let events = json!([
        {"event_type": "$identify", "user_id": "u", "user_properties": {"$set": {"plan": "a", "n": 1}}},
        {"event_type": "a", "user_id": "u"},
        {"event_type": "b", "user_id": "u", "device_id": "d", "user_properties": {"plan": "b"}},
        {"event_type": "c", "user_id": "u", "user_properties": {"$add": {"n": 1}}},
        {"event_type": "d", "device_id": "u"},
        {"event_type": "e", "user_id": "u", "$skip_user_properties_sync": true},
    ]);
    house.events(&events.to_string()).await;
    let found: Vec<_> = house.queue.values().iter().map(|event| event["user_properties"].clone()).collect();
    assert_eq!(
        found,
        [
            json!({"$set": {"plan": "a", "n": 1}}),
            json!({"plan": "a", "n": 1}),
            json!({"plan": "b", "n": 1}),
            json!({"plan": "b", "n": 2}),
            Value::Null,
            Value::Null,
        ]
    );
    assert_eq!(house.queue.fact_texts(), [(r#"["user","u"]"#.to_owned(), r#"{"n":2,"plan":"b"}"#.to_owned())]);
}
