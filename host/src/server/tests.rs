//! Connections: slow ones, many, and of both protocols.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{ServerLimits, serve};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n";

struct Server {
    address: std::net::SocketAddr,
    _closing: watch::Sender<bool>,
}

async fn server(limits: ServerLimits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (closing, is_closing) = watch::channel(false);
    let router = Router::new().route("/", get(|| async { "hello" }));
    tokio::spawn(serve(listener, router, None, limits, is_closing, Duration::from_secs(1)));
    Server { address, _closing: closing }
}

const LIMITS: ServerLimits = ServerLimits { connections: 10, head_timeout: Duration::from_millis(200) };

/// Reads until an answer of ours has come; nothing if the connection ends before.
async fn answered(stream: &mut TcpStream) -> Option<()> {
    let mut read = Vec::new();
    let mut chunk = [0; 1024];
    while !read.ends_with(b"hello") {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => read.extend_from_slice(&chunk[..count]),
        }
    }
    Some(())
}

#[tokio::test]
async fn a_head_that_does_not_come_is_cut() {
    let server = server(LIMITS).await;
    for beginning in [&b""[..], b"GET / HTT", b"PRI * HTTP/2.0", b"GET / HTTP/1.1\r\nHost: t\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        assert!(answered(&mut stream).await.is_none());
    }
}

#[tokio::test]
async fn a_head_in_drops_is_cut_too_also_on_a_used_connection() {
    let server = server(LIMITS).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    answered(&mut stream).await.unwrap();
    let started = std::time::Instant::now();
    let (mut reading, mut writing) = stream.split();
    let drops = async {
        while writing.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = reading.read_u8() => {}
        () = drops => {}
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_idle_connection_is_kept_longer_than_a_head_may_take() {
    let server = server(LIMITS).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(GET).await.unwrap();
        answered(&mut stream).await.unwrap();
        tokio::time::sleep(LIMITS.head_timeout * 3).await;
    }
    stream.write_all(GET).await.unwrap();
    answered(&mut stream).await.unwrap();
}

#[tokio::test]
async fn too_many_connections_wait_and_are_not_cut() {
    let server = server(ServerLimits { connections: 1, head_timeout: Duration::from_secs(60) }).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(GET).await.unwrap();
    answered(&mut first).await.unwrap();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(GET).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(200), answered(&mut second)).await;
    assert!(waiting.is_err(), "the second waits");
    drop(first);
    answered(&mut second).await.unwrap();
}

#[tokio::test]
async fn http2_without_tls_is_spoken_too() {
    let server = server(LIMITS).await;
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .tls_backend_preconfigured(super::tls_tests::client_config(&[], &[]))
        .build()
        .unwrap();
    for _ in 0..2 {
        let answer = client.get(format!("http://{}/", server.address)).send().await.unwrap();
        assert_eq!((answer.version(), answer.text().await.unwrap().as_str()), (http::Version::HTTP_2, "hello"));
        tokio::time::sleep(LIMITS.head_timeout * 2).await;
    }
}
