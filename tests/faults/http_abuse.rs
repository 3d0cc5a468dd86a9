//! Clients that hold connections, talk slowly, lie, or send what is no HTTP: usual senders do not notice.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::kill::{DELIVERS, MAPPING, folder};
use crate::oracle::host::config;
use crate::oracle::raw::{answer, assert_unhurt, length, p99, post, post_event, say};
use crate::oracle::{Accoil, Host};

/// What a machine that is busy with other things may add to a timeout.
const SLACK: Duration = Duration::from_secs(5);

/// For a head to come in.
const HEAD: Duration = Duration::from_millis(1000);
/// For a body to come in.
const BODY: Duration = Duration::from_millis(1500);

/// A service with short timeouts.
pub(super) async fn host(accoil: &Accoil, ingest: &str) -> Host {
    let timeouts = format!("head_timeout_ms = {}\nbody_timeout_ms = {}", HEAD.as_millis(), BODY.as_millis());
    let text = format!("[ingest]\n{timeouts}\n{ingest}\n{}", config(accoil, MAPPING));
    Host::start_in(folder(DELIVERS), &text, &[]).await
}

/// Says the beginning, and then a byte every now and then until it is answered or cut. Gives the status, or 0, and how
/// long that took.
async fn dribble(address: std::net::SocketAddr, beginning: &[u8]) -> (u16, Duration) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(beginning).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let drops = async {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        std::future::pending().await
    };
    tokio::select! {
        status = answer(&mut reading) => (status, began.elapsed()),
        () = drops => unreachable!(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_byte_by_byte_is_cut_off_and_holds_nobody_up() {
    let accoil = Accoil::start().await;
    let host = host(&accoil, "").await;
    let (quiet, handles) = (p99(&host, "quiet").await, host.handles());
    let mut slow = JoinSet::new();
    for (beginning, wanted, within) in [
        (&b""[..], 0, HEAD),
        (b"POST /2/httpapi HTTP/1.1\r\nHost: t\r\nX-Long: ", 0, HEAD),
        // What is refused is still read for a while.
        (b"POST /2/httpapi HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n{", 408, 2 * BODY),
        (b"POST /batch HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n{", 408, 2 * BODY),
    ] {
        for _ in 0..100 {
            let address = host.ingest;
            slow.spawn(async move { (dribble(address, beginning).await, wanted, within) });
        }
    }
    assert_unhurt(quiet, p99(&host, "meanwhile").await);
    let mut cut_early = 0;
    while let Some(ended) = slow.join_next().await {
        let ((status, took), wanted, within) = ended.unwrap();
        // On a busy machine a head may come too late that was meant to come at once.
        let is_early = status == 0 && wanted != 0;
        assert!((status == wanted || is_early) && took < within + SLACK, "{status} after {took:?}, not {wanted}");
        cut_early += usize::from(is_early);
    }
    assert!(cut_early < 100, "{cut_early} were cut instead of told");
    host.until_handles(handles + 8).await;
    host.until_drained("acme").await;
    assert_eq!(accoil.tracks().len(), 400);
}

/// How many connections may be held: as many as are asked for, or as this process may have.
fn many() -> usize {
    let wanted = if crate::oracle::is_long() { 10_000 } else { 1_000 };
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(300);
    if most < wanted {
        eprintln!("{most} connections instead of {wanted}: this process may have no more");
    }
    wanted.min(most)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_idle_connections_cost_little_and_are_given_back() {
    let accoil = Accoil::start().await;
    let number = many();
    let host = host(&accoil, &format!("connections = {}", number + 100)).await;
    let (quiet, handles) = (p99(&host, "quiet").await, host.handles());
    let mut memory = vec![host.memory_kb()];
    for round in 0..4 {
        let mut idle = Vec::new();
        for index in 0..number {
            let mut stream = TcpStream::connect(host.ingest).await.unwrap();
            // Every other one has been used; it may stay, as those of SDKs do.
            if index % 2 == 0 {
                stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
                assert_eq!(answer(&mut stream).await, 200);
            }
            idle.push(stream);
        }
        assert_unhurt(quiet, p99(&host, &format!("round-{round}")).await);
        // Who has never said anything is cut.
        host.until_handles(handles + number / 2 + 8).await;
        assert!(host.handles() >= number / 2);
        memory.push(host.memory_kb());
        drop(idle);
        host.until_handles(handles + 8).await;
    }
    eprintln!("{number} connections; memory {memory:?} kB");
    let each = memory[1].saturating_sub(memory[0]) / number as u64;
    assert!(each <= 48, "{each} kB for each connection");
    // Connections that were not given back would take as much again each time. The senders' events take some as well.
    assert!(memory[4] <= memory[1] + 16 * 1024, "{memory:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_bounded_and_who_waits_gets_in() {
    const MOST: usize = 32;
    let accoil = Accoil::start().await;
    let host = host(&accoil, &format!("connections = {MOST}")).await;
    let handles = host.handles();
    let mut silent = Vec::new();
    for _ in 0..2 * MOST {
        silent.push(TcpStream::connect(host.ingest).await.unwrap());
    }
    let began = Instant::now();
    let (request, mut highest) = (post_event("u", "waited"), 0);
    let looking = async {
        loop {
            highest = highest.max(host.handles());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        status = say(host.ingest, &request, false) => assert_eq!(status, 200),
        () = looking => {}
    }
    // Before it are as many as fit twice.
    assert!(began.elapsed() < 2 * HEAD + SLACK, "{:?}", began.elapsed());
    assert!(highest <= handles + MOST + 8, "{highest} handles, and {handles} without connections");
    host.until_drained("acme").await;
    assert_eq!(accoil.counts()["waited"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_requests_are_answered_one_by_one_in_order() {
    const REQUESTS: usize = 300;
    let accoil = Accoil::start().await;
    let host = host(&accoil, "").await;
    let mut stream = TcpStream::connect(host.ingest).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let mut requests = Vec::new();
    for number in 0..REQUESTS {
        // Every tenth is wrong, so that answers can be told apart.
        let key = if number % 10 == 9 { "unknown" } else { "u" };
        let request = post_event(key, &format!("u-{number:03}"));
        requests.extend(if key == "u" { request } else { post("/2/httpapi", "", b"{}") });
    }
    let mut statuses = Vec::new();
    let answers = async {
        let mut read = Vec::new();
        while statuses.len() < REQUESTS {
            while let Some(end) = length(&read).filter(|end| *end <= read.len()) {
                statuses.push(String::from_utf8_lossy(&read[9..12]).parse::<u16>().unwrap());
                read.drain(..end);
            }
            assert!(statuses.len() == REQUESTS || reading.read_buf(&mut read).await.unwrap() > 0);
        }
    };
    tokio::join!(answers, async { writing.write_all(&requests).await.unwrap() });
    let expected: Vec<u16> = (0..REQUESTS).map(|number| if number % 10 == 9 { 400 } else { 200 }).collect();
    assert_eq!(statuses, expected);
    host.until_drained("acme").await;
    let order: Vec<_> = (0..REQUESTS).filter(|number| number % 10 != 9).map(|n| format!("u-{n:03}")).collect();
    assert_eq!(accoil.orders()["u"], order);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_proper_request_is_refused_and_nothing_in_it_is_taken_for_one() {
    let accoil = Accoil::start().await;
    let host = host(&accoil, "").await;
    let inner = String::from_utf8(post_event("u", "smuggled")).unwrap();
    let body = &inner[inner.find('{').unwrap()..];
    let with = |headers: &str, body: &str| format!("POST /2/httpapi HTTP/1.1\r\nHost: t\r\n{headers}\r\n{body}");
    let long = body.len() + 1;
    let chunked = |body: &str| with("Transfer-Encoding: chunked\r\n", body);
    let refused: &[u16] = &[0, 400];
    for (what, request, wanted) in [
        ("a header of 100 kB", with(&format!("X: {}\r\n", "x".repeat(100_000)), ""), &[0, 400, 431][..]),
        ("1,000 headers", with(&"X: x\r\n".repeat(1_000), ""), &[0, 400, 431]),
        ("a path of 100 kB", format!("POST /{} HTTP/1.1\r\nHost: t\r\n\r\n", "x".repeat(100_000)), &[0, 400, 414, 431]),
        ("more length than body", with(&format!("Content-Length: {long}\r\n"), body), refused),
        ("less length than body", with("Content-Length: 2\r\n", &format!("{{}}{body}")), &[400]),
        ("two lengths", with(&format!("Content-Length: {}\r\nContent-Length: 2\r\n", body.len()), body), refused),
        ("a list of lengths", with(&format!("Content-Length: {}, 2\r\n", body.len()), body), refused),
        ("a signed length", with(&format!("Content-Length: +{}\r\n", body.len()), body), refused),
        ("a negative length", with("Content-Length: -1\r\n", body), refused),
        ("a length beyond all", with("Content-Length: 99999999999999999999\r\n", body), refused),
        ("2 GB declared", with("Content-Length: 2147483648\r\n", body), &[0, 413]),
        (
            "length and chunks",
            with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", &format!("0\r\n\r\n{inner}")),
            refused,
        ),
        (
            "chunks and length",
            with("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &format!("0\r\n\r\n{inner}")),
            refused,
        ),
        ("chunks that are none", with("Transfer-Encoding: xchunked\r\n", body), refused),
        ("chunked not last", with("Transfer-Encoding: chunked, identity\r\n", body), refused),
        ("a chunk beyond all", chunked(&format!("FFFFFFFFFFFFFFFFF\r\n{body}")), refused),
        ("a chunk of a negative size", chunked(&format!("-1\r\n{body}\r\n0\r\n\r\n")), refused),
        ("a chunk that says too much", chunked(&format!("{:x}\r\n{body}\r\n0\r\n\r\n", long + 40)), refused),
        ("a chunk that says too little", chunked(&format!("2\r\n{body}\r\n0\r\n\r\n")), refused),
        ("chunks without an end", chunked(&format!("{:x}\r\n{body}\r\n", body.len())), refused),
        ("an extension without an end", chunked(&format!("2;{}", "x".repeat(100_000))), refused),
        ("trailers without an end", chunked(&format!("0\r\n{}", "X: x\r\n".repeat(10_000))), refused),
        ("HTTP/0.9", format!("GET /healthz\r\n\r\n{inner}"), refused),
        ("HTTP/3.0", "POST /2/httpapi HTTP/3.0\r\nHost: t\r\n\r\n".to_owned(), &[0, 400, 505]),
        ("a space before the colon", with("Content-Length : 2\r\n", "{}"), refused),
        ("NUL in a header", with("X: \0\r\n", ""), refused),
        ("a folded header", with("X: a\r\n b\r\n", ""), refused),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}".to_owned(), refused),
        ("garbage", "\u{1}\u{2}\u{3}\r\n\r\n".repeat(1_000), refused),
    ] {
        let status = say(host.ingest, request.as_bytes(), true).await;
        assert!(wanted.contains(&status), "{what}: {status}");
    }
    host.accept("acme", &[crate::oracle::event("u", "fresh")]).await;
    host.until_drained("acme").await;
    let counts = accoil.counts();
    assert_eq!(counts.get("smuggled").copied().unwrap_or(0), 0);
    assert_eq!(counts["fresh"], 1);
}
