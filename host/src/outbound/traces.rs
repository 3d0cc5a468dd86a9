//! The client that sends traces: the same TLS and the same rules as for calls, in less time.

use std::time::Duration;

use super::address::{AddressRule, CheckedResolver};
use super::client::{USER_AGENT, chain};
use super::endpoint::literal_address;
use super::{OutboundError, tls};
use crate::config::TracesConfig;

/// Traces are not worth waiting for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);

/// A client for traces; no connection is opened yet. Plain HTTP does not leave the network.
///
/// # Errors
/// [`OutboundError`] when the address in the URL is not allowed, or the CA file cannot be used.
pub fn client(config: &TracesConfig) -> Result<reqwest::Client, OutboundError> {
    let addresses = if config.endpoint.scheme() == "https" { AddressRule::Any } else { AddressRule::Private };
    if let Some(address) = literal_address(&config.endpoint) {
        addresses.check(config.endpoint.host_str().unwrap_or_default(), address)?;
    }
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls::client_config(config.ca_file.as_deref())?)
        .dns_resolver(CheckedResolver(addresses))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .pool_max_idle_per_host(1)
        .build()
        .map_err(|error| OutboundError::Client(chain(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_within_the_network_and_the_ca_file_is_looked_at() {
        let code = |endpoint: &str, ca_file: Option<&str>| {
            let config = TracesConfig {
                endpoint: endpoint.parse().unwrap(),
                sample: 1.0,
                headers: Vec::new(),
                service_name: "x".to_owned(),
                ca_file: ca_file.map(Into::into),
            };
            client(&config).err().map(|error| error.code())
        };
        assert_eq!(code("http://127.0.0.1:4318/v1/traces", None), None);
        assert_eq!(code("https://8.8.8.8/v1/traces", None), None);
        assert_eq!(code("http://8.8.8.8/v1/traces", None), Some("endpoint-address"));
        assert_eq!(code("https://127.0.0.1/v1/traces", Some("/nowhere.pem")), Some("ca-file"));
    }
}
