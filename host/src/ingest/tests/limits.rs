//! What is too large, too slow or too much, and what a stop does.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{House, Request, read_answer, tenants, try_answer};
use crate::config::IngestConfig;
use crate::ingest::{Reason, Route};

const TOO_LARGE: &str = r#"{"code":413,"error":"Payload too large"}"#;
const BODY: &[u8] = br#"{"api_key":"key-a","events":[{"event_type":"a","user_id":"u"}]}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn small() -> House {
    let config = IngestConfig { httpapi_bytes: 1000, batch_bytes: 2000, events: 3, ..IngestConfig::default() };
    House::with(config, tenants()).await
}

fn events(count: usize) -> String {
    let events = vec![r#"{"event_type":"a","user_id":"u"}"#; count].join(",");
    format!(r#"{{"api_key":"key-a","events":[{events}]}}"#)
}

#[tokio::test]
async fn a_body_that_says_that_it_is_too_large_is_refused_and_read() {
    let house = small().await;
    for (path, length) in [("/2/httpapi", 1001), ("/batch", 2001), ("/2/httpapi", 5_000_000)] {
        let answer = house.post(path, " ".repeat(length)).await;
        assert_eq!((answer.status, answer.body.as_str()), (413, TOO_LARGE), "{path}");
    }
    assert_eq!(house.post("/2/httpapi", " ".repeat(1000)).await.status, 400, "just not too large");
}

#[tokio::test]
async fn a_body_that_becomes_too_large_is_refused_while_it_comes() {
    let house = small().await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(b"POST /2/httpapi HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
    for _ in 0..20_000 {
        stream.write_all(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes()).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!((answer.status, answer.body.as_str()), (413, TOO_LARGE));
}

#[tokio::test]
async fn who_asks_before_sending_is_told_at_once() {
    let house = small().await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let head = "POST /2/httpapi HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 413);
    // Who was asked for the body and sends too much of it is read to the end as any other.
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let head = "POST /batch HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100 "));
    for _ in 0..20_000 {
        stream.write_all(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes()).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 413);
}

#[tokio::test]
async fn too_many_events_are_too_large() {
    let house = small().await;
    assert_eq!(house.post("/2/httpapi", events(3)).await.status, 200);
    let answer = house.post("/2/httpapi", events(4)).await;
    assert_eq!((answer.status, answer.body.as_str()), (413, TOO_LARGE));
    assert_eq!(house.door.counts().remove(0).counts.refused(Route::HttpApi, Reason::TooManyEvents), 1);
    assert_eq!(house.queue.bodies().len(), 3);
}

#[tokio::test]
async fn gzip_is_read_and_other_encodings_are_not() {
    let house = small().await;
    let packed = gzip(BODY);
    let send = async |headers: &str, body: &[u8]| house.send(Request { headers, body, ..Request::default() }).await;
    for headers in ["Content-Encoding: gzip\r\n", "Content-Encoding: X-GZIP \r\n"] {
        assert_eq!(send(headers, &packed).await.status, 200);
    }
    assert_eq!(send("Content-Encoding: identity\r\n", BODY).await.status, 200);
    for headers in ["Content-Encoding: br\r\n", "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n"] {
        let answer = send(headers, &packed).await;
        assert_eq!((answer.status, answer.json()["code"].as_u64()), (415, Some(415)));
        assert_eq!(answer.header("accept-encoding"), Some("gzip, identity"));
    }
    for body in [BODY, &packed[..packed.len() - 9]] {
        let answer = send("Content-Encoding: gzip\r\n", body).await;
        let expected = r#"{"code":400,"error":"Invalid body: it is no gzip, though Content-Encoding says so"}"#;
        assert_eq!((answer.status, answer.body.as_str()), (400, expected));
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_too_large() {
    let house = small().await;
    // One that is large when decompressed, and one of many members.
    let bombs = [gzip(&vec![b' '; 900_000]), gzip(b" ").repeat(60)];
    assert!(bombs[0].len() < 2000 && bombs[1].len() < 2000);
    let send = async |body: &[u8]| {
        house.send(Request { path: "/batch", headers: "Content-Encoding: gzip\r\n", body, ..Request::default() }).await
    };
    assert_eq!(send(&bombs[0]).await.status, 413);
    let cut = &bombs[0][..bombs[0].len() - 9];
    assert_eq!(send(cut).await.status, 413, "what comes after the limit is never looked at");
    assert_eq!(send(&bombs[1]).await.status, 400, "members one after the other are one text");
}

#[tokio::test]
async fn a_body_that_stalls_is_told_so() {
    let config = IngestConfig { body_timeout_ms: 50, ..IngestConfig::default() };
    let house = House::with(config, tenants()).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(b"POST /batch HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nxx").await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!((answer.status, answer.body.as_str()), (408, r#"{"code":408,"error":"The body did not come in time"}"#));
}

#[tokio::test]
async fn a_tenant_that_waits_for_too_much_is_told_to_come_again() {
    let config = IngestConfig { waiting_bytes: 100, ..IngestConfig::default() };
    let house = House::with(config, tenants()).await;
    let gate = house.queue.hold().await;
    let mut first = TcpStream::connect(house.address).await.unwrap();
    first.write_all(&Request { body: BODY, ..Request::default() }.bytes()).await.unwrap();
    house.queue.was_asked(1).await;
    let refused = house.post("/2/httpapi", BODY).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("30")));
    drop(gate);
    assert_eq!(read_answer(&mut first).await.status, 200);
    assert_eq!(house.post("/2/httpapi", BODY).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_waited_for_for_ever() {
    let house = House::open().await;
    let gate = house.queue.hold().await;
    let started = tokio::time::Instant::now();
    let headers = "X-Api-Key: key-a\r\n";
    let webhook = Request { path: "/webhook/acme", headers, body: br#"{"event_type":"a"}"#, ..Request::default() };
    let answer = house.send(webhook).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("30")));
    assert!(started.elapsed() < Duration::from_secs(4), "amplitude tries again within four seconds");
    let answer = house.post("/2/httpapi", BODY).await;
    assert_eq!(answer.status, 503);
    assert!(started.elapsed() < Duration::from_secs(14), "sdks wait ten seconds");
    drop(gate);
}

#[tokio::test]
async fn while_closing_everybody_gets_an_answer() {
    let house = House::open().await;
    let mut idle = TcpStream::connect(house.address).await.unwrap();
    let request = Request { body: BODY, ..Request::default() }.bytes();
    idle.write_all(&request).await.unwrap();
    assert_eq!(read_answer(&mut idle).await.status, 200);
    let gate = house.queue.hold().await;
    let mut under_way = TcpStream::connect(house.address).await.unwrap();
    under_way.write_all(&request).await.unwrap();
    house.queue.was_asked(2).await;
    house.closing.send_replace(true);
    let closing = r#"{"code":503,"error":"The service is closing; send the events again later"}"#;
    idle.write_all(&request).await.unwrap();
    let mut new = TcpStream::connect(house.address).await.unwrap();
    new.write_all(&request).await.unwrap();
    for stream in [&mut idle, &mut new] {
        let answer = read_answer(stream).await;
        assert_eq!((answer.status, answer.body.as_str()), (503, closing));
        assert_eq!((answer.header("connection"), answer.header("retry-after")), (Some("close"), Some("30")));
        assert!(try_answer(stream).await.is_none(), "closed");
    }
    // Longer than the listener stays open for nobody.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!house.served.is_finished());
    drop(gate);
    assert_eq!(read_answer(&mut under_way).await.status, 200);
    house.served.await.unwrap();
    assert!(TcpStream::connect(house.address).await.is_err());
}
