//! One request: sends a body and brings back what is needed of the answer.
//!
//! The client follows no redirect (a key must not travel to a host nobody configured), uses no
//! proxy (which would resolve names in our place), retries nothing by itself (attempts are counted
//! one room up), and reads only the beginning of an answer.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::address::{AddressRule, CheckedResolver, refusal_behind};
use super::novelty::{Decision, without_traits};
use super::{Destination, OutboundError, retry_after, tls};
use crate::accoil::Call;
use crate::config::DeliveryConfig;

/// How much of an answer is kept, in bytes. Accoil's are empty; an error page fits for what people
/// need of it.
pub const EXCERPT_LIMIT: usize = 4096;

/// How long an answer's body is waited for once its status is known. It decides nothing, so it must
/// not hold a lane.
const BODY_PATIENCE: Duration = Duration::from_secs(2);

/// Room for most bodies, in bytes.
const USUAL_BODY: usize = 256;

/// Idle connections that are kept to a host that several tenants speak to.
const SHARED_IDLE: usize = 1024;

pub(super) const USER_AGENT: &str = concat!("accoil-stream/", env!("CARGO_PKG_VERSION"));

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP answer.
    Http {
        /// The status code.
        status: u16,
        /// How long the destination asks to be left alone.
        retry_after: Option<Duration>,
        /// The first bytes of the body, without the key should it be in there.
        excerpt: String,
    },
    /// No answer: connection refused, cut, timed out, TLS.
    Network {
        /// What the network said.
        problem: String,
    },
    /// The destination resolves to an address it must not have; nothing was sent.
    AddressRefused {
        /// Which host and address.
        problem: String,
    },
}

/// A pooled client for one destination. Cloning shares the pool.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    destination: Destination,
    #[cfg(test)]
    stand_in: Option<StandIn>,
}

/// Takes calls in place of a destination.
#[cfg(test)]
#[derive(Clone)]
pub(crate) struct StandIn(std::sync::Arc<TakesCalls>);

#[cfg(test)]
type TakesCalls = dyn Fn(&Call) -> tokio::sync::oneshot::Receiver<Answer> + Send + Sync;

#[cfg(test)]
impl std::fmt::Debug for StandIn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("StandIn")
    }
}

#[cfg(test)]
impl Client {
    /// The same client, with which calls go to a function instead of a socket.
    pub(crate) fn speaking_to(
        self,
        takes_calls: impl Fn(&Call) -> tokio::sync::oneshot::Receiver<Answer> + Send + Sync + 'static,
    ) -> Self {
        Self { stand_in: Some(StandIn(std::sync::Arc::new(takes_calls))), ..self }
    }
}

impl Client {
    /// Makes a client; no connection is opened yet.
    ///
    /// # Errors
    /// [`OutboundError`] when the CA file or the library's configuration cannot be used.
    pub fn new(destination: Destination, delivery: &DeliveryConfig) -> Result<Self, OutboundError> {
        let http = http_client(&destination, delivery, delivery.in_flight.get())?;
        Ok(Self::of(http, destination))
    }

    fn of(http: reqwest::Client, destination: Destination) -> Self {
        Self {
            http,
            destination,
            #[cfg(test)]
            stand_in: None,
        }
    }

    /// The destination.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Posts a call, in the form that the decision about it asks for.
    pub async fn post_call(&self, call: &Call, decision: Decision) -> Answer {
        #[cfg(test)]
        if let Some(StandIn(takes_calls)) = &self.stand_in {
            let gone = |_| Answer::Network { problem: "gone".into() };
            return takes_calls(call).await.unwrap_or_else(gone);
        }
        let mut body = String::with_capacity(USUAL_BODY);
        match decision {
            Decision::SendWithoutTraits => without_traits(call).write_body(&mut body),
            Decision::Send | Decision::NothingNew => call.write_body(&mut body),
        }
        self.post(call.path(), Bytes::from(body)).await
    }

