//! Delivery against real sockets of this machine: each test is named by what the destination does,
//! or by what must not happen.

use std::collections::HashMap;
use std::future::pending;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::support::*;
use accoil_stream::accoil::Call;
use accoil_stream::config::DeliveryConfig;
use accoil_stream::outbound::{FailureReason, Novelty, deliver};
use accoil_stream::sink::{Given, Script, Sink, SinkOptions};
use accoil_stream::test_connection::test_connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[tokio::test]
async fn a_500_is_tried_again_until_it_is_well() {
    let sink = sink(r#"{"status":500,"times":2}"#).await;
    let outcomes = run(sink.addr, &delivery(1), tracks(&["u"])).await;
    assert_eq!((outcomes[0].sent, outcomes[0].retries, &outcomes[0].failure), (1, 2, &None));
    assert_eq!(sink.counts().total, 3);
    assert!(sink.counts().problems.is_empty());
}

#[tokio::test]
async fn a_cut_connection_is_tried_again() {
    let sink = sink(r#"{"cut":true,"times":2}"#).await;
    let outcomes = run(sink.addr, &delivery(1), tracks(&["u"])).await;
    assert_eq!((outcomes[0].sent, outcomes[0].retries), (1, 2));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_tried_again() {
    let sink = sink(r#"{"delay_ms":60000}"#).await;
    let config = DeliveryConfig { request_timeout_ms: NonZeroU64::new(200).unwrap(), ..delivery(1) };
    let outcomes = run(sink.addr, &config, tracks(&["u"])).await;
    assert_eq!((outcomes[0].sent, outcomes[0].retries), (1, 1));
}

#[tokio::test]
async fn retry_after_holds_every_call_to_the_destination() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    // The second call is under way when the first is told to wait; those after it must wait though
    // nobody told them.
    let script = Script::parse("{\"status\":429,\"retry_after\":\"1\"}\n{\"delay_ms\":300}").unwrap();
    let on_call = Box::new(move |_: &_| noted.lock().unwrap().push(Instant::now()));
    let options = SinkOptions { script, on_call, ..SinkOptions::default() };
    let sink = Sink::start(any_port(), options).await.unwrap();
    let outcomes = run(sink.addr, &delivery(2), tracks(&["a", "b", "c", "d"])).await;
    assert!(outcomes.iter().all(|outcome| outcome.failure.is_none()));
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 5);
    for time in &times[2..] {
        assert!(time.duration_since(times[0]) >= Duration::from_millis(990));
    }
}

#[tokio::test]
async fn a_retry_after_beyond_the_age_limit_gives_up_at_once() {
    let sink = sink(r#"{"status":429,"retry_after":"99999999"}"#).await;
    let outcomes = run(sink.addr, &delivery(1), tracks(&["a", "b"])).await;
    let tries: Vec<_> = outcomes.iter().map(|outcome| (failure(outcome).reason, failure(outcome).attempts)).collect();
    assert_eq!(tries[0], (FailureReason::GaveUp, 1));
    assert_eq!(tries[1].1, 0);
    assert_eq!(sink.counts().total, 1);
}

#[tokio::test]
async fn a_refused_key_stops_the_run_and_burns_nothing() {
    for status in [401, 403] {
        let sink = sink(&format!(r#"{{"status":{status},"body":"bad key {KEY}","times":100}}"#)).await;
        let outcomes = run(sink.addr, &delivery(1), tracks(&["a", "b", "c"])).await;
        assert_eq!(sink.counts().total, 1);
        assert_eq!(outcomes.len(), 3);
        assert!(outcomes.iter().all(|outcome| failure(outcome).reason == FailureReason::KeyRefused));
        let first = failure(&outcomes[0]);
        assert_eq!((first.attempts, first.status, first.answer.as_str()), (1, Some(status), "bad key [redacted]"));
        assert_eq!((failure(&outcomes[2]).attempts, failure(&outcomes[2]).calls.len()), (0, 1));
    }
}

#[tokio::test]
async fn a_404_is_dead_at_once_and_takes_the_rest_of_its_unit_with_it() {
    let sink = sink(r#"{"status":404,"body":"nothing here"}"#).await;
    let units = vec![unit("1", vec![identify("u", "{}"), track("u", "a")]), unit("2", vec![track("u", "b")])];
    let outcomes = run(sink.addr, &delivery(4), units).await;
    let failure = failure(&outcomes[0]);
    assert_eq!((failure.reason, failure.attempts, failure.status), (FailureReason::Refused, 1, Some(404)));
    assert_eq!((failure.calls.len(), failure.answer.as_str()), (2, "nothing here"));
    assert_eq!((outcomes[1].id.as_str(), outcomes[1].sent), ("2", 1));
}

#[tokio::test]
async fn a_destination_that_stays_down_ends_the_run() {
    let sink = sink(r#"{"status":503,"times":100000}"#).await;
    let config = DeliveryConfig { give_up_after_s: NonZeroU64::new(1).unwrap(), ..delivery(1) };
    let outcomes = run(sink.addr, &config, tracks(&["a", "b", "c"])).await;
    let reasons: Vec<_> = outcomes.iter().map(|outcome| failure(outcome).reason).collect();
    use FailureReason::{DestinationDown, GaveUp};
    assert_eq!(reasons, [GaveUp, DestinationDown, DestinationDown]);
    assert!(failure(&outcomes[0]).attempts > 1);
    assert_eq!(failure(&outcomes[0]).status, Some(503));
}

#[tokio::test]
async fn no_call_of_a_user_overtakes_another() {
    let script = "{\"status\":500,\"times\":3}\n{\"cut\":true,\"times\":3}\n{\"delay_ms\":20,\"times\":5}\n".repeat(4);
    let sink = sink(&script).await;
    let users = ["a", "b", "c"];
    let units = (0..60).map(|number| {
        let user = users[number % 3];
        unit(&number.to_string(), vec![track(user, &format!("{number:03}"))])
    });
    let outcomes = run(sink.addr, &delivery(8), units.collect()).await;
    assert!(outcomes.iter().all(|outcome| outcome.failure.is_none()));
    let mut seen: HashMap<String, Vec<String>> = HashMap::new();
    for call in sink.calls().iter().filter(|call| call.answer == Given::Status(202)) {
        let body: serde_json::Value = serde_json::from_str(call.body.as_ref().unwrap().get()).unwrap();
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        seen.entry(text("userId")).or_default().push(text("event"));
    }
    for (index, user) in users.iter().enumerate() {
        let expected: Vec<String> = (0..60).skip(index).step_by(3).map(|number| format!("{number:03}")).collect();
        assert_eq!(seen[*user], expected);
    }
}

#[tokio::test]
async fn what_says_nothing_new_is_not_sent() {
    let sink = sink(r#"{"status":500,"path":"/v2/group"}"#).await;
    let event = |name: &str, user: &str| {
        unit(name, vec![identify(user, "{}"), group("g", user, r#"{"a":1}"#), track(user, name)])
    };
    let units = vec![event("1", "u"), event("2", "u"), event("3", "v"), event("4", "v")];
    let outcomes = run(sink.addr, &delivery(1), units).await;
    let sent: Vec<_> = outcomes.iter().map(|outcome| (outcome.sent, outcome.unchanged)).collect();
    assert_eq!(sent, [(3, 0), (1, 2), (3, 0), (1, 2)]);
    let paths = sink.counts().paths;
    // One identify a user; the group of each user, and the one that failed.
    assert_eq!((paths["/v2/identify"], paths["/v2/group"], paths["/v2/track"]), (2, 3, 4));
}

#[tokio::test]
async fn older_traits_of_an_account_never_overwrite_newer_ones_that_are_under_way() {
    let sink = sink(r#"{"delay_ms":200,"path":"/v2/group"}"#).await;
    let at = |second: u8, user: &str, traits: &str| Call::Group {
        group_id: "g".into(),
        user_id: Some(user.into()),
        traits: traits.into(),
        timestamp: Some(format!("2026-01-02T03:04:{second:02}.000Z")),
    };
    let units = vec![unit("1", vec![at(9, "u", r#"{"a":"newer"}"#)]), unit("2", vec![at(8, "v", r#"{"a":"older"}"#)])];
    let outcomes = run(sink.addr, &delivery(2), units).await;
    assert!(outcomes.iter().all(|outcome| outcome.failure.is_none()));
    let bodies: Vec<String> = sink.calls().iter().map(|call| call.body.as_ref().unwrap().get().to_owned()).collect();
    assert_eq!(
        bodies,
        [
            r#"{"groupId":"g","userId":"u","traits":{"a":"newer"},"timestamp":"2026-01-02T03:04:09.000Z"}"#,
            r#"{"groupId":"g","userId":"v","timestamp":"2026-01-02T03:04:08.000Z"}"#,
        ]
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = sink("").await;
    let sink = sink(&format!(r#"{{"status":307,"location":"http://{}/v2/track"}}"#, elsewhere.addr)).await;
    let outcomes = run(sink.addr, &delivery(1), tracks(&["u"])).await;
    let failure = failure(&outcomes[0]);
    assert_eq!((failure.reason, failure.status), (FailureReason::Refused, Some(307)));
    assert_eq!(elsewhere.counts().total, 0);
}

#[tokio::test]
async fn an_endless_body_is_read_only_at_its_beginning() {
    let listener = TcpListener::bind(any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let flood = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        // Ends when the client has had enough and closes.
        while stream.write_all(&[b'x'; 1024]).await.is_ok() {}
    });
    let start = Instant::now();
    let outcomes = run(address, &delivery(1), tracks(&["u"])).await;
    assert_eq!(failure(&outcomes[0]).answer.len(), 4096);
    // It was the limit that ended it, not the two seconds a body is waited for.
    assert!(start.elapsed() < Duration::from_millis(1500));
    flood.await.unwrap();
}

#[tokio::test]
async fn a_private_address_behind_a_name_is_refused_without_a_connection() {
    let sink = sink("").await;
    let mut config = accoil(format!("https://localhost:{}", sink.addr.port()));
    config.allow_private_endpoint = false;
    let outcomes = run_to(&config, &delivery(2), tracks(&["a", "b"])).await;
    assert_eq!(outcomes.len(), 2);
    for outcome in &outcomes {
        assert_eq!(failure(outcome).reason, FailureReason::AddressRefused);
    }
    assert!(failure(&outcomes[0]).answer.contains("allow_private_endpoint"), "{outcomes:?}");
    assert_eq!(sink.counts().total, 0);
}

#[tokio::test]
async fn a_full_window_holds_the_sender_back() {
    let sink = sink(r#"{"delay_ms":60000}"#).await;
    let config = DeliveryConfig { window: NonZeroUsize::new(2).unwrap(), ..delivery(1) };
    let (sender, receiver) = mpsc::channel(1);
    let client = client(&accoil(format!("http://{}", sink.addr)), &config);
    let running = tokio::spawn(async move {
        deliver(client, &config, Novelty::new(config.remembered), receiver, pending(), |_| {}).await;
    });
    // Two in the window, one in the channel.
    for unit in tracks(&["a", "b", "c"]) {
        sender.send(unit).await.unwrap();
    }
    sink.received(1).await;
    let fourth = sender.send(tracks(&["d"]).remove(0));
    assert!(tokio::time::timeout(Duration::from_millis(100), fourth).await.is_err());
    running.abort();
}

#[tokio::test]
async fn an_interrupt_gives_everything_back_and_ends_what_waits() {
    let sink = sink(r#"{"status":503,"retry_after":"60"}"#).await;
    let (sender, receiver) = mpsc::channel(10);
    for unit in tracks(&["a", "b", "c"]) {
        sender.send(unit).await.unwrap();
    }
    drop(sender);
    let config = delivery(1);
    let client = client(&accoil(format!("http://{}", sink.addr)), &config);
    let mut reasons = Vec::new();
    let interrupt = sink.received(1);
    let novelty = Novelty::new(config.remembered);
    let stopped = deliver(client, &config, novelty, receiver, interrupt, |outcome| {
        reasons.push(failure(&outcome).reason);
    });
    assert_eq!(stopped.await, Some(FailureReason::Interrupted));
    assert_eq!(reasons, [FailureReason::Interrupted; 3]);
}

#[tokio::test]
async fn a_test_of_the_connection_names_its_steps_and_creates_nothing() {
    let sink = sink("").await;
    let open = accoil_stream::outbound::Destination::new(&accoil(format!("http://{}", sink.addr))).unwrap();
    let report = test_connection(&open, &delivery(1)).await.unwrap();
    let names: Vec<_> = report.steps.iter().map(|step| step.name).collect();
    assert!(report.passed(), "{report:?}");
    assert_eq!(names, ["resolve", "connect", "request"]);
    assert_eq!((sink.calls()[0].method.as_str(), sink.calls()[0].authorization.as_str()), ("GET", "none"));

    sink.stop().await;
    let report = test_connection(&open, &delivery(1)).await.unwrap();
    assert!(!report.passed());
    assert_eq!(report.steps.last().unwrap().name, "connect");
}
