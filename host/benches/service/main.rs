//! The service beside the raw limits of what it is made of, in one run on one machine: what the
//! same HTTP client and sink do with nothing in between, and what the store accepts, takes and
//! settles.
//!
//! Not a criterion benchmark: what is measured are whole processes. Sender, sink and service share
//! the processors.
//!
//!     cargo bench -p accoil-stream --bench service -- [all|throughput|latency|backlog|tenants|swaps] [EVENTS]

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and fails by panicking"
)]

mod host;
mod load;
mod raw;
mod sink;

use std::time::{Duration, Instant};

use host::Host;
use sink::Sink;

/// Users over which events are spread; each is identified before anything is measured.
const USERS: usize = 1000;

/// Events of one request, about what an SDK sends when it is busy.
const BATCH: usize = 100;

/// Requests of senders under way at a time.
const SENDERS: usize = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let what = arguments.first().map_or("all", String::as_str);
    let events: usize = arguments.get(1).and_then(|number| number.parse().ok()).unwrap_or(60_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        if matches!(what, "all" | "throughput" | "latency") {
            let rate = throughput(events).await;
            if what != "throughput" {
                latency(rate / 2.0).await;
            }
        }
        if matches!(what, "all" | "swaps") {
            swaps().await;
        }
        if matches!(what, "all" | "backlog") {
            backlog(events).await;
        }
        if matches!(what, "all" | "tenants") {
            tenants(events).await;
        }
    });
}

/// Sustained events a second, beside the raw limits.
async fn throughput(events: usize) -> f64 {
    let sink = Sink::start().await;
    let used = host::processor_time("self");
    let http = raw::http(&sink, events).await;
    let each = (host::processor_time("self") - used).as_secs_f64() * 1e6 / events as f64;
    println!("raw http, one request an event:      {http:>8.0} /s   ({each:.1} us of processor time each)");
    let store = raw::store(events).await;
    println!("raw store, accept + take + settle:   {store:>8.0} /s");
    let host = Host::start(&sink, 1, "").await;
    warm_up(&host, &sink, 1).await;
    let rate = through(&host, &sink, events, 1).await;
    println!("service:                             {rate:>8.0} /s");
    println!("ratio to the lower raw limit:        {:>8.2}", rate / http.min(store));
    rate
}

/// From the answer to the sender to the arrival at the sink, at a steady rate.
async fn latency(rate: f64) {
    let sink = Sink::start().await;
    let host = Host::start(&sink, 1, "").await;
    warm_up(&host, &sink, 1).await;
    let mut latencies = load::steady(&host, &sink, rate, Duration::from_secs(15)).await;
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    println!("latency at {rate:.0} events a second, accepted to delivered, {} events:", latencies.len());
    println!("    p50 {:?}   p99 {:?}   p99.9 {:?}   longest {:?}", at(0.5), at(0.99), at(0.999), at(1.0));
}

/// Latency while the version changes twenty times a second, beside that of a version that stays; and
/// how long a component takes from its upload to its first event.
async fn swaps() {
    /// Far from what the machine can do, so that what is seen is the swap.
    const RATE: f64 = 4_000.0;
    const TIME: Duration = Duration::from_secs(15);
    let mut without = Duration::ZERO;
    for is_swapping in [false, true] {
        let sink = Sink::start().await;
        let host = Host::start(&sink, 1, "").await;
        warm_up(&host, &sink, 1).await;
        let settings = serde_json::json!({ "properties": ["plan"] });
        let uploaded = Instant::now();
        let new = host.deploy("default", &settings).await;
        println!("deployed and in force after {:?}: {}", uploaded.elapsed(), new["times_ms"]);
        let (swaps, mut latencies) = tokio::join!(
            async { if is_swapping { swap_for(&host, TIME).await } else { Vec::new() } },
            load::steady(&host, &sink, RATE, TIME)
        );
        latencies.sort_unstable();
        let p99 = latencies[(latencies.len() - 1) * 99 / 100];
        if is_swapping {
            let longest = |name: &str| swaps.iter().filter_map(|times| times[name].as_f64()).fold(0.0, f64::max);
            println!(
                "p99 with {} swaps: {p99:?}, {:.2} of that without; the switch itself took {:.3} ms at most, its write {:.1} ms",
                swaps.len(),
                p99.as_secs_f64() / without.as_secs_f64(),
                longest("switch"),
                longest("write")
            );
        } else {
            without = p99;
            println!("p99 without swaps at {RATE:.0} events a second: {p99:?}");
        }
    }
}

