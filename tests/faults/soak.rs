//! A load that goes on for long, with every fault in turn, and nothing that grows.

use std::time::{Duration, Instant};

use crate::oracle::expected::Expected;
use crate::oracle::footprint::Footprint;
use crate::oracle::host::config;
use crate::oracle::load::{Load, Random};
use crate::oracle::verdict::Oracle;
use crate::oracle::{Accoil, Host, Reply, is_long};

/// How much more memory may be in use at the end than at three fifths, since the last stop.
const FLAT_KB: u64 = 32 * 1024;

/// An hour where that is asked for, with pauses that keep what is remembered of it within the test's memory.
fn length() -> (Duration, Duration) {
    let (seconds, pause_ms) = if is_long() { (3600, 200) } else { (20, 32) };
    (Duration::from_secs(seconds), Duration::from_millis(pause_ms))
}

/// A destination that is bad four times in five: failures, pauses, cuts, slow answers. In the first half the service stops in
/// good order and starts again every tenth of the time; from then on it runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_destination_does_nothing_grows() {
    let accoil = Accoil::start().await;
    let text = config(&accoil, "").replace("[delivery]\n", "[delivery]\ncircuit_failures = 1000\n");
    let (length, pause) = length();
    let (mut host, load) = (Host::start(&text).await, Load::at_pace("acme", pause));
    let baseline = Footprint::of(&host);
    let (began, mut random, mut round, mut stops, mut early) = (Instant::now(), Random::new(30), 0, 0, None);
    load.at(host.ingest);
    while began.elapsed() < length {
        let reply = match round % 5 {
            0 => Reply::ok(),
            1 => Reply::status(500),
            2 => Reply::status(429).with("retry-after", "1"),
            3 => Reply::cut(),
            _ => Reply::ok().after(Duration::from_millis(50)),
        };
        accoil.behave(move |_| reply.clone());
        tokio::time::sleep(random.moment(100, 1000)).await;
        round += 1;
        if stops < 5 && began.elapsed() > length / 10 * (stops + 1) {
            load.away();
            let (exit, log, folder) = host.stop().await;
            assert_eq!(exit, 0, "{log}");
            accoil.next_generation().await;
            host = Host::start_in(folder, &text, &[]).await;
            load.at(host.ingest);
            stops += 1;
        }
        if early.is_none() && began.elapsed() > length * 3 / 5 {
            early = Some(host.memory_kb());
        }
    }
    let late = host.memory_kb();
    accoil.behave(|_| Reply::ok());
    let ledger = load.end().await;
    let expected = Expected::of_default();
    let judgement = Oracle { accoil: &accoil, expected: &expected, baseline: &baseline }.judge(&host, &ledger).await;
    let early = early.unwrap_or(late);
    assert!(late <= early + FLAT_KB, "{early} kB at three fifths, {late} kB at the end");
    eprintln!(
        "{:.0?}: {} events, {} twice, {early} kB at three fifths and {late} kB at the end",
        began.elapsed(),
        judgement.delivered.len(),
        judgement.all_doubles()
    );
}
