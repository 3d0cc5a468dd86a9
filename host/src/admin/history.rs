//! What was stored, as it was: events for a comparison elsewhere, and components.

use axum::response::Response;
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Admin;
use super::asked::{Asked, instant, needed, number};
use super::deploy::SelectorTold;
use super::explain::raw;
use super::offer::digest;
use super::reply::{Refusal, Reply, bytes, json};
use crate::queue::{Stored, TakeLimits, UnixMs};

/// Events of a page when nothing is said, and at most.
const LISTED: usize = 1000;
const MOST_LISTED: usize = 10_000;

/// Most bytes of the events of a page; the first one comes whatever its size.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Tells where the next page begins. A page without it is the last one.
const NEXT: &str = "x-next-after";

/// How many events of a page are left out, since they are damaged.
const DAMAGED: &str = "x-damaged";

/// A page of a tenant's events, oldest first, one a line; up to those accepted at `until` or later, so that whoever
/// reads page after page of a busy tenant comes to an end.
pub(super) async fn history(admin: &Admin, asked: &Asked) -> Reply {
    let [tenant, since, until, after, limit] = asked.only(["tenant", "since", "until", "after", "limit"])?;
    let running = admin.service.tenant(&needed("tenant", tenant)?)?;
    let since = since.map(|text| instant("since", &text)).transpose()?.unwrap_or_default();
    let until = until.map(|text| instant("until", &text)).transpose()?.unwrap_or(UnixMs::MAX);
    let after = number("after", after)?.unwrap_or_default();
    let limit = number("limit", limit)?.unwrap_or(LISTED).clamp(1, MOST_LISTED);
    let limits = TakeLimits { events: limit, bytes: PAGE_BYTES };
    let mut events = admin.service.queue().recent(running.handle.id(), after, since, limits).await?;
    let is_last = cut(&mut events, until);
    Ok(page(&events, is_last))
}

/// Leaves out what was accepted at `until` or later; whether there was any. A damaged row may have any time, and a
/// replayed one has that of its first life.
fn cut(events: &mut Vec<Stored>, until: UnixMs) -> bool {
    let end = events.iter().position(|event| event.accepted_at >= until && !event.damaged);
    if let Some(end) = end {
        events.truncate(end);
    }
    end.is_some()
}

fn page(events: &[Stored], is_last: bool) -> Response {
    let mut text = Vec::with_capacity(events.iter().map(|event| event.body.len() + 1).sum());
    for event in events.iter().filter(|event| !event.damaged) {
        // Within JSON these are nothing but space between tokens.
        text.extend(event.body.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
        text.push(b'\n');
    }
    let mut response = bytes("application/x-ndjson", text);
    let damaged = events.iter().filter(|event| event.damaged).count();
    if let Some(last) = events.last().filter(|_| !is_last) {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<SelectorTold>,
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
        selector: rerun.pin.selector.as_ref().map(SelectorTold::of),
        not_delivered: rerun.not_delivered,
        requests: rerun.requests.iter().map(|line| raw(line.as_bytes())).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(seq: u64, body: &str, damaged: bool) -> Stored {
        Stored {
            seq,
            id: String::new(),
            accepted_at: seq * 10,
            body: body.as_bytes().to_vec(),
            damaged,
            replay: None,
            attempt: None,
        }
    }

    #[test]
    fn a_page_ends_at_the_first_event_that_is_too_new_unless_its_time_is_damaged() {
        let left = |until| {
            let mut events = vec![stored(7, "{}", false), stored(9, "", true), stored(8, "{}", false)];
            let is_last = cut(&mut events, until);
            (events.iter().map(|event| event.seq).collect::<Vec<_>>(), is_last)
        };
        assert_eq!(left(70), (vec![], true));
        assert_eq!(left(80), (vec![7, 9], true));
        assert_eq!(left(81), (vec![7, 9, 8], false));
        assert_eq!(page(&[stored(7, "{}", false)], true).headers().get(NEXT), None);
    }

    #[tokio::test]
    async fn a_page_has_one_event_a_line_to_the_digit_and_says_where_the_next_one_begins() {
        let events = [stored(7, "{\"a\":\r\n1.00}", false), stored(8, "{\"a", true), stored(9, r#"{"b":"\n"}"#, false)];
        let page = page(&events, false);
        let header = |name| page.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((header(NEXT), header(DAMAGED)), (Some("9".to_owned()), Some("1".to_owned())));
        let text = axum::body::to_bytes(page.into_body(), usize::MAX).await.unwrap();
        assert_eq!(text, "{\"a\":  1.00}\n{\"b\":\"\\n\"}\n");
        assert_eq!(super::page(&[], false).headers().get(NEXT), None);
    }
}
