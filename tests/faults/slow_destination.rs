//! A destination that takes seconds for every answer: it holds what may be held of its own tenant, and nobody else.

use std::time::{Duration, Instant};

use super::storm::most_within;
use crate::oracle::host::{base, config, tenant};
use crate::oracle::{Accoil, Host, Reply, event, events};

/// How long the slow one takes.
const SLOW: Duration = Duration::from_secs(5);

/// The wait from acceptance to arrival that of a hundred events one exceeds: the middle one of three rounds, for a machine
/// that does other things has bad moments.
async fn p99(host: &Host, accoil: &Accoil, name: &str) -> Duration {
    let mut rounds = Vec::new();
    for round in 0..3 {
        let mut waits = Vec::new();
        for number in 0..100 {
            let (tracked, began) = (accoil.tracks().len(), Instant::now());
            host.accept("fast", &[event("u", &format!("{name}-{round}-{number}"))]).await;
            accoil.until_tracked(tracked + 1).await;
            waits.push(began.elapsed());
        }
        waits.sort_unstable();
        rounds.push(waits[98]);
    }
    rounds.sort_unstable();
    rounds[1]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_tenant_does_not_slow_another() {
    const IN_FLIGHT: usize = 16;
    let slow = Accoil::behaving(|_| Reply::ok().after(SLOW)).await;
    let fast = Accoil::start().await;
    let text = format!("{}{}{}", base(), tenant("slow", &slow, ""), tenant("fast", &fast, ""));
    let host = Host::start(&text).await;
    let quiet = p99(&host, &fast, "quiet").await;
    for round in 0..20 {
        let users: Vec<_> = (0..100).map(|user| event(&format!("u{user}"), &format!("r{round}-{user}"))).collect();
        host.accept("slow", &users).await;
    }
    slow.until(|calls| calls.len() >= IN_FLIGHT).await;
    let meanwhile = p99(&host, &fast, "meanwhile").await;
    eprintln!("p99 in quiet {quiet:.1?}, beside a slow tenant {meanwhile:.1?}");
    assert!(meanwhile <= (2 * quiet).max(Duration::from_millis(250)), "{meanwhile:?}, and {quiet:?} in quiet");
    // Its second round, at least, is under way.
    slow.until(|calls| calls.len() > IN_FLIGHT).await;
    let at_once = most_within(slow.calls().iter().map(|call| call.at).collect(), SLOW);
    assert!(at_once <= IN_FLIGHT, "{at_once} requests under way");
    assert_eq!(host.status("slow").await["accepted"], 2000);
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
