//! Clients that flood a connection of HTTP/2 with frames that cost them nothing: they are cut off or held back, and usual
//! senders do not notice.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::http_abuse::host;
use crate::oracle::Accoil;
use crate::oracle::raw::{assert_unhurt, p99};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What a connection begins with: the preface, and settings of none.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The head of `POST http://t/2/httpapi`, by HPACK.
const POST: &[u8] = b"\x83\x86\x04\x0a/2/httpapi\x01\x01t";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The number that a client gives its stream of this index.
fn stream(index: u32) -> u32 {
    2 * index + 1
}

/// How a flood ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The service said goodbye, or closed.
    Cut,
    /// All was said.
    Said,
    /// The service reads no further, for a while at least.
    Held,
}

/// A flood: how it begins, what comes again and again, and how often.
#[derive(Clone, Copy)]
struct Flood {
    begin: fn() -> Vec<u8>,
    piece: fn(u32) -> Vec<u8>,
    number: u32,
    /// Whether what the service says is read.
    is_heard: bool,
}

impl Flood {
    async fn run(self, address: SocketAddr) -> End {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let (mut reading, mut writing) = connection.split();
        let saying = async {
            let mut said = writing.write_all(&[PREFACE, &(self.begin)()].concat()).await;
            let mut index = 0;
            while said.is_ok() && index < self.number {
                let pieces: Vec<u8> = (index..self.number.min(index + 100)).flat_map(self.piece).collect();
                said = writing.write_all(&pieces).await;
                index += 100;
            }
            if said.is_ok() { End::Said } else { End::Cut }
        };
        let hearing = async {
            if !self.is_heard {
                std::future::pending::<()>().await;
            }
            loop {
                let mut head = [0; 9];
                let Ok(_) = reading.read_exact(&mut head).await else { return End::Cut };
                let length = u64::from(u32::from_be_bytes([0, head[0], head[1], head[2]]));
                let _ = tokio::io::copy(&mut (&mut reading).take(length), &mut tokio::io::sink()).await;
                if head[3] == GOAWAY {
                    return End::Cut;
                }
            }
        };
        let both = async {
            tokio::select! {
                end = hearing => end,
                end = saying => end,
            }
        };
        tokio::time::timeout(Duration::from_secs(3), both).await.unwrap_or(End::Held)
    }
}

/// Floods by several connections at once, beside a usual sender.
async fn withstands(what: &str, flood: Flood, ends: &[End]) {
    let accoil = Accoil::start().await;
    let host = host(&accoil, "").await;
    let (quiet, handles) = (p99(&host, "quiet").await, host.handles());
    host.forget_peak();
    let (memory, mut floods) = (host.memory_kb(), JoinSet::new());
    for _ in 0..8 {
        floods.spawn(flood.run(host.ingest));
    }
    assert_unhurt(quiet, p99(&host, "meanwhile").await);
    let found: Vec<_> = floods.join_all().await;
    let grown = host.peak_kb().saturating_sub(memory);
    eprintln!("{what}: {found:?}, {grown} kB more");
    assert!(found.iter().all(|end| ends.contains(end)), "{what}: {found:?}");
    assert!(grown < 32 * 1024, "{what}: {grown} kB more");
    host.until_handles(handles + 8).await;
    host.until_drained("acme").await;
    assert_eq!(accoil.tracks().len(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_opened_and_reset_end_the_connection() {
    let piece = |index| {
        [frame(HEADERS, END_HEADERS, stream(index), POST), frame(RST_STREAM, 0, stream(index), &[0, 0, 0, 8])].concat()
    };
    withstands("rapid reset", Flood { begin: Vec::new, piece, number: 100_000, is_heard: true }, &[End::Cut]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_pieces_of_a_body_end_the_connection() {
    let begin = || frame(HEADERS, END_HEADERS, 1, POST);
    let piece = |_| frame(DATA, 0, 1, b"");
    withstands("empty data", Flood { begin, piece, number: 1_000_000, is_heard: true }, &[End::Cut]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_without_end_ends_the_connection() {
    let begin = || frame(HEADERS, 0, 1, POST);
    // A header that is not to be remembered, again and again.
    let piece = |_| frame(CONTINUATION, 0, 1, &b"\0\x01x\x01x".repeat(200));
    withstands("continuation", Flood { begin, piece, number: 100_000, is_heard: true }, &[End::Cut]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_streams_than_may_be_are_refused_or_end_the_connection() {
    let piece = |index| frame(HEADERS, END_HEADERS, stream(index), POST);
    let flood = Flood { begin: Vec::new, piece, number: 100_000, is_heard: true };
    withstands("streams", flood, &[End::Cut, End::Said]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_must_be_answered_and_whose_answers_nobody_reads_is_held_back() {
    let ping = |_| frame(PING, 0, 0, &[0; 8]);
    let settings = |_| frame(SETTINGS, 0, 0, &[]);
    let requests = |index| frame(HEADERS, END_HEADERS | END_STREAM, stream(index), POST);
    for (what, piece) in [("ping", ping as fn(u32) -> Vec<u8>), ("settings", settings), ("requests", requests)] {
        let flood = Flood { begin: Vec::new, piece, number: 3_000_000, is_heard: false };
        withstands(what, flood, &[End::Held, End::Cut]).await;
    }
}
