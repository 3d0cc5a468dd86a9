//! From configuration to a destination: where calls go, in which form, and with which header.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use reqwest::Url;
use sha2::{Digest, Sha256};

use super::OutboundError;
use super::address::AddressRule;
use crate::config::{AccoilConfig, AuthForm, DialectName};

/// Accoil's ingest API (<https://developer.accoil.com/docs/ingress-api>).
const PRODUCTION: &str = "https://in.accoil.com";

/// Accoil's staging host. Known from the Segment and PostHog destinations, which send a key that
/// begins with `stg_` there and take the prefix off.
const STAGING: &str = "https://instaging.accoil.com";

const STAGING_PREFIX: &str = "stg_";

/// The form in which events are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialect {
    /// The documented API: identify, group and track.
    V2,
    /// One call an event, with the structure of Amplitude's page.
    Combined {
        /// The path part of the configured URL.
        path: Arc<str>,
    },
}

/// A place to deliver to, with what is needed to speak to it.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Scheme, host, port, and a path that goes before the call's own.
    base: Url,
    /// The form of the calls.
    pub dialect: Dialect,
    /// Marked sensitive, so that it prints as `Sensitive`.
    pub(super) authorization: HeaderValue,
    /// The addresses the host may have.
    pub addresses: AddressRule,
    /// Certificates to trust instead of the built-in ones.
    pub ca_file: Option<PathBuf>,
}

impl Destination {
    /// Makes a destination of a tenant's `[tenants.accoil]`.
    ///
    /// # Errors
    /// [`OutboundError`] when the URL, the key or an address written in the URL cannot be used.
    pub fn new(config: &AccoilConfig) -> Result<Self, OutboundError> {
        let mut key = config.api_key.expose();
        let (setting, url) = match (config.dialect, &config.endpoint, &config.combined_url) {
            (DialectName::Combined, _, Some(url)) => ("combined_url", url.as_str()),
            (DialectName::Combined, _, None) => {
                return Err(url_error("combined_url", "is missing; dialect \"combined\" needs the url to post to"));
            }
            (DialectName::V2, Some(url), _) => ("endpoint", url.as_str()),
            (DialectName::V2, None, _) => match without_staging_prefix(key) {
                Some(bare) => {
                    key = bare;
                    ("endpoint", STAGING)
                }
                None => ("endpoint", PRODUCTION),
            },
        };
        let mut base = parse_url(setting, url)?;
        let addresses = address_rule(setting, &base, config.allow_private_endpoint)?;
        if let Some(address) = literal_address(&base) {
            addresses.check(base.host_str().unwrap_or_default(), address)?;
        }
        let dialect = match config.dialect {
            DialectName::V2 => Dialect::V2,
            DialectName::Combined => {
                let path = Arc::from(base.path());
                base.set_path("");
                Dialect::Combined { path }
            }
        };
        let authorization = authorization(config.auth, key)?;
        Ok(Self { base, dialect, authorization, addresses, ca_file: config.ca_file.clone() })
    }

    /// The URL of a call's path.
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// The host, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        bare_host(&self.base)
    }

    /// The port, also when it is the scheme's own.
    pub fn port(&self) -> u16 {
        self.base.port_or_known_default().unwrap_or_default()
    }

    /// Whether TLS is spoken.
    pub fn is_https(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// The path of the combined dialect, for reading request lines.
    pub fn combined_path(&self) -> Option<&str> {
        match &self.dialect {
            Dialect::V2 => None,
            Dialect::Combined { path } => Some(path),
        }
    }

    /// What tells this destination from others: changes with the endpoint and with the key, and
    /// reveals neither.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.url(self.combined_path().unwrap_or_default()).as_str());
        hash.update([0]);
        hash.update(self.authorization.as_bytes());
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The key without its staging prefix, if it has one (compared without case).
fn without_staging_prefix(key: &str) -> Option<&str> {
    let (prefix, bare) = key.split_at_checked(STAGING_PREFIX.len())?;
    prefix.eq_ignore_ascii_case(STAGING_PREFIX).then_some(bare)
}

/// `Basic <key>` is what Accoil documents; `Basic base64(key:)` is what its Segment-shaped endpoint
/// is sent by others.
fn authorization(form: AuthForm, key: &str) -> Result<HeaderValue, OutboundError> {
    let text = match form {
        AuthForm::Raw => format!("Basic {key}"),
        AuthForm::Base64 => format!("Basic {}", STANDARD.encode(format!("{key}:"))),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| OutboundError::Key)?;
    value.set_sensitive(true);
    Ok(value)
}

fn url_error(key: &'static str, problem: impl Into<String>) -> OutboundError {
    OutboundError::Url { key, problem: problem.into() }
}

/// Parses a URL. It is not repeated in errors: one with a password in it must not end up in a log.
fn parse_url(key: &'static str, text: &str) -> Result<Url, OutboundError> {
    let url = Url::parse(text).map_err(|error| url_error(key, format!("is no url ({error}); write https://host")))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(url_error(key, "must begin with https:// and name a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(url_error(key, "must not hold a user name or password; the key goes into api_key"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(url_error(key, "must not hold a query or fragment"));
    }
    Ok(url)
}

fn address_rule(key: &'static str, url: &Url, allow_private: bool) -> Result<AddressRule, OutboundError> {
    match (url.scheme(), allow_private) {
        ("https", false) => Ok(AddressRule::Public),
        ("https", true) => Ok(AddressRule::Any),
        (_, true) => Ok(AddressRule::Private),
        (_, false) => Err(url_error(
            key,
            "is plain http, over which the key could be read; use https (http is for private endpoints with allow_private_endpoint = true)",
        )),
    }
}

/// The address, when the host is written as one. The URL parser has brought odd forms
/// (`http://2130706433`) to this one.
pub(super) fn literal_address(url: &Url) -> Option<IpAddr> {
    bare_host(url).parse().ok()
}

fn bare_host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}
