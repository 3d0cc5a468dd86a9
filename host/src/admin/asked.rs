//! What was asked: the path, the query and the body of a request.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use http::{Method, StatusCode, Uri};
use serde::Deserialize;
use tokio::time::timeout;

use super::reply::Refusal;
use crate::queue::UnixMs;
use crate::service::Asker;

/// The longest name of who asks, in characters.
const BY_CHARACTERS: usize = 200;

/// The longest reason, in characters.
const REASON_CHARACTERS: usize = 1000;

/// How long the body of a command may be, and how long it may take to come in.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimit {
    /// Bytes.
    pub(super) bytes: usize,
    /// What the limit is called.
    pub(super) name: &'static str,
    /// Time.
    pub(super) patience: Duration,
}

/// A request whose body has been read.
pub(super) struct Asked {
    path: String,
    query: String,
    pub(super) body: Bytes,
}

impl Asked {
    /// Reads a request. Whatever comes with a question is not waited for.
    pub(super) async fn read(method: &Method, uri: &Uri, body: Body, limit: BodyLimit) -> Result<Self, Refusal> {
        let body = if *method == Method::GET { Bytes::new() } else { read(body, limit).await? };
        Ok(Self { path: uri.path().to_owned(), query: uri.query().unwrap_or_default().to_owned(), body })
    }

    /// A part of the path, counted from 0, with its percent escapes undone.
    pub(super) fn part(&self, index: usize) -> String {
        let part = self.path.split('/').nth(index + 1).unwrap_or_default();
        // A form's value is decoded in the same way, but for `+`, which is no space in a path.
        let text = format!("v={}", part.replace('+', "%2B"));
        form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// The parameters of the query.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned()))
    }

    /// The values of these parameters; another one is refused.
    pub(super) fn only<const N: usize>(&self, names: [&str; N]) -> Result<[Option<String>; N], Refusal> {
        let mut values = [const { None }; N];
        for (name, value) in self.parameters() {
            let known = names.iter().position(|known| *known == name);
            let slot = known.and_then(|index| values.get_mut(index));
            *slot.ok_or_else(|| bad_query(format!("{name:.40} is none of {}", names.join(", "))))? = Some(value);
        }
        Ok(values)
    }

    /// The body as JSON.
    pub(super) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| Refusal::bad_request("admin-body", error.to_string()))
    }
}

/// A parameter that can't be left out.
pub(super) fn needed(name: &str, value: Option<String>) -> Result<String, Refusal> {
    value.ok_or_else(|| bad_query(format!("{name} is missing: say ?{name}=…")))
}

/// A parameter that is a whole number.
pub(super) fn number<T: std::str::FromStr>(name: &str, value: Option<String>) -> Result<Option<T>, Refusal> {
    let read = |text: String| text.parse().map_err(|_| bad_query(format!("{name} is no number that is possible here")));
    value.map(read).transpose()
}

/// A time in RFC 3339.
pub(super) fn instant(name: &str, text: &str) -> Result<UnixMs, Refusal> {
    let at: Option<jiff::Timestamp> = text.parse().ok();
    at.and_then(|at| u64::try_from(at.as_millisecond()).ok())
        .ok_or_else(|| bad_query(format!("{name} is a time in RFC 3339, such as 2026-01-02T03:04:05Z")))
}

fn bad_query(problem: impl Into<String>) -> Refusal {
    Refusal::bad_request("admin-query", problem)
}

/// Who asks and why; both must be said, for they are what the audit log is worth.
pub(super) fn asker(by: &str, reason: &str) -> Result<Asker, Refusal> {
    let said = |name: &str, text: &str, most: usize| {
        let text = text.trim();
        match text.chars().count() {
            0 => Err(Refusal::bad_request("admin-asker", format!("{name} is empty: the audit log wants it"))),
            length if length > most => {
                Err(Refusal::bad_request("admin-asker", format!("{name} has {length} characters, more than {most}")))
            }
            _ => Ok(text.to_owned()),
        }
    };
    Ok(Asker { by: said("by", by, BY_CHARACTERS)?, reason: said("reason", reason, REASON_CHARACTERS)? })
}

/// A part of the users, from a fraction to millionths.
pub(super) fn share(share: f64) -> Result<u32, Refusal> {
    let whole = f64::from(crate::queue::WHOLE);
    let millionths = (share * whole).round();
    if !(1.0..=whole).contains(&millionths) {
        let problem = format!("a share is more than 0 and at most 1, to the millionth; {share} is not");
        return Err(Refusal::bad_request("admin-share", problem));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range was looked at")]
    Ok(millionths as u32)
}

async fn read(body: Body, limit: BodyLimit) -> Result<Bytes, Refusal> {
    let late = || Refusal::bad_request("admin-body", format!("the body did not come in within {:?}", limit.patience));
    timeout(limit.patience, collect(body, limit)).await.map_err(|_| late())?
}

/// Too long a body is read to its end all the same, up to a bound, and thrown away: who still sends
/// does not see an answer.
async fn collect(body: Body, limit: BodyLimit) -> Result<Bytes, Refusal> {
    let announced = usize::try_from(http_body_size(&body)).unwrap_or(usize::MAX);
    let mut whole = Vec::with_capacity(announced.min(limit.bytes));
    let (mut length, mut parts) = (0_usize, body.into_data_stream());
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Refusal::bad_request("admin-body", "the body was cut"))?;
        length = length.saturating_add(part.len());
        if length <= limit.bytes {
            whole.extend_from_slice(&part);
        } else if length > limit.bytes.saturating_mul(4) {
            break;
        } else {
            whole = Vec::new();
        }
    }
    if length > limit.bytes { Err(too_long(limit)) } else { Ok(whole.into()) }
}

fn http_body_size(body: &Body) -> u64 {
    use hyper::body::Body as _;
    body.size_hint().lower()
}

fn too_long(limit: BodyLimit) -> Refusal {
    Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "admin-body-too-long",
        message: format!("the body is longer than {} bytes ({})", limit.bytes, limit.name),
    }
}

#[cfg(test)]
#[path = "asked_tests.rs"]
mod tests;
