//! A destination that is slow, refuses, fails, lies, or is not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::oracle::host::{ACCOIL_KEY, config};
use crate::oracle::{Accoil, Host, Reply, event, events};

/// One event of each of so many users.
fn of_users(users: std::ops::Range<usize>, name: &str) -> Vec<Value> {
    users.map(|user| event(&format!("u{user}"), &format!("{name}-{user}"))).collect()
}

#[tokio::test]
async fn a_refused_call_is_a_dead_letter_at_once_and_holds_nobody() {
    let accoil = Accoil::behaving(|call| match call.event() {
        "u-1" => Reply::status(413).saying("too <large>"),
        _ => Reply::ok(),
    })
    .await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &events("u", 0..4)).await;
    host.until_drained("acme").await;
    assert_eq!(accoil.orders()["u"], ["u-0", "u-2", "u-3"]);
    let dead = host.dead_letters().await;
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (&dead[0]["reason"], &dead[0]["status"], &dead[0]["answer"]),
        (&json!("refused"), &json!(413), &json!("too <large>"))
    );
    assert_eq!((&dead[0]["attempts"], &dead[0]["event_id"]), (&json!(1), &json!("u-1")));
}

#[tokio::test]
async fn a_refused_key_burns_nothing_and_a_new_one_goes_on() {
    let accoil =
        Accoil::behaving(|call| if call.key.ends_with("new") { Reply::ok() } else { Reply::status(401) }).await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &of_users(0..50, "a")).await;
    host.until_status("acme", |status| status["destination"] == "key-refused").await;
    let tried = accoil.calls().len();
    host.accept("acme", &of_users(50..100, "a")).await;
    std::fs::write(host.path("accoil-acme"), format!("{ACCOIL_KEY}-new")).unwrap();
    host.signal("HUP");
    host.until_drained("acme").await;
    assert_eq!(accoil.tracks().len(), 100);
    assert!(tried <= 16, "{tried} requests with a key that is refused");
    assert!(host.dead_letters().await.is_empty());
}

#[tokio::test]
async fn who_never_answers_cuts_or_talks_without_end_is_tried_again() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&tries);
    let accoil = Accoil::behaving(move |call| match (call.kind.as_str(), counting.fetch_add(1, Ordering::SeqCst)) {
        (_, 0) => Reply::ok().after(Duration::from_secs(600)),
        (_, 1) => Reply::cut(),
        ("track", _) => Reply::endless(),
        _ => Reply::ok(),
    })
    .await;
    let text = config(&accoil, "").replace("[delivery]\n", "[delivery]\nrequest_timeout_ms = 400\n");
    let host = Host::start(&text).await;
    host.accept("acme", &events("u", 0..1)).await;
    host.until_drained("acme").await;
    assert_eq!(tries.load(Ordering::SeqCst), 4);
    assert!(host.dead_letters().await.is_empty());
}

#[tokio::test]
async fn after_the_time_to_try_it_is_a_dead_letter() {
    let accoil = Accoil::behaving(|call| if call.user() == "u" { Reply::status(500) } else { Reply::ok() }).await;
    let text = config(&accoil, "").replace("[delivery]\n", "[delivery]\nkeep_trying_s = 1\ncircuit_failures = 1000\n");
    let host = Host::start(&text).await;
    host.accept("acme", &events("u", 0..1)).await;
    host.until_drained("acme").await;
    let dead = host.dead_letters().await;
    assert_eq!((&dead[0]["reason"], &dead[0]["status"]), (&json!("gave-up"), &json!(500)));
    assert!(dead[0]["attempts"].as_u64().unwrap() > 5, "{dead:?}");
}

/// One user whose calls always fail, with more events than are held in memory, and others.
#[tokio::test]
async fn a_blocked_lane_blocks_nobody_else_and_keeps_its_order() {
    let accoil = Accoil::behaving(|call| if call.user() == "bad" { Reply::status(500) } else { Reply::ok() }).await;
    let text = config(&accoil, "").replace("[delivery]\n", "[delivery]\nwindow = 64\n");
    let host = Host::start(&text).await;
    for round in 0..10 {
        host.accept("acme", &events("bad", round * 200..round * 200 + 200)).await;
        host.accept("acme", &events("good", round * 20..round * 20 + 20)).await;
    }
    accoil.until_tracked(200).await;
    assert_eq!(accoil.orders()["good"].len(), 200);
    host.until_status("acme", |status| status["queued"] == 2000).await;
    let host = host.restart().await;
    host.accept("acme", &events("good", 200..220)).await;
    accoil.until_tracked(220).await;
    accoil.behave(|_| Reply::ok());
    host.until_drained("acme").await;
    let expected: Vec<String> = (0..2000).map(|number| format!("bad-{number}")).collect();
    assert_eq!(accoil.orders()["bad"], expected);
    assert!(accoil.counts().values().all(|count| *count == 1));
}
