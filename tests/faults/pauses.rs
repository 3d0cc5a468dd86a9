//! A destination that asks to be left alone for a while, in every form in which that can be said, and in some in which it
//! can't.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::storm::{most_within, waits};
use crate::oracle::accoil::Call;
use crate::oracle::host::{base, config, tenant};
use crate::oracle::{Accoil, Host, Reply, event};

/// What comes of what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// At least so long; a date leaves out what is less than a second.
    Of(Duration),
    /// An hour, whatever was asked for.
    AnHour,
    No,
}

const TWO: Pause = Pause::Of(Duration::from_secs(2));

/// A name, the status that a pause is asked with, how it is said, and what comes of it. `+N` is a date N seconds from now.
const CASES: [(&str, u16, &str, Pause); 17] = [
    ("seconds", 429, "2", TWO),
    ("of-unavailable", 503, "2", TWO),
    ("of-failure", 500, "2", TWO),
    ("of-refusal", 413, "2", TWO),
    ("blanks", 429, "  2 ", TWO),
    ("date", 429, "+3", TWO),
    ("absurd", 429, "99999999999", Pause::AnHour),
    ("beyond-numbers", 503, "99999999999999999999999999999", Pause::AnHour),
    ("next-century", 429, "Fri, 01 Jan 2100 00:00:00 GMT", Pause::AnHour),
    ("zero", 429, "0", Pause::No),
    ("past", 429, "Fri, 02 Jan 2026 03:04:05 GMT", Pause::No),
    ("garbage", 503, "soon", Pause::No),
    ("negative", 429, "-5", Pause::No),
    ("fraction", 429, "5.5", Pause::No),
    ("unit", 429, "5s", Pause::No),
    ("two", 429, "5, 5", Pause::No),
    ("empty", 429, "", Pause::No),
];

/// The header of a case.
fn said(text: &str) -> String {
    match text.strip_prefix('+') {
        Some(seconds) => httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds.parse().unwrap())),
        None => text.to_owned(),
    }
}

/// The case that a tenant is for.
fn case_of(call: &Call) -> (&'static str, u16, &'static str, Pause) {
    CASES.into_iter().find(|(name, ..)| call.key.ends_with(&format!("-{name}"))).unwrap()
}

fn of_users(users: std::ops::Range<usize>) -> Vec<Value> {
    users.map(|user| event(&format!("u{user}"), &format!("e{user}"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_is_kept_by_all_capped_and_not_read_into_garbage() {
    let asked = Mutex::new(BTreeSet::new());
    let accoil = Accoil::behaving(move |call| {
        let (name, status, text, _) = case_of(call);
        let is_first = asked.lock().unwrap().insert(name);
        if is_first { Reply::status(status).with("retry-after", &said(text)) } else { Reply::ok() }
    })
    .await;
    let tenants: String = CASES.iter().map(|(name, ..)| tenant(name, &accoil, "")).collect();
    let host = Host::start(&format!("{}{tenants}", base())).await;
    for (name, ..) in CASES {
        host.accept(name, &of_users(0..1)).await;
    }
    accoil.until(|calls| calls.iter().map(|call| case_of(call).0).collect::<BTreeSet<_>>().len() == CASES.len()).await;
    for (name, ..) in CASES {
        host.accept(name, &of_users(1..20)).await;
    }
    for (name, status, text, pause) in CASES {
        if pause == Pause::AnHour {
            let told = host.until_status(name, |told| told["destination"] == "held").await;
            let seconds = told["destination_until_s"].as_u64().unwrap();
            assert!((3500..=3600).contains(&seconds), "{name}: {told}");
        } else {
            host.until_drained(name).await;
        }
        let calls: Vec<_> = accoil.calls().into_iter().filter(|call| case_of(call).0 == name).collect();
        let waited = calls.get(1).map(|second| second.at - calls[0].at);
        eprintln!("{status} with {text:?}: {waited:.0?}");
        match pause {
            Pause::Of(time) => assert!(waited.unwrap() >= time - Duration::from_millis(100), "{name}: {waited:?}"),
            Pause::AnHour => assert_eq!(waited, None, "{name}"),
            Pause::No => assert!(waited.unwrap() < Duration::from_secs(3), "{name}: {waited:?}"),
        }
    }
    let dead = host.dead_letters().await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!((&dead[0]["tenant"], &dead[0]["status"]), (&json!("of-refusal"), &json!(413)));
}

/// Many are told to come again at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_together_does_not_come_again_together() {
    const USERS: usize = 100;
    const FIRST: Duration = Duration::from_secs(1);
    let accoil = Accoil::behaving(|_| Reply::status(429)).await;
    let bounds = format!("retry_first_ms = {}\nretry_max_ms = 60000\nin_flight = 100", FIRST.as_millis());
    let text = config(&accoil, "")
        .replace("retry_first_ms = 10\nretry_max_ms = 100\nin_flight = 16", &bounds)
        .replace("[delivery]\n", "[delivery]\ncircuit_failures = 1000000\n");
    let host = Host::start(&text).await;
    host.accept("acme", &of_users(0..USERS)).await;
    let all = |calls: &[Call]| waits(calls).values().filter(|waits| !waits.is_empty()).count() == USERS;
    accoil.until(all).await;
    let calls = accoil.calls();
    let waits: Vec<_> = waits(&calls).into_values().map(|waits| waits[0]).collect();
    for tenth in 2..10 {
        let is_in = |wait: &&Duration| (FIRST * tenth / 10..FIRST * (tenth + 1) / 10).contains(*wait);
        let share = waits.iter().filter(is_in).count();
        assert!((1..=USERS / 3).contains(&share), "{share} of {USERS} in tenth {tenth}: {waits:?}");
    }
    // After a pause they come as many at a time as may, and no more.
    accoil.behave(|_| Reply::status(429).with("retry-after", "1"));
    host.until_status("acme", |status| status["destination"] == "held").await;
    let (before, takes) = (accoil.calls().len(), Duration::from_millis(100));
    host.accept("acme", &of_users(USERS..5 * USERS)).await;
    accoil.behave(move |_| Reply::ok().after(takes));
    host.until_drained("acme").await;
    let at_once = most_within(accoil.calls()[before..].iter().map(|call| call.at).collect(), takes);
    assert!(at_once <= 100, "{at_once} requests at once");
}
