//! TLS: which library, which certificates.
//!
//! The crypto is `ring`: it builds with a C compiler alone, where the other provider wants CMake
//! and minutes. The roots are Mozilla's, compiled in (`webpki-roots`): the platform's store is
//! empty on a bare Debian without the package `ca-certificates`, and the host must work there. Who
//! needs another authority names it with `ca_file`, and then that file alone is trusted.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::OutboundError;

/// A TLS configuration for connections to Accoil, offering HTTP/2 and HTTP/1.1.
///
/// # Errors
/// [`OutboundError::CaFile`] when the file cannot be read or holds no usable certificate.
pub fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, OutboundError> {
    let roots = match ca_file {
        Some(path) => roots_of(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OutboundError::Client(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn roots_of(path: &Path) -> Result<RootCertStore, OutboundError> {
    let problem = |problem: String| OutboundError::CaFile { path: path.display().to_string(), problem };
    let text = std::fs::read(path).map_err(|error| problem(format!("cannot be read ({error})")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| problem(format!("is no valid pem ({error})")))?;
        roots.add(certificate).map_err(|error| problem(format!("holds an unusable certificate ({error})")))?;
    }
    if roots.is_empty() {
        return Err(problem("holds no certificate".to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_roots_make_a_configuration() {
        assert_eq!(client_config(None).unwrap().alpn_protocols.len(), 2);
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = client_config(Some(file.path())).unwrap_err();
        assert!(error.to_string().contains("holds no certificate"), "{error}");
        assert_eq!(client_config(Some(Path::new("/nowhere.pem"))).unwrap_err().code(), "ca-file");
    }
}
