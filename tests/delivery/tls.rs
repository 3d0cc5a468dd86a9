//! TLS on this machine: an authority of one's own is trusted when it is named, refused when not,
//! and HTTP/2 is spoken where it is offered.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::support::*;
use accoil_stream::config::AccoilConfig;
use accoil_stream::outbound::{Answer, Destination};
use accoil_stream::test_connection::test_connection;
use bytes::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server with a certificate for `localhost` that answers with the HTTP version it was asked in.
async fn server(protocols: &[&str]) -> (SocketAddr, tempfile::TempDir, PathBuf) {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, certified.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certified.cert)], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let listener = TcpListener::bind(any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = TlsAcceptor::from(Arc::new(config.clone())).accept(stream).await else {
                continue;
            };
            let answer = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                let version = format!("{:?}", request.version());
                Ok::<_, Infallible>(http::Response::new(axum::body::Body::from(version)))
            });
            tokio::spawn(async move {
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    (address, folder, ca_file)
}

fn trusting(address: SocketAddr, ca_file: Option<PathBuf>) -> AccoilConfig {
    AccoilConfig { ca_file, ..accoil(format!("https://localhost:{}", address.port())) }
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered() {
    for (protocols, version) in [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["http/1.1"], "HTTP/1.1")] {
        let (address, _folder, ca_file) = server(protocols).await;
        let client = client(&trusting(address, Some(ca_file)), &delivery(1));
        let answer = client.post("/v2/track", Bytes::from("{}")).await;
        assert_eq!(answer, Answer::Http { status: 200, retry_after: None, excerpt: version.to_owned() });
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let (address, _folder, _) = server(&["http/1.1"]).await;
    let client = client(&trusting(address, None), &delivery(1));
    let answer = client.post("/v2/track", Bytes::from("{}")).await;
    let Answer::Network { problem } = answer else { panic!("{answer:?}") };
    assert!(problem.contains("UnknownIssuer") || problem.contains("certificate"), "{problem}");
    assert!(!problem.contains(KEY));
}

#[tokio::test]
async fn the_key_is_in_no_log_at_the_finest_level() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&log);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || Log(Arc::clone(&writer)))
        .finish();
    // For this thread, on which the test's runtime runs all its tasks.
    let _guard = tracing::subscriber::set_default(subscriber);
    for protocol in ["h2", "http/1.1"] {
        let (address, _folder, ca_file) = server(&[protocol]).await;
        let client = client(&trusting(address, Some(ca_file)), &delivery(1));
        let answer = client.post("/v2/track", Bytes::from("{}")).await;
        assert!(matches!(answer, Answer::Http { status: 200, .. }), "{answer:?}");
    }
    let text = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert!(text.contains("h2"), "the libraries were heard");
    assert!(!text.contains(KEY));
}

struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_test_of_the_connection_tells_of_tls() {
    let (address, _folder, ca_file) = server(&["h2"]).await;
    let good = Destination::new(&trusting(address, Some(ca_file))).unwrap();
    let report = test_connection(&good, &delivery(1)).await.unwrap();
    assert!(report.passed(), "{report:?}");
    let told = report.steps[2].result.as_ref().unwrap();
    assert_eq!(told, "the certificate is valid for localhost; TLSv1_3, h2");

    let bad = Destination::new(&trusting(address, None)).unwrap();
    let report = test_connection(&bad, &delivery(1)).await.unwrap();
    let last = report.steps.last().unwrap();
    assert!(last.name == "tls" && last.result.is_err(), "{report:?}");
}
