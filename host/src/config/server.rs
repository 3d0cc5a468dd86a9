//! Checks of `[server]`: addresses, log filter, TLS files, secrets.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tracing_subscriber::EnvFilter;

use super::findings::Findings;
use super::service::{ServerConfig, TlsConfig};
use super::shape::{ServerTable, TlsTable};
use super::traces;
use crate::secret::{Secret, SecretSource};

pub(super) fn server(table: ServerTable, findings: &mut Findings<'_>, base: &Path) -> Option<ServerConfig> {
    if collide(table.listen, table.admin_listen) {
        findings.add(&["server", "admin_listen"], "is the address of listen too; choose another port");
    }
    if table.admin_token.is_none() && !table.admin_listen.ip().is_loopback() {
        findings.missing(&["server", "admin_token"], "is missing, and admin_listen is beyond loopback");
    }
    if let Err(error) = EnvFilter::builder().parse(&table.log) {
        findings.add(&["server", "log"], format!("is no log filter ({error}); write for example \"info\""));
    }
    let admin_token = match &table.admin_token {
        Some(source) => Some(secret(findings, &["server", "admin_token"], source, base)?),
        None => None,
    };
    let tls = match table.tls {
        Some(table) => Some(tls(table, findings, base)?),
        None => None,
    };
    let traces = match table.traces {
        Some(table) => Some(traces::traces(table, findings, base)?),
        None => None,
    };
    Some(ServerConfig {
        listen: table.listen,
        admin_listen: table.admin_listen,
        admin_token,
        data_dir: base.join(table.data_dir),
        tls,
        drain: Duration::from_secs(table.drain_s),
        log: table.log,
        log_format: table.log_format,
        traces,
    })
}

/// Whether two listeners would claim the same port of an address; port 0 is any free one.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || everywhere)
}

fn tls(table: TlsTable, findings: &mut Findings<'_>, base: &Path) -> Option<TlsConfig> {
    const TABLE: [&str; 2] = ["server", "tls"];
    let [server, tls] = TABLE;
    let certificate = table.certificate.map(|path| base.join(path));
    match &certificate {
        None => findings.missing(&[server, tls, "certificate"], "is missing; name the file of the certificate chain"),
        Some(path) => {
            if let Err(problem) = read_certificates(path) {
                findings.add(&[server, tls, "certificate"], format!("{}: {problem}", path.display()));
            }
        }
    }
    let Some(key) = &table.key else {
        findings.missing(&[server, tls, "key"], "is missing; name the private key, such as \"file:key.pem\"");
        return None;
    };
    let key = secret(findings, &[server, tls, "key"], key, base)?;
    // The library's error could repeat a piece of the key.
    if PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).is_err() {
        findings.add(&[server, tls, "key"], "holds no private key in pem form");
    }
    Some(TlsConfig { certificate: certificate?, key })
}

fn read_certificates(path: &Path) -> Result<(), String> {
    let text = std::fs::read(path).map_err(|error| format!("cannot be read ({error})"))?;
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        certificate.map_err(|error| format!("is no valid pem ({error})"))?;
        count += 1;
    }
    if count == 0 { Err("holds no certificate in pem form".to_owned()) } else { Ok(()) }
}

/// Fetches a secret, or notes why it can't be had.
pub(super) fn secret(findings: &mut Findings<'_>, path: &[&str], source: &SecretSource, base: &Path) -> Option<Secret> {
    source.resolve(base).map_err(|problem| findings.add(path, problem.to_string())).ok()
}
