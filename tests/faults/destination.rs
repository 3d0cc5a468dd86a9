//! A destination that is slow, refuses, fails, lies, or is not there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::oracle::host::{ACCOIL_KEY, base, config, tenant};
use crate::oracle::{Accoil, Host, Reply, event, events};

/// One event of each of so many users.
fn of_users(users: std::ops::Range<usize>, name: &str) -> Vec<Value> {
    users.map(|user| event(&format!("u{user}"), &format!("{name}-{user}"))).collect()
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept_by_all() {
    let first = Arc::new(AtomicUsize::new(0));
    let accoil = Accoil::behaving(move |_| match first.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::status(429).with("retry-after", "2"),
        _ => Reply::ok(),
    })
    .await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &of_users(0..1, "a")).await;
    accoil.until(|calls| calls.len() == 1).await;
    host.accept("acme", &of_users(1..20, "a")).await;
    accoil.until_tracked(20).await;
    let calls = accoil.calls();
    assert!(calls[1].at - calls[0].at >= Duration::from_millis(1900), "{:?}", calls[1].at - calls[0].at);
}

#[tokio::test]
async fn an_absurd_pause_is_capped_and_garbage_is_none() {
    let accoil = Accoil::behaving(|call| match call.user() {
        "u1" => Reply::status(503).with("retry-after", "soon"),
        _ => Reply::ok(),
    })
    .await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &of_users(1..2, "a")).await;
    accoil.until(|calls| calls.len() >= 3).await;
    accoil.behave(|_| Reply::status(429).with("retry-after", "99999999999"));
    let status = host.until_status("acme", |status| status["destination"] == "held").await;
    assert!(status["destination_until_s"].as_u64().unwrap() <= 3600, "{status}");
}

#[tokio::test]
async fn a_storm_opens_the_circuit_and_nothing_is_lost() {
    let accoil = Accoil::behaving(|_| Reply::status(500).saying("on fire")).await;
    let host = Host::start(&config(&accoil, "")).await;
    for round in 0..3 {
        host.accept("acme", &of_users(0..100, &format!("r{round}"))).await;
    }
    let status = host.until_status("acme", |status| status["destination"] == "down").await;
    assert_eq!(status["last_error"], "status 500: on fire");
    let before = accoil.calls().len();
    // The circuit lets one probe a second through.
    host.until_log("the destination is left alone").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let probes = accoil.calls().len() - before;
    assert!((1..=20).contains(&probes), "{probes}");
    accoil.behave(|_| Reply::ok());
    host.until_drained("acme").await;
    assert_eq!(accoil.tracks().len(), 300);
    for order in accoil.orders().values() {
        assert!(order.is_sorted(), "{order:?}");
    }
    assert!(host.dead_letters().await.is_empty());
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
async fn a_redirect_is_not_followed() {
    let elsewhere = Accoil::start().await;
    let target = format!("http://{}/v2/identify", elsewhere.address);
    let accoil = Accoil::behaving(move |_| Reply::status(307).with("location", &target)).await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &events("u", 0..1)).await;
    host.until_drained("acme").await;
    assert_eq!(host.dead_letters().await[0]["status"], 307);
    assert!(elsewhere.calls().is_empty());
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

/// One user whose calls take long, and succeed: nobody fails, and still nobody else may wait.
#[tokio::test]
async fn a_slow_user_with_many_events_holds_nobody_else() {
    let accoil = Accoil::behaving(|call| match call.user() {
        "slow" => Reply::ok().after(Duration::from_secs(20)),
        _ => Reply::ok(),
    })
    .await;
    let text = config(&accoil, "").replace("[delivery]\n", "[delivery]\nwindow = 64\n");
    let host = Host::start(&text).await;
    for round in 0..5 {
        host.accept("acme", &events("slow", round * 100..round * 100 + 100)).await;
    }
    host.accept("acme", &events("good", 0..10)).await;
    let start = Instant::now();
    accoil.until(|calls| calls.iter().filter(|call| call.kind == "track" && call.user() == "good").count() == 10).await;
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// A tenant whose destination takes seconds, beside one whose does not.
#[tokio::test]
async fn a_slow_tenant_does_not_slow_another() {
    let slow = Accoil::behaving(|_| Reply::ok().after(Duration::from_secs(3))).await;
    let fast = Accoil::start().await;
    let text = format!("{}{}{}", base(), tenant("slow", &slow, ""), tenant("fast", &fast, ""));
    let host = Host::start(&text).await;
    for round in 0..20 {
        host.accept("slow", &of_users(0..100, &format!("r{round}"))).await;
    }
    let mut waits = Vec::new();
    for number in 0..50 {
        host.accept("fast", &[event("u", &format!("e{number}"))]).await;
        let accepted = Instant::now();
        fast.until_tracked(number + 1).await;
        waits.push(accepted.elapsed());
    }
    waits.sort_unstable();
    assert!(waits[45] < Duration::from_millis(250), "{waits:?}");
    let under_way: BTreeSet<_> = slow.calls().iter().map(|call| call.user().to_owned()).collect();
    assert!(under_way.len() <= 64, "{}", under_way.len());
}
