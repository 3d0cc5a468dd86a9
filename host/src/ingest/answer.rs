//! Answers, in the form in which Amplitude gives them: JSON with a numeric `code`. Its Python SDK
//! loses the events of a request whose answer is anything else, also when it says 200.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::refusal::{Flaws, Refusal};

/// What was taken in.
#[derive(Debug, Clone, Default)]
pub(super) struct Receipt {
    /// Events of the request that are in the store now, duplicates included.
    pub(super) events: usize,
    /// Bytes of the request's body, decompressed.
    pub(super) payload: usize,
    /// Events of a webhook that were not taken in.
    pub(super) flaws: Flaws,
}

type Indexes = BTreeMap<&'static str, Vec<usize>>;

#[derive(Serialize)]
struct Success<'a> {
    code: u16,
    events_ingested: usize,
    payload_size_bytes: usize,
    server_upload_time: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    events_with_invalid_fields: &'a Indexes,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    events_with_missing_fields: &'a Indexes,
}

#[derive(Serialize)]
struct Failure<'a> {
    code: u16,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_field: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    events_with_invalid_fields: &'a Indexes,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    events_with_missing_fields: &'a Indexes,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    status: &'a str,
}

/// The answer to a request that was taken in.
pub(super) fn success(receipt: &Receipt, now: u64) -> Response {
    let body = Success {
        code: 200,
        events_ingested: receipt.events,
        payload_size_bytes: receipt.payload,
        server_upload_time: now,
        events_with_invalid_fields: &receipt.flaws.invalid,
        events_with_missing_fields: &receipt.flaws.missing,
    };
    json(StatusCode::OK, &body)
}

/// The answer to a request that is refused.
pub(super) fn failure(refusal: &Refusal, retry_after_s: u64) -> Response {
    let status = refusal.status();
    let body = Failure {
        code: status.as_u16(),
        error: &refusal.error,
        missing_field: refusal.missing_field,
        events_with_invalid_fields: &refusal.flaws.invalid,
        events_with_missing_fields: &refusal.flaws.missing,
    };
    let mut response = json(status, &body);
    let headers = response.headers_mut();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, identity"));
    }
    if let Some(allow) = refusal.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}

/// The answer to a question after the state of the service.
pub(super) fn status(code: StatusCode, status: &str) -> Response {
    json(code, &Status { code: code.as_u16(), status })
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Maps with string keys and plain numbers can't fail; an empty body would say so by its status.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
