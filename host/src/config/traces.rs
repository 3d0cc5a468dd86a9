//! Checks of `[server.traces]`.

use std::path::Path;

use http::{HeaderName, HeaderValue, header};
use reqwest::Url;

use super::findings::Findings;
use super::server::secret;
use super::service::TracesConfig;
use super::shape::TracesTable;
use crate::secret::{Secret, SecretSource};

/// Headers that the exporter writes itself.
const OWN: [HeaderName; 5] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::CONTENT_TYPE, header::HOST, header::TRANSFER_ENCODING];

pub(super) fn traces(table: TracesTable, findings: &mut Findings<'_>, base: &Path) -> Option<TracesConfig> {
    if !cfg!(feature = "traces") {
        findings.not_built(&["server", "traces"], "traces");
    }
    // Neither is a nan.
    if !(0.0..=1.0).contains(&table.sample) {
        findings.add(&["server", "traces", "sample"], "must be from 0 to 1: the share that is traced");
    }
    if table.service_name.is_empty() {
        findings.add(&["server", "traces", "service_name"], "is empty; write what the service is called in traces");
    }
    let endpoint = endpoint(table.endpoint.as_deref(), findings);
    let mut headers = Vec::with_capacity(table.headers.len());
    for (name, source) in &table.headers {
        headers.extend(header_of(name, source, findings, base));
    }
    Some(TracesConfig {
        endpoint: endpoint?,
        sample: table.sample,
        headers,
        service_name: table.service_name,
        ca_file: table.ca_file.map(|path| base.join(path)),
    })
}

/// The URL is not repeated in errors: it may hold a password.
fn endpoint(text: Option<&str>, findings: &mut Findings<'_>) -> Option<Url> {
    const KEY: [&str; 3] = ["server", "traces", "endpoint"];
    let Some(text) = text else {
        findings.missing(&KEY, "is missing; write where traces go, such as \"http://127.0.0.1:4318/v1/traces\"");
        return None;
    };
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            findings.add(&KEY, format!("is no url ({error}); write http://host:port/v1/traces"));
            return None;
        }
    };
    let problem = if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        "must begin with http:// or https:// and name a host"
    } else if !url.username().is_empty() || url.password().is_some() {
        "must not hold a user name or password; a key goes into headers"
    } else if url.query().is_some() || url.fragment().is_some() {
        "must not hold a query or fragment; a key goes into headers"
    } else {
        return Some(url);
    };
    findings.add(&KEY, problem);
    None
}

fn header_of(
    name: &str,
    source: &SecretSource,
    findings: &mut Findings<'_>,
    base: &Path,
) -> Option<(HeaderName, Secret)> {
    let key = ["server", "traces", "headers", name];
    let value = secret(findings, &key, source, base);
    let header = match HeaderName::from_bytes(name.as_bytes()) {
        Ok(header) if OWN.contains(&header) => {
            findings.add(&key, "is a header that is written without being asked for; remove it");
            None
        }
        Ok(header) => Some(header),
        Err(_) => {
            findings.add(&key, "is no name of a header");
            None
        }
    };
    let value = value?;
    if HeaderValue::from_str(value.expose()).is_err() {
        findings.add(&key, "holds a character that no http header can carry; check the variable or file it comes from");
    }
    Some((header?, value))
}