    /// Posts a JSON body to a call's path.
    pub async fn post(&self, path: &str, body: Bytes) -> Answer {
        let request = self
            .http
            .post(self.destination.url(path))
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, self.destination.authorization.clone())
            .body(body);
        self.answer(request).await
    }

    /// Gets a path without the key: for a test of the connection.
    pub async fn get_without_key(&self, path: &str) -> Answer {
        self.answer(self.http.get(self.destination.url(path))).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Answer {
        match request.send().await {
            Ok(response) => Answer::Http {
                status: response.status().as_u16(),
                retry_after: retry_after_of(response.headers()),
                excerpt: self.excerpt(response).await,
            },
            Err(error) => match refusal_behind(&error) {
                Some(refused) => Answer::AddressRefused { problem: refused.to_string() },
                // Without the URL: it is known, and the text stays the same whatever the path.
                None => Answer::Network { problem: chain(&error.without_url()) },
            },
        }
    }

    /// Reads the beginning of a body. Dropping the rest closes the connection, which is what an
    /// endless one deserves.
    async fn excerpt(&self, mut response: reqwest::Response) -> String {
        // What is known to be empty needs no waiting for.
        if response.content_length() == Some(0) {
            return String::new();
        }
        // The key must not be cut in two by the limit and so escape being blotted out.
        let enough = EXCERPT_LIMIT + self.destination.authorization.len();
        let mut bytes = Vec::new();
        let reading = async {
            while bytes.len() < enough {
                // A body that breaks off decides nothing: the status stands.
                let Ok(Some(chunk)) = response.chunk().await else {
                    break;
                };
                let room = enough - bytes.len();
                bytes.extend(chunk.into_iter().take(room));
            }
        };
        // When patience ends, what has come until then is the excerpt.
        let _: Result<(), _> = tokio::time::timeout(BODY_PATIENCE, reading).await;
        let mut text = self.blot_out_key(&String::from_utf8_lossy(&bytes));
        text.truncate(text.floor_char_boundary(EXCERPT_LIMIT));
        text
    }

    /// An answer that repeats the request's headers must not carry the key into a log or file.
    fn blot_out_key(&self, text: &str) -> String {
        let header = self.destination.authorization.to_str().unwrap_or_default();
        let key = header.strip_prefix("Basic ").unwrap_or(header);
        let decoded = STANDARD.decode(key).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let bare = decoded.as_deref().and_then(|text| text.strip_suffix(':'));
        let mut text = text.to_owned();
        for secret in [Some(key), bare].into_iter().flatten().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "[redacted]");
        }
        text
    }
}

/// Clients of one process that share their connections: tenants mostly speak to the same host.
#[derive(Debug, Default)]
pub struct Pools(Mutex<HashMap<PoolKey, reqwest::Client>>);

/// What clients that share connections have in common.
type PoolKey = (AddressRule, Duration, Duration);

impl Pools {
    /// A client as [`Client::new`] makes it, with the connections of those like it. One that trusts a
    /// file of its own has its own connections: the file may change.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn client(&self, destination: Destination, delivery: &DeliveryConfig) -> Result<Client, OutboundError> {
        if destination.ca_file.is_some() {
            return Client::new(destination, delivery);
        }
        let key = (destination.addresses, delivery.connect_timeout(), delivery.request_timeout());
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let http = match pools.get(&key) {
            Some(http) => http.clone(),
            None => {
                let http = http_client(&destination, delivery, SHARED_IDLE)?;
                pools.insert(key, http.clone());
                http
            }
        };
        Ok(Client::of(http, destination))
    }
}

fn http_client(
    destination: &Destination,
    delivery: &DeliveryConfig,
    idle: usize,
) -> Result<reqwest::Client, OutboundError> {
    let tls = tls::client_config(destination.ca_file.as_deref())?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(CheckedResolver(destination.addresses))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(delivery.connect_timeout())
        .timeout(delivery.request_timeout())
        .pool_max_idle_per_host(idle)
        .build()
        .map_err(|error| OutboundError::Client(chain(&error)))
}

fn retry_after_of(headers: &HeaderMap) -> Option<Duration> {
    retry_after::parse(headers.get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
}

/// An error with its causes, which carry the words people search for.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}
