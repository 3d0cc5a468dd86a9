//! A door with TLS before a stand-in, whose certificate can be replaced, and certificates of every kind.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// An authority that issues certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// What those who trust it must know, as PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// What a door shows that has a certificate for this name, good from the beginning of one year to that of another.
    pub(crate) fn shows(&self, name: &str, years: std::ops::Range<i32>) -> Shows {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateDer::from(params.signed_by(&key, &self.0).unwrap());
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Some(Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap()))
    }
}

/// What a door shows: TLS with a certificate, or no TLS.
pub(crate) type Shows = Option<Arc<ServerConfig>>;

/// The door. It ends with the test.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    shows: Arc<Mutex<Shows>>,
    /// What each connection began with, as it came.
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    serving: JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Door {
    /// Passes what comes in by TLS on to an address.
    pub(crate) async fn before(target: SocketAddr, shows: Shows) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shows, heard) = (Arc::new(Mutex::new(shows)), Arc::<Mutex<Vec<Vec<u8>>>>::default());
        let (showing, hearing) = (Arc::clone(&shows), Arc::clone(&heard));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shows, heard) = (showing.lock().unwrap().clone(), Arc::clone(&hearing));
                tokio::spawn(async move { pass(stream, target, shows, &heard).await });
            }
        });
        Self { address, shows, heard, serving }
    }

    /// Shows something else to connections from now on.
    pub(crate) fn show(&self, shows: Shows) {
        *self.shows.lock().unwrap() = shows;
    }

    /// What connections began with until now.
    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().unwrap().clone()
    }
}

async fn pass(mut stream: TcpStream, target: SocketAddr, shows: Shows, heard: &Mutex<Vec<Vec<u8>>>) -> Option<()> {
    let mut beginning = vec![0; 4096];
    let length = stream.peek(&mut beginning).await.ok()?;
    beginning.truncate(length);
    heard.lock().unwrap().push(beginning);
    let mut far = TcpStream::connect(target).await.ok()?;
    match shows {
        Some(config) => {
            let mut stream = TlsAcceptor::from(config).accept(stream).await.ok()?;
            tokio::io::copy_bidirectional(&mut stream, &mut far).await.ok()?;
        }
        None => {
            tokio::io::copy_bidirectional(&mut stream, &mut far).await.ok()?;
        }
    }
    Some(())
}
