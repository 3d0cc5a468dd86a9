//! A destination that fails for long: attempts come as the table of waits says, and when it recovers it is not run over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::oracle::accoil::Call;
use crate::oracle::host::config;
use crate::oracle::{Accoil, Host, Reply, event};

const fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// The table of waits of the first test: no wait is shorter than a fifth of the first bound, which doubles up to the last.
const FIRST: Duration = ms(100);
const LONGEST: Duration = ms(1600);

/// The most events that come within a time, of those that come at these moments.
pub(super) fn most_within(mut moments: Vec<Instant>, time: Duration) -> usize {
    moments.sort_unstable();
    let within = |(index, last): (usize, &Instant)| {
        moments[..=index].iter().rev().take_while(|moment| *last - **moment < time).count()
    };
    moments.iter().enumerate().map(within).max().unwrap_or(0)
}

/// For each user the waits before its second attempt, its third, and so on.
pub(super) fn waits(calls: &[Call]) -> BTreeMap<String, Vec<Duration>> {
    let mut moments: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    for call in calls {
        moments.entry(call.user().to_owned()).or_default().push(call.at);
    }
    let pairs = |moments: Vec<Instant>| moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    moments.into_iter().map(|(user, moments)| (user, pairs(moments))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_come_as_the_table_says_and_not_together() {
    const USERS: usize = 50;
    let tries = if crate::oracle::is_long() { 400 } else { 8 };
    let accoil = Accoil::behaving(|_| Reply::status(500)).await;
    let bounds =
        format!("retry_first_ms = {}\nretry_max_ms = {}\nin_flight = 64", FIRST.as_millis(), LONGEST.as_millis());
    let text = config(&accoil, "")
        .replace("retry_first_ms = 10\nretry_max_ms = 100\nin_flight = 16", &bounds)
        .replace("[delivery]\n", "[delivery]\ncircuit_failures = 1000000\n");
    let host = Host::start(&text).await;
    let events: Vec<_> = (0..USERS).map(|user| event(&format!("u{user}"), &format!("e{user}"))).collect();
    host.accept("acme", &events).await;
    for tried in 1..=tries {
        accoil.until(|calls| calls.len() >= USERS * tried).await;
    }
    let all = |calls: &[Call]| waits(calls).values().filter(|waits| waits.len() >= tries - 1).count() == USERS;
    accoil.until(all).await;
    let waits = waits(&accoil.calls());
    for number in 0..tries - 1 {
        let longest = (FIRST * 2_u32.pow(number.min(10) as u32)).min(LONGEST);
        let shortest = FIRST / 5;
        let mut found: Vec<_> = waits.values().map(|waits| waits[number]).collect();
        found.sort_unstable();
        let mean = found.iter().sum::<Duration>() / USERS as u32;
        let (least, most) = (found[0], found[USERS - 1]);
        if number < 8 {
            eprintln!("wait {}: {least:.0?} to {most:.0?}, {mean:.0?} in the mean; bound {longest:?}", number + 1);
        }
        // A busy machine makes waits longer, and never shorter.
        assert!(least >= shortest && most <= longest + ms(1000), "wait {number}: {least:?} to {most:?}");
        let middle = (shortest + longest) / 2;
        assert!(mean + longest / 4 >= middle && mean <= middle + longest / 4 + ms(200), "wait {number}: {mean:?}");
        // They fill what there is between the bounds.
        assert!(most - least >= (longest - shortest) / 2, "wait {number}: {least:?} to {most:?}");
    }
    accoil.behave(|_| Reply::ok());
    host.until_drained("acme").await;
    assert_eq!((accoil.tracks().len(), host.dead_letters().await.len()), (USERS, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_opens_the_circuit_and_what_recovers_is_not_run_over() {
    const IN_FLIGHT: usize = 16;
    const RATE: usize = 200;
    let accoil = Accoil::behaving(|_| Reply::status(500).saying("on fire")).await;
    let rate = format!("[delivery]\nrequests_per_second = {RATE}\n");
    let host = Host::start(&config(&accoil, "").replace("[delivery]\n", &rate)).await;
    for round in 0..3 {
        let events: Vec<_> = (0..100).map(|user| event(&format!("u{user}"), &format!("r{round}-{user}"))).collect();
        host.accept("acme", &events).await;
    }
    let status = host.until_status("acme", |status| status["destination"] == "down").await;
    assert_eq!(status["last_error"], "status 500: on fire");
    host.until_log("the destination is left alone").await;
    // What was under way comes to its end; from then on there is nothing but a probe a second.
    let before = accoil.calls().len();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let probes = accoil.calls().len() - before;
    assert!((1..=IN_FLIGHT + 4).contains(&probes), "{probes}");
    let (before, takes) = (accoil.calls().len(), ms(50));
    accoil.behave(move |_| Reply::ok().after(takes));
    host.until_drained("acme").await;
    let moments: Vec<_> = accoil.calls()[before..].iter().map(|call| call.at).collect();
    let (at_once, a_second) = (most_within(moments.clone(), takes), most_within(moments, Duration::from_secs(1)));
    eprintln!("at recovery at most {at_once} requests at once, {a_second} in a second");
    assert!(at_once <= IN_FLIGHT, "{at_once} requests at once");
    // They leave so often, and arrive now and then a bit closer together.
    assert!(a_second <= RATE + RATE / 5, "{a_second} requests in a second");
    assert_eq!(accoil.tracks().len(), 300);
    for order in accoil.orders().values() {
        assert!(order.is_sorted(), "{order:?}");
    }
    assert!(host.dead_letters().await.is_empty());
}
