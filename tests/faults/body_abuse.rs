//! Bodies that are made to hurt: each is refused in the right words or taken for what it is, memory stays bounded, and
//! events go on flowing.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::kill::{DELIVERS, MAPPING, folder};
use crate::oracle::host::{config, ingest_key};
use crate::oracle::raw::{answer, post, say};
use crate::oracle::{Accoil, Host, event};

/// The most that one request may add to the service's memory, in kB. Bodies may be 20 MB.
const MOST_KB: u64 = 96 * 1024;

const MILLION: usize = 1_000_000;

/// A service, and what was sent to it and is to be delivered.
struct House {
    accoil: Accoil,
    host: Host,
    taken: Vec<&'static str>,
}

impl House {
    async fn open() -> Self {
        let accoil = Accoil::start().await;
        let host = Host::start_in(folder(DELIVERS), &config(&accoil, MAPPING), &[]).await;
        Self { accoil, host, taken: Vec::new() }
    }

    /// Sends a body and looks at the status and at what it cost.
    async fn send(&mut self, what: &str, path: &str, headers: &str, body: &[u8], wanted: u16) {
        self.host.forget_peak();
        let before = self.host.memory_kb();
        let status = say(self.host.ingest, &post(path, headers, body), false).await;
        let grown = self.host.peak_kb().saturating_sub(before);
        eprintln!("{what}: {status}, {grown} kB more");
        assert_eq!(status, wanted, "{what}");
        assert!(grown < MOST_KB, "{what}: {grown} kB more");
    }

    /// Sends a request with one event of this text, which is not taken.
    async fn refuses(&mut self, what: &str, event: &str) {
        self.send(what, "/batch", "", upload(event).as_bytes(), 400).await;
    }

    /// Sends one of which the event of this name is to be delivered.
    async fn takes(&mut self, what: &str, name: &'static str, event: &str) {
        self.send(what, "/batch", "", upload(event).as_bytes(), 200).await;
        self.taken.push(name);
    }

    /// What was taken was delivered and nothing else, and a fresh event is as well.
    async fn end(mut self) {
        self.host.accept("acme", &[event("u", "fresh")]).await;
        self.taken.push("fresh");
        self.host.until_drained("acme").await;
        let delivered: Vec<_> = self.accoil.counts().into_iter().collect();
        self.taken.sort_unstable();
        let expected: Vec<_> = self.taken.iter().map(|name| ((*name).to_owned(), 1)).collect();
        assert_eq!(delivered, expected);
        assert!(self.host.dead_letters().await.is_empty());
    }
}

fn upload(event: &str) -> String {
    format!("{{\"api_key\":\"{}\",\"events\":[{event}]}}", ingest_key("acme"))
}

