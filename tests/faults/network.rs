//! A network that is slow, cuts, resets, swallows, or is not there: between the service and its destination, and before
//! its door.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::kill::{DELIVERS, MAPPING, assert_whole, folder};
use crate::oracle::accoil::Call;
use crate::oracle::host::config;
use crate::oracle::load::{Judgement, Load};
use crate::oracle::{Accoil, Fault, Host, Proxy, event};

/// The most requests under way at a destination.
const IN_FLIGHT: usize = 16;

const fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// What the network does in turn, and what the status then says went wrong; nothing where calls come through.
const FAULTS: [(Fault, Option<&str>); 13] = [
    (Fault::Latency(ms(20)), None),
    (Fault::Trickle(40, ms(5)), None),
    (Fault::Trickle(1, ms(1000)), Some("timed out")),
    (Fault::Cut(0), Some("connection closed before message completed")),
    (Fault::Cut(20), Some("connection closed before message completed")),
    (Fault::Reset(0), Some("onnection reset")),
    (Fault::Reset(20), Some("onnection reset")),
    (Fault::CutRequest(50), Some("connection closed before message completed")),
    (Fault::CutRequest(0), Some("connection closed before message completed")),
    (Fault::BlackHole, Some("timed out")),
    (Fault::Deaf, Some("timed out")),
    (Fault::HalfOpen, Some("timed out")),
    (Fault::Refused, Some("onnection refused")),
];

/// A configuration of one tenant whose destination is elsewhere than the stand-in, with short waits for answers.
fn to(address: SocketAddr, accoil: &Accoil, more: &str) -> String {
    config(accoil, more)
        .replace(&accoil.address.to_string(), &address.to_string())
        .replace("[delivery]\n", "[delivery]\nrequest_timeout_ms = 400\ncircuit_failures = 100000\n")
}

