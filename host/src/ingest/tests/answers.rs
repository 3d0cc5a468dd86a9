//! Every answer, word by word.

use serde_json::{Value, json};

use super::support::{House, Request};
use crate::ingest::{Reason, Route};
use crate::queue::QueueError;

fn batch(events: &Value) -> String {
    json!({"api_key": "key-a", "events": events}).to_string()
}

fn event(name: &str) -> Value {
    json!({"user_id": "u", "event_type": name, "time": 1, "insert_id": name})
}

#[tokio::test]
async fn success_has_the_fields_of_amplitude() {
    let house = House::open().await;
    for path in ["/2/httpapi", "/batch"] {
        let body = batch(&json!([event(&format!("a{path}")), {"device_id": 7, "event_type": "b"}]));
        let answer = house.post(path, &body).await;
        let mut found = answer.json();
        let at = found.as_object_mut().unwrap().remove("server_upload_time").unwrap();
        assert!(at.as_u64().unwrap() > 1_600_000_000_000);
        assert_eq!(
            (answer.status, found),
            (200, json!({"code": 200, "events_ingested": 2, "payload_size_bytes": body.len()}))
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert_eq!(house.queue.bodies().len(), 4);
}

#[tokio::test]
async fn events_keep_their_text_and_get_their_id() {
    let house = House::open().await;
    let texts = [
        r#"{"event_type":"a","user_id":"u", "x" : [1.50, 1e400],"insert_id":"i1"}"#,
        r#"{"event_type":"b","user_id":"u","$insert_id":"i2"}"#,
        r#"{"event_type":"c","device_id":"d","uuid":"i3","n":12345678901234567890123}"#,
        r#"{"event_type":"\u0064","user_id":7}"#,
    ];
    house.events(&format!(" [ {} ] ", texts.join(" , "))).await;
    assert_eq!(house.queue.bodies(), texts);
    let events = house.queue.events.lock().unwrap();
    let ids: Vec<_> = events.iter().map(|(_, event)| event.id.as_deref()).collect();
    assert_eq!(ids, [Some("i1"), Some("i2"), Some("i3"), None]);
    assert!(events.iter().all(|(_, event)| event.key.is_some() == event.id.is_some()));
}

#[tokio::test]
async fn a_duplicate_counts_as_ingested_and_is_stored_once() {
    let house = House::open().await;
    house.events(r#"[{"event_type":"a","device_id":"d","insert_id":"i"}]"#).await;
    let answer = house.post("/batch", batch(&json!([{"event_type": "a", "device_id": "d", "insert_id": "i"}, {"event_type": "a", "device_id": "e", "insert_id": "i"}]))).await;
    assert_eq!(answer.json()["events_ingested"], 2);
    assert_eq!(house.queue.bodies().len(), 2, "another device is another event");
    let counts = house.door.counts().remove(0).counts;
    assert_eq!(counts.duplicates.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!((counts.taken(Route::HttpApi), counts.taken(Route::Batch)), (1, 1));
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_amplitudes_words() {
    let house = House::open().await;
    let missing = |field: &str| json!({"code": 400, "error": "Request missing required field", "missing_field": field});
    let key = json!({"code": 400, "error": "Invalid API key: it belongs to no tenant of this service"});
    for (body, expected) in [
        (
            "",
            json!({"code": 400, "error": "Invalid JSON request body: the text ends in the middle of a value at column 1"}),
        ),
        (
            "{\"api_key\":",
            json!({"code": 400, "error": "Invalid JSON request body: the text ends in the middle of a value at column 12"}),
        ),
        ("[]", json!({"code": 400, "error": "Invalid JSON request body: expected an object"})),
        (r#"{"events":[]}"#, missing("api_key")),
        (r#"{"api_key":null,"events":[]}"#, missing("api_key")),
        (r#"{"api_key":"","events":[]}"#, key.clone()),
        (r#"{"api_key":"wrong","events":[]}"#, key.clone()),
        (r#"{"api_key":["key-a"],"events":[]}"#, key),
        (r#"{"api_key":"key-a"}"#, missing("events")),
        (
            r#"{"api_key":"key-a","events":{}}"#,
            json!({"code": 400, "error": "events must be an array", "missing_field": "events"}),
        ),
    ] {
        let answer = house.post("/2/httpapi", body).await;
        assert_eq!((answer.status, answer.json()), (400, expected), "{body}");
    }
    let answer = house.post("/2/httpapi", b"{\"api_key\":\"key-a\",\"events\":[\"\xff\"]}").await;
    assert_eq!(answer.json(), json!({"code": 400, "error": "Invalid body: it is no UTF-8 text"}));
    assert_eq!(house.door.counts_of_strangers().refused(Route::HttpApi, Reason::InvalidKey), 3);
    let counts = house.door.counts().remove(0).counts;
    assert_eq!(counts.refused(Route::HttpApi, Reason::MissingField), 2);
}

#[tokio::test]
async fn bad_events_are_listed_and_none_is_taken_in() {
    let house = House::open().await;
    let deep = format!("{}1{}", "[".repeat(126), "]".repeat(126));
    let too_deep = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    let large = "x".repeat(super::support::EVENT_BYTES);
    let events = [
        r#"{"event_type":"good","user_id":"u"}"#.to_owned(),
        r#"{"user_id":"u"}"#.to_owned(),
        r#"{"event_type":null,"user_id":"u"}"#.to_owned(),
        r#"{"event_type":"","user_id":"u"}"#.to_owned(),
        r#"{"event_type":7,"user_id":"u"}"#.to_owned(),
        r#"{"event_type":"a"}"#.to_owned(),
        r#"{"event_type":"a","user_id":"","device_id":null}"#.to_owned(),
        r#"{"event_type":"a","user_id":"u","time":"2020-01-01"}"#.to_owned(),
        r#"{"event_type":"a","user_id":"u","time":null}"#.to_owned(),
        "7".to_owned(),
        format!(r#"{{"event_type":"a","user_id":"u","x":{deep}}}"#),
        format!(r#"{{"event_type":"a","user_id":"u","x":{too_deep}}}"#),
        format!(r#"{{"event_type":"a","user_id":"u","x":"{large}"}}"#),
        r#"{"event_type":"$groupidentify","groups":{"a":"b"},"group_properties":{"$set":{"n":1}}}"#.to_owned(),
    ];
    let expected = json!({
        "code": 400,
        "error": "Invalid field values on some events",
        "events_with_invalid_fields": {"event": [9, 11, 12], "event_type": [3, 4], "time": [7]},
        "events_with_missing_fields": {"device_id": [5, 6], "event_type": [1, 2], "user_id": [5, 6]},
    });
    for path in ["/2/httpapi", "/batch"] {
        let body = format!(r#"{{"api_key":"key-a","events":[{}]}}"#, events.join(","));
        let answer = house.post(path, body).await;
        assert_eq!((answer.status, answer.json()), (400, expected.clone()));
    }
    assert!(house.queue.bodies().is_empty() && house.queue.fact_texts().is_empty());
    let counts = house.door.counts().remove(0).counts;
    assert_eq!(counts.invalid_events.load(std::sync::atomic::Ordering::Relaxed), 20);
    // What an SDK does then: the others come again, and are taken in.
    let good: Vec<_> = [0, 8, 10, 13].map(|index| events[index].clone()).into();
    house.events(&format!("[{}]", good.join(","))).await;
    assert_eq!(house.queue.bodies(), good);
}

#[tokio::test]
async fn only_missing_fields_are_called_missing() {
    let house = House::open().await;
    let answer = house.post("/2/httpapi", batch(&json!([{"user_id": "u"}]))).await;
    let expected = json!({"code": 400, "error": "Request missing required field", "events_with_missing_fields": {"event_type": [0]}});
    assert_eq!(answer.json(), expected, "without missing_field, for with it SDKs drop all events");
}

#[tokio::test]
async fn every_refusal_of_the_queue_is_503() {
    let house = House::open().await;
    let full = "The store is full; send the events again later";
    for (error, text, reason) in [
        (
            QueueError::TenantFull { bytes: 2, limit: 1 },
            "The tenant's queue is full; send the events again later",
            Reason::TenantFull,
        ),
        (QueueError::StoreFull { bytes: 2, limit: 1 }, full, Reason::StoreFull),
        (QueueError::DiskFull { free: 1, reserve: 2 }, full, Reason::DiskFull),
        (QueueError::Busy, "Too many events are waiting to be written; send them again later", Reason::Busy),
        (
            QueueError::Failing { problem: "/secret/path".into() },
            "The store can't be written; send the events again later",
            Reason::Failing,
        ),
        (QueueError::Closed, "The service is closing; send the events again later", Reason::Closing),
    ] {
        *house.queue.refusal.lock().unwrap() = Some(error);
        let answer = house.post("/2/httpapi", batch(&json!([event("a")]))).await;
        assert_eq!((answer.status, answer.json()), (503, json!({"code": 503, "error": text})));
        assert_eq!(answer.header("retry-after"), Some("30"));
        assert_eq!(house.door.counts().remove(0).counts.refused(Route::HttpApi, reason), 1);
    }
}

#[tokio::test]
async fn identifications_become_events() {
    let house = House::open().await;
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let user = r#"{"user_id":"u","user_properties":{"$set":{"plan":"a+b"}},"event_type":"x"}"#;
    let group = r#"[{"group_type":"org id","group_value":"1","group_properties":{"n":"é"}},{"group_type":"t","group_value":[1,2],"group_properties":{"$unset":{"n":"-"}}}]"#;
    let form = Request { headers: "Content-Type: application/x-www-form-urlencoded\r\n", ..Request::default() };
    let body = format!("api_key=key-a&identification={}", encode(user));
    let answer = house.send(Request { path: "/identify", body: body.as_bytes(), ..form }).await;
    assert_eq!((answer.status, &answer.json()["events_ingested"]), (200, &json!(1)));
    let query = format!("/groupidentify?api_key=key-a&identification={}", encode(group));
    let answer = house.send(Request { path: &query, ..form }).await;
    assert_eq!((answer.status, &answer.json()["events_ingested"]), (200, &json!(2)));
    let body = format!(r#"{{"api_key":"key-a","identification":{user}}}"#);
    assert_eq!(house.post("/identify", body).await.status, 200);
    let expected_user =
        r#"{"user_id":"u","user_properties":{"$set":{"plan":"a+b"}},"event_type":"x","event_type":"$identify"}"#;
    assert_eq!(
        house.queue.bodies(),
        [
            expected_user,
            r#"{"group_type":"org id","group_value":"1","group_properties":{"n":"é"},"groups":{"org id":"1"},"event_type":"$groupidentify"}"#,
            r#"{"group_type":"t","group_value":[1,2],"group_properties":{"$unset":{"n":"-"}},"groups":{"t":[1,2]},"event_type":"$groupidentify"}"#,
            expected_user,
        ]
    );
}

#[tokio::test]
async fn bad_identifications_are_listed() {
    let house = House::open().await;
    let send = async |path: &str, identification: &str| {
        let body = format!(r#"{{"api_key":"key-a","identification":{identification}}}"#);
        house.post(path, body).await.json()
    };
    let found = send("/groupidentify", r#"[{},{"group_type":"","group_value":true,"group_properties":"x"},5]"#).await;
    assert_eq!(
        found["events_with_missing_fields"],
        json!({"group_properties": [0], "group_type": [0], "group_value": [0]})
    );
    assert_eq!(
        found["events_with_invalid_fields"],
        json!({"event": [2], "group_properties": [1], "group_type": [1], "group_value": [1]})
    );
    let found = send("/identify", "{}").await;
    assert_eq!(found["events_with_missing_fields"], json!({"device_id": [0], "user_id": [0]}));
    let answer = house.post("/identify", r#"{"api_key":"key-a"}"#).await;
    assert_eq!(answer.json()["missing_field"], "identification");
    let headers = "Content-Type: multipart/form-data; boundary=x\r\n";
    let answer = house.send(Request { path: "/identify", headers, body: b"--x", ..Request::default() }).await;
    assert_eq!((answer.status, answer.json()["code"].as_u64()), (415, Some(415)));
}

#[tokio::test]
async fn a_webhook_takes_in_the_good_ones_and_lists_the_bad_ones() {
    let house = House::open().await;
    let send = async |body: &str| {
        let headers = "Authorization: Bearer key-a\r\nContent-Type: application/json\r\n";
        house.send(Request { path: "/webhook/acme", headers, body: body.as_bytes(), ..Request::default() }).await
    };
    let row = r#"{"event_type":"a","user_id":null,"event_time":"2022-02-28 20:07:01.795","$insert_id":"i","group_properties":{}}"#;
    let user = r#"{"device_id":"d","user_properties":{"a":1}}"#;
    assert_eq!(send(row).await.json()["events_ingested"], 1);
    assert_eq!(send(row).await.json()["events_ingested"], 1, "sent again by amplitude");
    let answer = send(&format!(r#"[{{"name":"x"}},{user},{{"event_type":5}}]"#)).await;
    let mut found = answer.json();
    found.as_object_mut().unwrap().remove("server_upload_time");
    found.as_object_mut().unwrap().remove("payload_size_bytes");
    let expected = json!({
        "code": 200,
        "events_ingested": 1,
        "events_with_invalid_fields": {"event_type": [2]},
        "events_with_missing_fields": {"event_type": [0]},
    });
    assert_eq!(found, expected);
    assert_eq!(house.queue.bodies(), [row, r#"{"device_id":"d","user_properties":{"a":1},"event_type":"$identify"}"#]);
    let answer = send(r#"{"name":"x"}"#).await;
    assert_eq!((answer.status, &answer.json()["events_with_missing_fields"]), (400, &json!({"event_type": [0]})));
}

#[tokio::test]
async fn content_type_does_not_matter_and_keep_alive_works() {
    let house = House::open().await;
    let mut stream = tokio::net::TcpStream::connect(house.address).await.unwrap();
    for name in ["a", "b"] {
        let body = batch(&json!([event(name)]));
        let request = Request {
            headers: "Content-Type: text/plain;charset=UTF-8\r\n",
            body: body.as_bytes(),
            ..Request::default()
        };
        tokio::io::AsyncWriteExt::write_all(&mut stream, &request.bytes()).await.unwrap();
        assert_eq!(super::support::read_answer(&mut stream).await.status, 200);
    }
}
