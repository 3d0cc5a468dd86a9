//! TLS: certificates that can't be used, one that is replaced, and both protocols.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rcgen::{CertifiedKey, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use super::{Identity, ServerLimits, serve};
use crate::config::TlsConfig;
use crate::secret::Secret;

pub(super) struct Issued {
    folder: tempfile::TempDir,
    issued: CertifiedKey<KeyPair>,
}

impl Issued {
    fn new() -> Self {
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("chain.pem"), issued.cert.pem()).unwrap();
        Self { folder, issued }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("chain.pem")
    }

    fn config(&self) -> TlsConfig {
        TlsConfig { certificate: self.path(), key: Secret::new(self.issued.signing_key.serialize_pem()) }
    }

    fn der(&self) -> CertificateDer<'static> {
        self.issued.cert.der().clone()
    }
}

pub(super) fn client_config(trusted: &[&Issued], protocols: &[&[u8]]) -> rustls::ClientConfig {
    let mut roots = RootCertStore::empty();
    trusted.iter().for_each(|issued| roots.add(issued.der()).unwrap());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config
}

#[tokio::test]
async fn both_protocols_are_offered_and_the_certificate_can_be_replaced() {
    let (first, second) = (Issued::new(), Issued::new());
    let identity = Identity::load(&first.config()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_closing, is_closing) = watch::channel(false);
    let limits = ServerLimits { connections: 10, head_timeout: Duration::from_secs(10) };
    let router = Router::new().route("/", get(|| async { "hello" }));
    let tls = Some(identity.server_config().unwrap());
    tokio::spawn(serve(listener, router, tls, limits, is_closing, Duration::from_secs(1)));
    let connect = async |protocols: &[&[u8]]| {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let config = client_config(&[&first, &second], protocols);
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let session = stream.get_ref().1;
        (session.alpn_protocol().map(<[u8]>::to_vec), session.peer_certificates().unwrap()[0].clone().into_owned())
    };
    assert_eq!(connect(&[b"h2", b"http/1.1"]).await, (Some(b"h2".to_vec()), first.der()));
    assert_eq!(connect(&[b"http/1.1"]).await, (Some(b"http/1.1".to_vec()), first.der()));
    let broken = TlsConfig { key: first.config().key, ..second.config() };
    assert_eq!(identity.replace(&broken).unwrap_err().code(), "tls-key");
    assert_eq!(connect(&[]).await, (None, first.der()), "the one before stays");
    identity.replace(&second.config()).unwrap();
    assert_eq!(connect(&[b"h2"]).await.1, second.der());
}

#[tokio::test]
async fn a_handshake_that_stalls_is_cut() {
    let issued = Issued::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_closing, is_closing) = watch::channel(false);
    let limits = ServerLimits { connections: 10, head_timeout: Duration::from_millis(50) };
    let tls = Some(Identity::load(&issued.config()).unwrap().server_config().unwrap());
    tokio::spawn(serve(listener, Router::new(), tls, limits, is_closing, Duration::from_secs(1)));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1]).await;
    assert!(matches!(read, Ok(0) | Err(_)));
}

#[test]
fn what_is_wrong_with_a_certificate_is_named_without_the_key() {
    let (issued, other) = (Issued::new(), Issued::new());
    let empty = tempfile::NamedTempFile::new().unwrap();
    let garbage = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
    for (certificate, key, code, part) in [
        (PathBuf::from("/nowhere.pem"), issued.config().key, "tls-certificate", "/nowhere.pem can't be read"),
        (empty.path().to_owned(), issued.config().key, "tls-certificate", "holds no certificate"),
        (issued.path(), other.config().key, "tls-key", "does not belong to the certificate"),
        (issued.path(), Secret::new("canary"), "tls-key", "holds no private key"),
        (issued.path(), Secret::new(garbage), "tls-key", "server.tls.key"),
    ] {
        let error = Identity::load(&TlsConfig { certificate, key }).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(error.code() == code && text.contains(part), "{text}");
        assert!(!text.contains("canary") && !text.contains("Y2FuYXJ5"), "{text}");
    }
}
