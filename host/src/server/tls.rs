//! The certificate of a listener, which can be replaced while it is used.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::TlsConfig;

/// Why a certificate or its key can't be used. No variant carries a key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of the certificate chain can't be used.
    #[error(
        "server.tls.certificate {path} {problem}; it must hold the certificate chain in pem form, the server's own first"
    )]
    Certificate {
        /// The file's path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The private key can't be used.
    #[error("server.tls.key {problem}; it must be the private key of the certificate in pem form")]
    Key {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The TLS library refused its configuration.
    #[error("tls can't be set up: {0}")]
    Setup(String),
}

impl TlsError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Certificate { .. } => "tls-certificate",
            Self::Key { .. } => "tls-key",
            Self::Setup(_) => "tls-setup",
        }
    }
}

/// A certificate with its key. Connections that begin after [`Identity::replace`] get the new one.
#[derive(Debug)]
pub struct Identity {
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
}

impl Identity {
    /// Reads the certificate, and checks that the key is its own.
    ///
    /// # Errors
    /// [`TlsError`], which names the file and what is wrong.
    pub fn load(config: &TlsConfig) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let current = ArcSwap::from_pointee(read(config, &provider)?);
        Ok(Arc::new(Self { provider, current }))
    }

    /// Reads the certificate again, and says whether it is another one. When it can't be used, the one
    /// before stays.
    ///
    /// # Errors
    /// As [`Identity::load`].
    pub fn replace(&self, config: &TlsConfig) -> Result<bool, TlsError> {
        let new = read(config, &self.provider)?;
        let is_other = new.cert != self.current.load().cert;
        self.current.store(Arc::new(new));
        Ok(is_other)
    }

    /// A configuration for [`super::serve`] that offers HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// [`TlsError::Setup`].
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn read(config: &TlsConfig, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain = chain(&config.certificate)?;
    // What the library says of a bad key may quote it.
    let key = PrivateKeyDer::from_pem_slice(config.key.expose().as_bytes())
        .map_err(|_| TlsError::Key { problem: "holds no private key" })?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError::Key { problem: "does not belong to the certificate" },
        rustls::Error::InvalidCertificate(problem) => TlsError::Certificate {
            path: config.certificate.display().to_string(),
            problem: format!("can't be used ({problem:?})"),
        },
        _ => TlsError::Key { problem: "is of a kind that is not supported" },
    })
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let problem = |problem: String| TlsError::Certificate { path: path.display().to_string(), problem };
    let text = std::fs::read(path).map_err(|error| problem(format!("can't be read ({error})")))?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| problem(format!("is no valid pem ({error})")))?;
    if chain.is_empty() {
        return Err(problem("holds no certificate".to_owned()));
    }
    Ok(chain)
}