/// An event with these properties.
fn with(name: &str, properties: &str) -> String {
    format!(
        "{{\"event_type\":\"{name}\",\"user_id\":\"u\",\"insert_id\":\"{name}\",\"event_properties\":{properties}}}"
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_are_made_to_hurt_cost_their_sender_alone() {
    let mut house = House::open().await;
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    let keys = |number: usize| {
        let keys: Vec<_> = (0..number).map(|key| format!("\"k{key}\":0")).collect();
        format!("{{{}}}", keys.join(","))
    };
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(10 * MILLION));
    for text in ["[".repeat(100_000), deep("[", "]"), deep("{\"a\":", "}"), "[".repeat(19 * MILLION)] {
        house.send("nothing but depth", "/batch", "", text.as_bytes(), 400).await;
    }
    house.refuses("100,000 arrays", &with("deep", &format!("{{\"a\":{}}}", deep("[", "]")))).await;
    house.refuses("100,000 objects", &with("deep", &deep("{\"a\":", "}"))).await;
    house.refuses("a million keys", &with("keys", &keys(MILLION))).await;
    house.takes("50,000 keys", "50k keys", &with("50k keys", &keys(50_000))).await;
    house.send("a million keys and no event", "/batch", "", keys(MILLION).as_bytes(), 400).await;
    house.refuses("a string of 10 MB", &with("long", &long)).await;
    house.send("it again", "/2/httpapi", "", upload(&with("long", &long)).as_bytes(), 413).await;
    house.refuses("an id of 2 MB", &with(&"x".repeat(2 * MILLION), "{}")).await;
    house.refuses("a number of 2 MB", &with("digits", &format!("{{\"a\":{}}}", "9".repeat(2 * MILLION)))).await;
    house.send("blanks", "/batch", "", &vec![b' '; 20 * MILLION], 400).await;
    let many = vec!["{}"; 100_000].join(",");
    house.send("100,000 events", "/batch", "", upload(&many).as_bytes(), 413).await;
    house.send("a million fields", "/identify", "", "a=%41&".repeat(MILLION).as_bytes(), 400).await;
    house.send("an empty body", "/2/httpapi", "", b"", 400).await;
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_at_the_edge_of_json_are_refused_or_taken_for_what_they_are() {
    let mut house = House::open().await;
    for value in [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "0x10",
        "'a'",
        "\"\\x41\"",
        "\"\0\"",
        "\"\t\"",
        "tru",
    ] {
        house.refuses(value, &with("wrong", &format!("{{\"a\":{value}}}"))).await;
    }
    for (name, value) in [
        ("beyond all numbers", "1e999"),
        ("below all numbers", "-1e-999"),
        ("lone surrogate", "\"\\ud800\""),
        ("surrogates turned round", "\"\\udc00\\ud800\""),
        ("nul", "\"\\u0000\""),
        ("same key twice", "1,\"a\":2,\"a\":{\"a\":[]}"),
    ] {
        house.takes(name, name, &with(name, &format!("{{\"a\":{value}}}"))).await;
    }
    let twice = r#"{"event_type":"first","event_type":"last","user_id":"v","user_id":"u"}"#;
    house.takes("fields that come twice", "last", twice).await;
    let key = ingest_key("acme");
    let body =
        format!("{{\"api_key\":\"wrong\",\"events\":[],\"api_key\":\"{key}\",\"events\":[{}]}}", with("second", "{}"));
    house.send("a key that comes twice", "/2/httpapi", "", body.as_bytes(), 200).await;
    house.taken.push("second");
    // Half a surrogate pair, NUL in two bytes, and a text in another encoding.
    for bytes in [&b"\xed\xa0\x80"[..], b"\xc0\x80", b"\xff\xfe{\0"] {
        let body = upload(&with("bytes", "{\"a\":\"?\"}"));
        let (before, after) = body.split_once('?').unwrap();
        let body = [before.as_bytes(), bytes, after.as_bytes()].concat();
        house.send("no UTF-8", "/2/httpapi", "", &body, 400).await;
    }
    let utf16: Vec<u8> = upload(&with("wide", "{}")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    house.send("UTF-16", "/2/httpapi", "Content-Type: application/json; charset=utf-16\r\n", &utf16, 400).await;
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_packed_to_become_huge_is_never_unpacked_beyond_the_limit() {
    const GZIP: &str = "Content-Encoding: gzip\r\n";
    let mut house = House::open().await;
    let body = upload(&with("packed", "{}"));
    let bomb = gzip(&vec![b' '; 200 * MILLION]);
    assert!(bomb.len() * 900 < 200 * MILLION, "{}", bomb.len());
    for path in ["/2/httpapi", "/batch", "/identify"] {
        house.send("a bomb", path, GZIP, &bomb, 413).await;
    }
    house.send("many bombs one after the other", "/batch", GZIP, &bomb.repeat(50), 413).await;
    house.send("a million packets of nothing", "/batch", GZIP, &gzip(b"").repeat(900_000), 400).await;
    house.send("packed twice", "/batch", GZIP, &gzip(&gzip(body.as_bytes())), 400).await;
    house.send("a bomb packed again", "/batch", GZIP, &gzip(&bomb), 400).await;
    house.send("packed, and not said so", "/batch", "", &gzip(body.as_bytes()), 400).await;
    house.send("not packed, and said so", "/batch", GZIP, body.as_bytes(), 400).await;
    for encoding in ["deflate", "br", "zstd", "compress", "gzip, gzip", "identity, gzip", "gzip;q=1", "x"] {
        house.send(encoding, "/batch", &format!("Content-Encoding: {encoding}\r\n"), &bomb, 415).await;
    }
    house
        .send("a form of parts", "/identify", "Content-Type: multipart/form-data; boundary=x\r\n", b"--x--", 415)
        .await;
    house.send("packed", "/batch", GZIP, &gzip(body.as_bytes()), 200).await;
    house.taken.push("packed");
    house.end().await;
}

/// A body that is said to be large, one that is, and one that is cut off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_measure_is_refused_before_it_is_there() {
    let house = House::open().await;
    let begin = async |headers: &str| {
        let mut stream = TcpStream::connect(house.host.ingest).await.unwrap();
        let head = format!("POST /batch HTTP/1.1\r\nHost: t\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    house.host.forget_peak();
    let before = house.host.memory_kb();
    // Who asks before sending is told at once.
    for length in ["2147483648", "18446744073709551613"] {
        let mut stream = begin(&format!("Content-Length: {length}\r\nExpect: 100-continue\r\n")).await;
        assert_eq!(answer(&mut stream).await, 413);
    }
    let mut cut = begin("Content-Length: 1000000\r\n").await;
    cut.write_all(b"{").await.unwrap();
    cut.shutdown().await.unwrap();
    // Who just sends and sends is read for a while, so that the answer arrives, and then cut.
    let mut endless = begin("Transfer-Encoding: chunked\r\n").await;
    let (mut reading, mut writing) = endless.split();
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let (status, said) = tokio::join!(answer(&mut reading), async {
        let mut said = 0_usize;
        while writing.write_all(piece.as_bytes()).await.is_ok() {
            said += 0x10000;
        }
        said
    });
    assert!(matches!(status, 413 | 0), "{status}");
    assert!(said < 100 << 20, "{said} bytes were read");
    let grown = house.host.peak_kb().saturating_sub(before);
    assert!(grown < MOST_KB, "{grown} kB more, of {} MB that were said", said >> 20);
    house.end().await;
}
