//! The story of one event, as JSON.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Admin;
use super::asked::Asked;
use super::reply::{Reply, json};
use crate::queue::{Attempt, DeadLetter, Ending, Story};
use crate::service::Explanation;

#[derive(Serialize)]
struct Told {
    tenant: String,
    id: String,
    seq: u64,
    accepted_at: String,
    state: &'static str,
    ended_at: Option<String>,
    version: u32,
    /// Another one was live for its place in the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force: Option<u32>,
    pin: Option<serde_json::Value>,
    event: Box<RawValue>,
    candidates: Vec<Candidate>,
    /// The answer of the version's group selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    selection: Option<String>,
    chosen: Option<String>,
    not_delivered: Option<String>,
    requests: Vec<serde_json::Value>,
    attempt: Option<serde_json::Value>,
    dead: Option<serde_json::Value>,
    note: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Candidate {
    #[serde(rename = "type")]
    group_type: String,
    id: String,
}

/// Tells the story of the event in the path.
pub(super) async fn explain(admin: &Admin, asked: &Asked) -> Reply {
    let tenant = asked.parameters().find(|(name, _)| name == "tenant").map(|(_, value)| value);
    let explanation = admin.service.explain(&asked.part(1), tenant.as_deref()).await?;
    json(&told(explanation))
}

fn told(explanation: Explanation) -> Told {
    let Explanation { tenant, story, version, in_force, pin, choice, chosen, not_delivered, calls } = explanation;
    let has_selector = pin.as_ref().is_some_and(|pin| pin.selector.is_some());
    let selection = choice.as_ref().filter(|_| has_selector).map(ToString::to_string);
    let candidates = choice.map(|choice| choice.candidates).unwrap_or_default();
    let requests = calls.into_iter().map(|call| {
        let mut request: serde_json::Value = serde_json::from_str(&call.request).unwrap_or_default();
        if let (Some(object), Some(answer)) = (request.as_object_mut(), call.answer) {
            object.insert("answer".to_owned(), answer.into());
        }
        request
    });
    Told {
        state: state(&story),
        ended_at: story.settled.as_ref().map(|settled| time(settled.at)),
        id: story.event.id.clone(),
        seq: story.event.seq,
        accepted_at: time(story.event.accepted_at),
        version,
        in_force: in_force.filter(|in_force| *in_force != version),
        pin: pin.and_then(|pin| {
            let digest = pin.settings_digest();
            let mut pin = serde_json::to_value(&pin).ok()?;
            pin.as_object_mut()?.insert("settings_digest".to_owned(), digest.into());
            Some(pin)
        }),
        event: raw(&story.event.body),
        candidates: candidates.into_iter().map(|(group_type, id)| Candidate { group_type, id }).collect(),
        selection,
        chosen,
        not_delivered,
        requests: requests.collect(),
        attempt: story.event.attempt.as_ref().map(attempt),
        dead: story.dead.as_ref().map(dead),
        note: story.settled.and_then(|settled| RawValue::from_string(settled.note).ok()),
        tenant,
    }
}

fn state(story: &Story) -> &'static str {
    match (&story.dead, &story.settled, &story.event.attempt) {
        (Some(_), ..) => "dead",
        (None, Some(settled), _) => match settled.ending {
            Ending::Delivered => "delivered",
            Ending::Skipped => "skipped",
            Ending::Dead => "dead letter replayed or dropped",
        },
        (None, None, Some(_)) => "retrying",
        (None, None, None) if story.taken => "taken",
        (None, None, None) => "queued",
    }
}

fn attempt(attempt: &Attempt) -> serde_json::Value {
    serde_json::json!({
        "attempts": attempt.attempts,
        "due_at": (attempt.due_at > 0).then(|| time(attempt.due_at)),
        "tried_for_s": attempt.age_ms / 1000,
        "status": attempt.status,
        "answer": attempt.answer,
    })
}

fn dead(dead: &DeadLetter) -> serde_json::Value {
    serde_json::json!({
        "id": dead.id,
        "died_at": time(dead.died_at),
        "reason": dead.reason,
        "detail": dead.detail,
        "attempts": dead.attempt.attempts,
        "status": dead.attempt.status,
        "answer": dead.attempt.answer,
    })
}

/// JSON text as it is; what is no JSON, as of a damaged row, as a string.
pub(super) fn raw(body: &[u8]) -> Box<RawValue> {
    let text = String::from_utf8_lossy(body).into_owned();
    RawValue::from_string(text)
        .or_else(|_| to_raw_value(&String::from_utf8_lossy(body)))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// RFC 3339 in UTC, to the millisecond.
pub(super) fn time(at: u64) -> String {
    crate::event::time_of(at).unwrap_or_default()
}
