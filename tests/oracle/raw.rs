//! Requests byte by byte, as no library would send them, and a sender of the usual kind beside them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Host;
use super::host::{event, upload};

/// The longest that anything of a peer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request with these header lines, each with its end, beside those that it must have.
pub(crate) fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: t\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// A request with one event.
pub(crate) fn post_event(user: &str, name: &str) -> Vec<u8> {
    post("/2/httpapi", "", upload("acme", &[event(user, name)]).to_string().as_bytes())
}

/// Reads one answer: its status, or 0 when the connection ends before.
pub(crate) async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> u16 {
    let reading = async {
        let mut read = Vec::new();
        while length(&read).is_none_or(|length| read.len() < length) {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return 0;
            }
        }
        String::from_utf8_lossy(&read).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("no answer, and no end")
}

/// The length of the answer that these bytes begin with, once its head is there.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let (head, _) = text.split_once("\r\n\r\n")?;
    let body = head.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
    Some(head.len() + 4 + body.map_or(0, |length| length.parse().unwrap()))
}

/// Says this over a connection of its own, and gives the status that comes back, or 0. With `is_end` it ends its side.
pub(crate) async fn say(address: SocketAddr, bytes: &[u8], is_end: bool) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let saying = async {
        let said = writing.write_all(bytes).await;
        if is_end && said.is_ok() {
            let _ = writing.shutdown().await;
        }
    };
    // Who is refused may be told so before all is said.
    tokio::join!(answer(&mut reading), saying).0
}

/// The wait that of a hundred usual requests only one exceeds, each over a connection of its own.
pub(crate) async fn p99(host: &Host, name: &str) -> Duration {
    let mut waits = Vec::new();
    for number in 0..200 {
        let (request, began) = (post_event("honest", &format!("{name}-{number}")), Instant::now());
        assert_eq!(say(host.ingest, &request, false).await, 200);
        waits.push(began.elapsed());
    }
    waits.sort_unstable();
    waits[197]
}

/// Whether senders have to wait while something goes on as they do in quiet, or in what no sender would notice.
pub(crate) fn assert_unhurt(quiet: Duration, meanwhile: Duration) {
    eprintln!("p99 in quiet {quiet:.1?}, meanwhile {meanwhile:.1?}");
    assert!(meanwhile <= (2 * quiet).max(Duration::from_millis(500)), "{meanwhile:?}, and {quiet:?} in quiet");
}