/// Looks at the order of what arrived: each user's events as they were accepted, none left out, and nothing twice but the
/// one that was tried last.
fn judge(calls: &[Call]) -> (Judgement, usize) {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let (mut judgement, mut twice) = (Judgement::default(), 0);
    for call in calls.iter().filter(|call| call.kind == "track") {
        let before = users.entry(call.user()).or_default();
        match before.last() {
            Some(last) if *last == call.event() => twice += 1,
            last => {
                // Numbers of a user's events only grow.
                assert!(last.is_none_or(|last| *last < call.event()), "{} after {last:?}", call.event());
                before.push(call.event());
            }
        }
        judgement.delivered.insert(call.event().to_owned());
    }
    (judgement, twice)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_network_does_everything_is_delivered_in_order() {
    let accoil = Accoil::start().await;
    let proxy = Proxy::before(accoil.address).await;
    let host = Host::start_in(folder(DELIVERS), &to(proxy.address, &accoil, MAPPING), &[]).await;
    let (load, handles, mut most) = (Load::of("acme"), host.handles(), 0);
    load.at(host.ingest);
    accoil.until_tracked(20).await;
    for (fault, problem) in FAULTS {
        let (tracked, failed) = (accoil.tracks().len(), host.failed("acme").await);
        proxy.set(fault);
        match problem {
            None => {
                accoil.until_tracked(tracked + 50).await;
                assert_eq!(host.failed("acme").await, failed, "{fault:?}");
            }
            Some(problem) => {
                host.until_failed("acme", failed + 20).await;
                let says =
                    |status: &serde_json::Value| status["last_error"].as_str().unwrap_or_default().contains(problem);
                host.until_status("acme", says).await;
            }
        }
        most = most.max(host.handles());
        proxy.set(Fault::None);
        let tracked = accoil.tracks().len();
        accoil.until_tracked(tracked + 20).await;
    }
    let ledger = load.end().await;
    let status = host.until_drained("acme").await;
    let (judgement, twice) = judge(&accoil.calls());
    assert_whole(&ledger, &judgement);
    assert_eq!(status["accepted"], judgement.delivered.len(), "{status}");
    assert!(host.dead_letters().await.is_empty() && ledger.refused.is_empty());
    eprintln!("{} delivered, {twice} twice, {} spoiled", judgement.delivered.len(), proxy.spoiled());
    assert!(twice <= proxy.spoiled(), "{twice} twice, of {} that could be", proxy.spoiled());
    // Those of the senders among them.
    assert!(most <= handles + 2 * IN_FLIGHT, "{most} handles, and {handles} at the start");
}

/// Senders whose network fails: what they were told is true, and what they send again is delivered once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_fails_before_the_door_loses_and_doubles_nothing() {
    let accoil = Accoil::start().await;
    let host = Host::start_in(folder(DELIVERS), &config(&accoil, MAPPING), &[]).await;
    let (proxy, load) = (Proxy::before(host.ingest).await, Load::of("acme"));
    load.at(proxy.address);
    // A sender that nobody answers waits longer than a test may take.
    let is_short = |fault: &Fault| {
        !matches!(fault, Fault::BlackHole | Fault::Deaf | Fault::HalfOpen | Fault::Refused | Fault::Trickle(1, _))
    };
    for (fault, problem) in FAULTS.into_iter().filter(|(fault, _)| is_short(fault)) {
        let (answered, spoiled) = (load.answered().len(), proxy.spoiled());
        proxy.set(fault);
        let came = || match problem {
            None => load.answered().len() >= answered + 50,
            Some(_) => proxy.spoiled() >= spoiled + 20,
        };
        let waiting = async {
            while !came() {
                tokio::time::sleep(ms(5)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(), "{fault:?}");
    }
    proxy.set(Fault::None);
    let ledger = load.end().await;
    host.until_drained("acme").await;
    let (judgement, twice) = judge(&accoil.calls());
    assert_whole(&ledger, &judgement);
    assert_eq!((twice, ledger.refused.len()), (0, 0));
}

/// A destination that begins an answer and then talks on and on, in pieces of this. Gives what it could say, in bytes.
async fn flood(head: &'static str, piece: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, said) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let saying = Arc::clone(&said);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let said = Arc::clone(&saying);
            tokio::spawn(async move {
                let piece = piece.repeat(64 * 1024 / piece.len());
                let _ = stream.read(&mut [0; 4096]).await;
                let mut next = stream.write_all(head.as_bytes()).await;
                while next.is_ok() {
                    said.fetch_add(piece.len(), Ordering::Relaxed);
                    next = stream.write_all(piece.as_bytes()).await;
                }
            });
        }
    });
    (address, said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_answer_without_end_only_the_beginning_is_read() {
    const EVENTS: usize = 40;
    const CHUNK: &str = "11\r\n<h1>too much</h1>\r\n";
    for (head, piece, is_told) in [
        ("HTTP/1.1 400 Bad Request\r\nContent-Length: 104857600\r\n\r\n", "<h1>too much</h1>", true),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "<h1>too much</h1>", true),
        ("HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK, true),
        ("HTTP/1.1 202 Accepted\r\nx: ", "x", false),
        ("HTTP/1.1 202 Accepted\r\n", "x: x\r\n", false),
        ("", "HTTP/1.1 103 Early Hints\r\n\r\n", false),
    ] {
        let accoil = Accoil::start().await;
        let (address, said) = flood(head, piece).await;
        let host = Host::start_in(folder(DELIVERS), &to(address, &accoil, MAPPING), &[]).await;
        host.forget_peak();
        let before = host.memory_kb();
        let events: Vec<_> = (0..EVENTS).map(|user| event(&format!("u{user}"), &format!("e{user}"))).collect();
        host.accept("acme", &events).await;
        if is_told {
            host.until_drained("acme").await;
            let dead = host.dead_letters().await;
            assert_eq!(dead.len(), EVENTS);
            let excerpt = dead[0]["answer"].as_str().unwrap();
            assert!(excerpt.len() == 4096 && excerpt.starts_with("<h1>"), "{excerpt}");
        } else {
            host.until_failed("acme", 2 * EVENTS as u64).await;
            assert!(host.dead_letters().await.is_empty());
        }
        let (grown, said) = (host.peak_kb().saturating_sub(before), said.load(Ordering::Relaxed));
        eprintln!("{head:.40?}: {grown} kB more, {} kB said", said / 1024);
        assert!(grown < 32 * 1024, "{head:?}: {grown} kB more");
    }
}
