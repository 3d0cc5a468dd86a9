//! Traces: spans of what the service does, sent by OpenTelemetry's OTLP over HTTP.
//!
//! Whether something is traced is decided where it begins ([`Span::root`]): for most of it no span is
//! made at all, and without `[server.traces]` that costs one look at a value that never changes.
//! What is within a span gets a span of its own by [`Span::child`].
//!
//! Spans end when they are dropped. They wait in a queue that is bounded, and a thread of its own
//! sends them; when it is full, or what takes them does not answer, they are lost, and nothing
//! waits. Attributes are counts, names of tenants, statuses and codes: never a secret, never what an
//! event says, never a user.
//!
//! A build without the feature `traces` has the same functions, and makes no span.

#[cfg(feature = "traces")]
mod export;
#[cfg(not(feature = "traces"))]
mod off;
#[cfg(feature = "traces")]
mod on;

use std::borrow::Cow;

#[cfg(not(feature = "traces"))]
pub use off::{Span, Traces};
#[cfg(feature = "traces")]
pub use on::{Span, Traces};

/// What traces are sent with.
#[derive(Debug)]
pub struct Exporting {
    /// The client: follows no redirect, and has a timeout.
    pub http: reqwest::Client,
    /// Where they are posted to.
    pub endpoint: reqwest::Url,
    /// More headers of each request; values marked sensitive.
    pub headers: http::HeaderMap,
    /// The share of what begins that is traced, from 0 to 1.
    pub sample: f64,
    /// What the service is called.
    pub service_name: String,
}

/// On which side of what happens the span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Inside.
    Internal,
    /// A request that is answered.
    Server,
    /// A request that is made.
    Client,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// The tenant that a span is about.
pub const TENANT: &str = "accoil_stream.tenant";
/// How many events.
pub const EVENTS: &str = "accoil_stream.events";
/// The version of the mapping.
pub const VERSION: &str = "accoil_stream.version";
/// How it ended: `taken`, `delivered`, or a stable code.
pub const RESULT: &str = "accoil_stream.result";
