//! Which events get group properties, and how the text looks then.

use serde_json::json;

use super::support::House;

#[tokio::test]
async fn only_the_one_field_changes() {
    let house = House::open().await;
    let groups = r#""groups":{"Account":["1",2,null,true,{},""],"none":null,"t":"é\"x"}"#;
    let attached = r#"{"Account":{"1":{"a":1.50},"2":{}},"t":{"é\"x":{}}}"#;
    house.events(r#"[{"event_type":"$groupidentify","groups":{"Account":1},"group_properties":{"a":1.50}}]"#).await;
    for (event, expected) in [
        (
            format!(r#"{{"event_type":"a", "user_id":"u",{groups} }}"#),
            format!(r#"{{"event_type":"a", "user_id":"u",{groups} ,"group_properties":{attached}}}"#),
        ),
        (
            format!(r#"{{"event_type":"a","group_properties": null ,{groups},"user_id":"u"}}"#),
            format!(r#"{{"event_type":"a","group_properties": {attached} ,{groups},"user_id":"u"}}"#),
        ),
        (
            format!(
                r#"{{"event_type":"a","group_properties":{{"x":1}},"user_id":"u","group_properties":{{}},{groups}}}"#
            ),
            format!(
                r#"{{"event_type":"a","group_properties":{{"x":1}},"user_id":"u","group_properties":{attached},{groups}}}"#
            ),
        ),
    ] {
        house.events(&format!("[{event}]")).await;
        assert_eq!(house.queue.bodies().pop(), Some(expected));
    }
}

#[tokio::test]
async fn other_events_stay_as_they_are() {
    let house = House::open().await;
    for event in [
        json!({"event_type": "a", "user_id": "u"}),
        json!({"event_type": "a", "user_id": "u", "groups": null}),
        json!({"event_type": "a", "user_id": "u", "groups": "x"}),
        json!({"event_type": "a", "user_id": "u", "groups": {"t": "1"}, "group_properties": {"t": {"1": {"own": 1}}}}),
        json!({"event_type": "a", "user_id": "u", "groups": {"t": "1"}, "group_properties": "x"}),
        json!({"event_type": "$identify", "user_id": "u", "groups": {"t": "1"}, "user_properties": {"$set": {"t": "1"}}}),
    ] {
        house.events(&format!("[{event}]")).await;
        assert_eq!(house.queue.bodies().pop(), Some(event.to_string()));
    }
}

#[tokio::test]
async fn what_would_be_too_large_is_neither_remembered_nor_attached() {
    let house = House::open().await;
    let large = "x".repeat(33 * 1024);
    let fits = "x".repeat(31 * 1024);
    for text in [&fits, &large] {
        let identify = json!({"event_type": "$groupidentify", "groups": {"t": "1"}, "group_properties": {"a": text}});
        house.events(&format!("[{identify}]")).await;
    }
    house.events(r#"[{"event_type":"a","user_id":"u","groups":{"t":"1"}}]"#).await;
    assert_eq!(house.queue.values().pop().unwrap()["group_properties"]["t"]["1"]["a"], fits);
    let groups = json!({"t": ["1"], "u": ["1"]});
    let identify = json!({"event_type": "$groupidentify", "groups": {"u": "1"}, "group_properties": {"a": fits}});
    let event = json!({"event_type": "a", "user_id": "u", "groups": groups, "more": "x".repeat(5000)});
    house.events(&format!("[{identify},{event}]")).await;
    assert_eq!(house.queue.bodies().pop(), Some(event.to_string()), "an event stays within its limit");
}
