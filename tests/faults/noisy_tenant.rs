//! A tenant that sends ten times as much, in huge bodies, with a mapping that fails, until its share of the disk is full. The
//! tenants beside it notice nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::oracle::host::{base, client, tenant, upload};
use crate::oracle::{Accoil, Host, event};
use crate::sandbox::guest;

/// Events of the quiet tenant whose time is taken, before and during the noise.
const EVENTS: usize = 100;

/// What a quiet event may take where machines are shared: below this, twice is a matter of luck.
const UNNOTICED: Duration = Duration::from_millis(60);

/// What a tenant may have on the disk: a few seconds of the noise.
const SHARE: u64 = 30_000_000;

/// How long each event of the quiet tenant took from being sent to being tracked, the longest last.
async fn waits(host: &Host, accoil: &Accoil, name: &str) -> Vec<Duration> {
    let mut waits = Vec::new();
    for number in 0..EVENTS {
        let before = accoil.tracks().len();
        let sent = Instant::now();
        host.accept("quiet", &[event(&format!("u{}", number % 7), &format!("{name}-{number}"))]).await;
        accoil.until_tracked(before + 1).await;
        waits.push(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    waits.sort_unstable();
    waits
}

/// How often each of two senders sends ten events: together about ten times what the quiet tenant sends.
const BEAT: Duration = Duration::from_millis(50);

/// Sends to a beat until it is told to stop; counts answers.
async fn make_noise(
    host_at: std::net::SocketAddr,
    number: usize,
    stop: Arc<AtomicBool>,
    answers: Arc<[AtomicUsize; 2]>,
) {
    let (client, mut count, mut beat) = (client(), 0, tokio::time::interval(BEAT));
    while !stop.load(Ordering::Relaxed) {
        beat.tick().await;
        let events: Vec<Value> = (0..10)
            .map(|_| {
                count += 1;
                let kind = ["trap", "fine"][count % 2];
                json!({ "event_type": kind, "user_id": format!("n{}", count % 50), "insert_id": format!("{number}-{count}"),
                    "event_properties": { "filling": "x".repeat(20_000) } })
            })
            .collect();
        let request = client.post(format!("http://{host_at}/2/httpapi")).body(upload("noisy", &events).to_string());
        match request.send().await.unwrap().status().as_u16() {
            200 => answers[0].fetch_add(1, Ordering::Relaxed),
            429 | 503 => answers[1].fetch_add(1, Ordering::Relaxed),
            other => panic!("{other}"),
        };
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_noisy_tenant_is_held_to_its_share_and_others_notice_nothing() {
    let (quiet, noisy) = (Accoil::start().await, Accoil::start().await);
    let folder = tempfile::tempdir().unwrap();
    let failing = guest::component(include_str!("../sandbox/guests/fails_by_type.wat"));
    std::fs::write(folder.path().join("mapping.wasm"), failing).unwrap();
    let mapping = "\n[tenants.mapping]\ncomponent = \"mapping.wasm\"";
    let text = format!("{}{}{}", base(), tenant("noisy", &noisy, mapping), tenant("quiet", &quiet, ""));
    let text = text.replace("[queue]\n", &format!("[queue]\ntenant_bytes = {SHARE}\n"));
    let host = Host::start_in(folder, &text, &[]).await;
    // What is compiled and connected at the first event is not what is measured.
    waits(&host, &quiet, "first").await;
    let alone = waits(&host, &quiet, "alone").await;

    let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]));
    let senders: Vec<_> = (0..2)
        .map(|number| tokio::spawn(make_noise(host.ingest, number, Arc::clone(&stop), Arc::clone(&answers))))
        .collect();
    let refused = async {
        while answers[1].load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let beside = waits(&host, &quiet, "beside").await;
    tokio::time::timeout(Duration::from_secs(60), refused).await.expect("the noisy tenant is held to its share");
    // Also while it is refused, others are let in.
    let held = waits(&host, &quiet, "held").await;
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.unwrap();
    }
    let p90 = |waits: &[Duration]| waits[EVENTS * 9 / 10];
    let [alone, beside, held] = [&alone, &beside, &held].map(|waits| p90(waits));
    let accepted = answers[0].load(Ordering::Relaxed);
    eprintln!(
        "p90 alone {alone:.1?}, beside {beside:.1?}, while it is refused {held:.1?}; {accepted} noisy uploads taken"
    );
    for during in [beside, held] {
        assert!(during <= (alone * 2).max(UNNOTICED), "{during:?} beside noise, {alone:?} without");
    }
    assert!(accepted > 10, "{accepted}");
    // Half of what it sends can't be mapped; its dead letters count.
    let held = host.status("noisy").await;
    let bytes = ["queued_bytes", "dead_letter_bytes"].map(|name| held[name].as_u64().unwrap());
    assert!(bytes[1] > 0 && bytes[0] + bytes[1] <= SHARE, "{held}");
    let status = host.status("quiet").await;
    assert_eq!((&status["delivered"], &status["dead"]), (&json!(EVENTS * 4), &json!(0)), "{status}");
}