/// Goes from one version to the other and back; gives what each time took.
async fn swap_for(host: &Host, time: Duration) -> Vec<serde_json::Value> {
    let until = Instant::now() + time;
    let mut times = Vec::new();
    while Instant::now() < until {
        for version in [1, 2] {
            let answer = host.order("rollback", &serde_json::json!({ "to": version })).await;
            times.push(answer["times_ms"].clone());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    times
}

/// The same rate with a million events in the queue.
async fn backlog(events: usize) {
    let backlog: usize = std::env::var("BACKLOG").ok().and_then(|number| number.parse().ok()).unwrap_or(1_000_000);
    let sink = Sink::start().await;
    let host = Host::start(&sink, 1, "").await;
    warm_up(&host, &sink, 1).await;
    let empty = through(&host, &sink, events, 1).await;
    println!("with an empty queue:                 {empty:>8.0} /s");
    host.pause(&sink, 1, true).await;
    let start = Instant::now();
    load::send(&host, backlog, 1).await;
    println!(
        "accepted {backlog} events in {:.0} s, {:.0} /s",
        start.elapsed().as_secs_f64(),
        backlog as f64 / start.elapsed().as_secs_f64()
    );
    let before = sink.tracks();
    let start = Instant::now();
    host.pause(&sink, 1, false).await;
    sink.until(before + events).await;
    let full = events as f64 / start.elapsed().as_secs_f64();
    println!("from a backlog of {backlog}:          {full:>8.0} /s, {:.2} of that", full / empty);
    // Senders go on while the backlog is there.
    let before = sink.tracks();
    let start = Instant::now();
    load::send(&host, events, 1).await;
    let both = (sink.tracks() - before) as f64 / start.elapsed().as_secs_f64();
    println!("delivered while senders send as well: {both:>7.0} /s");
}

/// The same rate spread over many tenants.
async fn tenants(events: usize) {
    let mut one = 0.0;
    for tenants in [1, 10, 100, 1000] {
        let sink = Sink::start().await;
        let start = Instant::now();
        let host = Host::start(&sink, tenants, "").await;
        let started = start.elapsed();
        warm_up(&host, &sink, tenants).await;
        let rate = through(&host, &sink, events, tenants).await;
        if tenants == 1 {
            one = rate;
        }
        println!(
            "{tenants:>5} tenants (started in {:.1} s):   {rate:>8.0} /s, {:.2}",
            started.as_secs_f64(),
            rate / one
        );
    }
}

/// Has every user identified.
async fn warm_up(host: &Host, sink: &Sink, tenants: usize) {
    let before = sink.tracks();
    let number = load::send_all_users(host, tenants).await;
    sink.until(before + number).await;
}

/// Events a second, from the first request to the last delivery.
async fn through(host: &Host, sink: &Sink, events: usize, tenants: usize) -> f64 {
    let before = sink.tracks();
    let start = Instant::now();
    let used = (host.processor_time(), host::processor_time("self"));
    let sent = load::send(host, events, tenants).await;
    let accepted = start.elapsed();
    sink.until(before + sent).await;
    let each = |used: Duration| used.as_secs_f64() * 1e6 / sent as f64;
    println!(
        "    processor time of an event: service {:.1} us, sender and sink {:.1} us; all accepted after {:.0} % of the time",
        each(host.processor_time() - used.0),
        each(host::processor_time("self") - used.1),
        100.0 * accepted.as_secs_f64() / start.elapsed().as_secs_f64()
    );
    sent as f64 / start.elapsed().as_secs_f64()
}
