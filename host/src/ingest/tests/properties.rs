//! For any event: attaching changes its group properties and nothing else, and the door sees the
//! same event as the mapping will.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::event::Event;
use crate::ingest::attach::{Room, attach};
use crate::ingest::directory::{Shared, Tenant};
use crate::ingest::draft::{Document, Form};
use crate::ingest::memory::Changes;
use crate::ingest::sketch::{Rules, Sketch};
use crate::queue::TenantId;

fn tenant() -> Tenant {
    let shared = Shared::new();
    let mut changes = Changes::default();
    for (kind, id) in [("t", "1"), ("t", "a"), ("é", "1")] {
        changes.change(&shared.groups, super::super::attach::key(kind, id), r#"{"known":1.0}"#);
    }
    let plan = shared.groups.plan(changes, 10);
    shared.groups.apply(plan);
    Tenant {
        id: TenantId(1),
        name: "t".into(),
        is_enabled: true,
        remembers_groups: true,
        remembers_users: false,
        shared: Arc::clone(&shared),
    }
}

fn id() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("1")),
        Just(json!(1)),
        Just(json!("a")),
        Just(json!("")),
        Just(json!(null)),
        Just(json!(true)),
        Just(json!({"a": 1})),
        ".{0,3}".prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
    ]
}

fn bag() -> impl Strategy<Value = Value> {
    let ids = prop_oneof![id(), prop::collection::vec(id(), 0..4).prop_map(Value::from)];
    let name = prop_oneof![Just("t".to_owned()), Just("é".to_owned()), ".{0,3}"];
    prop_oneof![
        Just(json!(null)),
        Just(json!({})),
        id(),
        prop::collection::vec((name, ids), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
    ]
}

fn field() -> impl Strategy<Value = (String, Value)> {
    let name = prop::sample::select(vec![
        "user_id",
        "device_id",
        "insert_id",
        "$insert_id",
        "uuid",
        "groups",
        "group_properties",
        "user_properties",
        "event_properties",
        "time",
        "x",
        "\u{7f}\"\\",
    ]);
    (name.prop_map(str::to_owned), prop_oneof![id(), bag()])
}

/// An event as text: fields in any order, some twice, with white space between.
fn event() -> impl Strategy<Value = String> {
    let space = prop::sample::select(vec!["", " ", "\n\t"]);
    (prop::collection::vec((field(), space), 0..9), any::<prop::sample::Index>()).prop_map(|(fields, at)| {
        let mut members: Vec<String> = fields
            .iter()
            .map(|((name, value), space)| format!("{space}{}{space}:{space}{value}{space}", Value::from(name.as_str())))
            .collect();
        members.insert(at.index(members.len() + 1), "\"event_type\":\"a\"".to_owned());
        format!("{{{}}}", members.join(","))
    })
}

#[test]
fn parts_of_a_key_do_not_flow_into_each_other() {
    let key = |text: &str| Sketch::of(text).dedup_key(text);
    let keys = [
        key(r#"{"insert_id":"ab","device_id":"c"}"#),
        key(r#"{"insert_id":"a","device_id":"bc"}"#),
        key(r#"{"insert_id":"abc"}"#),
    ];
    assert!(keys.iter().all(Option::is_some) && keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    assert_eq!(key(r#"{"uuid":"ab","device_id":"c","x":1}"#), keys[0]);
    assert_eq!(key(r#"{"device_id":"c"}"#), None);
}

proptest! {
    #[test]
    fn attaching_changes_group_properties_alone(text in event()) {
        let rules = Rules { id: false, time: false, bytes: usize::MAX };
        let array = format!("[{text}]");
        let (drafts, flaws) = Document::of(&array).unwrap().drafts(Form::Event, rules, 1).unwrap();
        prop_assert!(flaws.is_empty());
        let room = Room { event_bytes: 1 << 20, request_bytes: 1 << 20, remembered: 10 };
        let mut attached = attach(drafts, &tenant(), room).unwrap();
        let stored = attached.events.pop().unwrap();
        let before = Event::read(text.as_bytes()).unwrap();
        let after = Event::read(stored.body.as_bytes()).unwrap();
        prop_assert_eq!(stored.id.as_deref(), before.id.as_deref());
        prop_assert_eq!(stored.key.is_some(), before.id.is_some());
        prop_assert_eq!(&Event { group_properties: before.group_properties.clone(), ..after.clone() }, &before);
        let was_empty = ["null", "{}"].contains(&&*before.group_properties);
        if stored.body == text {
            return Ok(());
        }
        prop_assert!(was_empty, "{} became {}", text, stored.body);
        let groups: Value = serde_json::from_str(&before.groups).unwrap();
        let found: Value = serde_json::from_str(&after.group_properties).unwrap();
        for (kind, ids) in found.as_object().unwrap() {
            let named = groups[kind].as_array().cloned().unwrap_or_else(|| vec![groups[kind].clone()]);
            for (id, traits) in ids.as_object().unwrap() {
                prop_assert!(named.iter().any(|named| named == id.as_str() || named.is_number()));
                let known = [("t", "1"), ("t", "a"), ("é", "1")].contains(&(kind, id));
                prop_assert_eq!(traits, &if known { json!({"known": 1.0}) } else { json!({}) });
            }
        }
    }
}
