//! What was stored, as it was: events for a comparison elsewhere, and components.

use axum::response::Response;
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Admin;
use super::asked::{Asked, instant, needed, number};
use super::explain::raw;
use super::offer::digest;
use super::reply::{Refusal, Reply, bytes, json};
use crate::queue::{Stored, TakeLimits};

/// Events of a page when nothing is said, and at most.
const LISTED: usize = 1000;
const MOST_LISTED: usize = 10_000;

/// Most bytes of the events of a page; the first one comes whatever its size.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Tells where the next page begins. A page without it is the last one.
const NEXT: &str = "x-next-after";

/// How many events of a page are left out, since they are damaged.
const DAMAGED: &str = "x-damaged";

/// A page of a tenant's events, oldest first, one a line.
pub(super) async fn history(admin: &Admin, asked: &Asked) -> Reply {
    let [tenant, since, after, limit] = asked.only(["tenant", "since", "after", "limit"])?;
    let running = admin.service.tenant(&needed("tenant", tenant)?)?;
    let since = since.map(|text| instant("since", &text)).transpose()?.unwrap_or_default();
    let after = number("after", after)?.unwrap_or_default();
    let limit = number("limit", limit)?.unwrap_or(LISTED).clamp(1, MOST_LISTED);
    let limits = TakeLimits { events: limit, bytes: PAGE_BYTES };
    let events = admin.service.queue().recent(running.handle.id(), after, since, limits).await?;
    Ok(page(&events))
}

fn page(events: &[Stored]) -> Response {
    let mut text = Vec::with_capacity(events.iter().map(|event| event.body.len() + 1).sum());
    for event in events.iter().filter(|event| !event.damaged) {
        // Within JSON these are nothing but space between tokens.
        text.extend(event.body.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
        text.push(b'\n');
    }
    let mut response = bytes("application/x-ndjson", text);
    let damaged = events.iter().filter(|event| event.damaged).count();
    if let Some(last) = events.last() {
        response.headers_mut().insert(NEXT, HeaderValue::from(last.seq));
    }
    if damaged > 0 {
        response.headers_mut().insert(DAMAGED, HeaderValue::from(damaged));
    }
    response
}

/// The bytes of a component that was kept.
pub(super) async fn component(admin: &Admin, asked: &Asked) -> Reply {
    let digest = digest(&asked.part(1))?;
    let kept = admin.service.queue().component(&digest).await?;
    let kept = kept.ok_or_else(|| Refusal::not_found(format!("component {digest} is not in the store")))?;
    let mut response = bytes("application/wasm", kept);
    response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    Ok(response)
}

#[derive(Serialize)]
struct Rerun {
    tenant: String,
    id: String,
    version: u32,
    /// The version that mapped the event, or is to.
    ran: Option<u32>,
    mapping: String,
    settings_digest: String,
    not_delivered: Option<String>,
    /// Each to the byte.
    requests: Vec<Box<RawValue>>,
}

/// What a version makes of an event. Nothing is sent.
pub(super) async fn rerun(admin: &Admin, asked: &Asked) -> Reply {
    let [tenant, version] = asked.only(["tenant", "version"])?;
    let id = asked.part(1);
    let rerun = admin.service.rerun(&id, tenant.as_deref(), number("version", version)?).await?;
    json(&Rerun {
        tenant: rerun.tenant,
        id,
        version: rerun.version,
        ran: rerun.ran,
        mapping: format!("sha256:{}", rerun.pin.mapping),
        settings_digest: rerun.pin.settings_digest(),
        not_delivered: rerun.not_delivered,
        requests: rerun.requests.iter().map(|line| raw(line.as_bytes())).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_page_has_one_event_a_line_to_the_digit_and_says_where_the_next_one_begins() {
        let stored = |seq, body: &str, damaged| Stored {
            seq,
            id: String::new(),
            accepted_at: 0,
            body: body.as_bytes().to_vec(),
            damaged,
            replay: None,
            attempt: None,
        };
        let events = [stored(7, "{\"a\":\r\n1.00}", false), stored(8, "{\"a", true), stored(9, r#"{"b":"\n"}"#, false)];
        let page = page(&events);
        let header = |name| page.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((header(NEXT), header(DAMAGED)), (Some("9".to_owned()), Some("1".to_owned())));
        let text = axum::body::to_bytes(page.into_body(), usize::MAX).await.unwrap();
        assert_eq!(text, "{\"a\":  1.00}\n{\"b\":\"\\n\"}\n");
        assert_eq!(super::page(&[]).headers().get(NEXT), None);
    }
}
