//! Dead letters: looked at, replayed, dropped.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Admin;
use super::asked::Asked;
use super::explain::{raw, time};
use super::reply::{Refusal, Reply, json};
use crate::queue::{DeadFilter, DeadLetter, UnixMs};

/// How many are listed when nothing is said.
const LISTED: usize = 100;

/// The most that are listed at once.
const MOST_LISTED: usize = 1000;

/// Which ones are meant, as it is written in a query or a body. Times are RFC 3339.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Filter {
    tenant: Option<String>,
    ids: Vec<i64>,
    reason: Option<String>,
    event: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
    all: bool,
}

#[derive(Serialize)]
struct Listed<'a> {
    id: i64,
    tenant: &'a str,
    event_id: &'a str,
    seq: u64,
    accepted_at: String,
    died_at: String,
    reason: &'a str,
    detail: &'a str,
    version: u32,
    attempts: u32,
    status: Option<u16>,
    answer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<Vec<Value>>,
}

/// Lists dead letters, oldest first.
pub(super) async fn list(admin: &Admin, asked: &Asked) -> Reply {
    let mut filter = Filter::default();
    for (name, value) in asked.parameters() {
        let slot = match name.as_str() {
            "tenant" => &mut filter.tenant,
            "reason" => &mut filter.reason,
            "event" => &mut filter.event,
            "since" => &mut filter.since,
            "until" => &mut filter.until,
            "limit" => {
                let limit = value.parse().map_err(|_| bad_filter("limit is no number"))?;
                filter.limit = Some(limit);
                continue;
            }
            _ => return Err(bad_filter(&format!("{name:.40} is none of tenant, reason, event, since, until, limit"))),
        };
        *slot = Some(value);
    }
    let limit = filter.limit.unwrap_or(LISTED).min(MOST_LISTED);
    let mut meant = meant(admin, filter)?;
    meant.limit = Some(limit + 1);
    let mut found = admin.service.queue().dead_letters(meant).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let names = names(admin);
    let listed: Vec<_> = found.iter().map(|letter| listed(letter, &names, false)).collect();
    json(&serde_json::json!({ "dead_letters": serde_json::to_value(listed).unwrap_or_default(), "more": more }))
}

/// Shows one with its event and its requests.
pub(super) async fn show(admin: &Admin, asked: &Asked) -> Reply {
    let id = asked.part(1);
    let number = id.parse().map_err(|_| bad_filter("the id of a dead letter is a number"))?;
    let filter = DeadFilter { ids: vec![number], ..DeadFilter::default() };
    let found = admin.service.queue().dead_letters(filter).await?;
    let letter = found.first().ok_or_else(|| Refusal::not_found(format!("there is no dead letter {number}")))?;
    json(&listed(letter, &names(admin), true))
}

/// Puts dead letters into the queue again.
pub(super) async fn replay(admin: &Admin, asked: &Asked) -> Reply {
    let meant = commanded(admin, asked)?;
    let count = admin.service.queue().replay(meant).await?;
    tracing::info!(count, "dead letters replayed");
    json(&serde_json::json!({ "count": count }))
}

/// Removes dead letters.
pub(super) async fn discard(admin: &Admin, asked: &Asked) -> Reply {
    let meant = commanded(admin, asked)?;
    let count = admin.service.queue().drop_dead_letters(meant).await?;
    tracing::warn!(count, "dead letters dropped");
    json(&serde_json::json!({ "count": count }))
}

fn commanded(admin: &Admin, asked: &Asked) -> Result<DeadFilter, Refusal> {
    let filter: Filter = serde_json::from_slice(&asked.body).map_err(|error| bad_filter(&error.to_string()))?;
    let is_all = filter.all;
    let meant = meant(admin, filter)?;
    if meant == DeadFilter::default() && !is_all {
        return Err(bad_filter("no filter means every dead letter of every tenant: say \"all\":true if that is meant"));
    }
    Ok(meant)
}

fn meant(admin: &Admin, filter: Filter) -> Result<DeadFilter, Refusal> {
    let tenant = filter.tenant.map(|name| admin.service.tenant(&name)).transpose()?;
    Ok(DeadFilter {
        tenant: tenant.map(|running| running.handle.id()),
        ids: filter.ids,
        reason: filter.reason,
        event_id: filter.event,
        since: filter.since.as_deref().map(instant).transpose()?,
        until: filter.until.as_deref().map(instant).transpose()?,
        limit: filter.limit,
    })
}

fn instant(text: &str) -> Result<UnixMs, Refusal> {
    let at: Option<jiff::Timestamp> = text.parse().ok();
    at.and_then(|at| u64::try_from(at.as_millisecond()).ok())
        .ok_or_else(|| bad_filter("since and until are times in RFC 3339, such as 2026-01-02T03:04:05Z"))
}

fn bad_filter(problem: &str) -> Refusal {
    Refusal::bad_request("dead-letter-filter", problem)
}

fn names(admin: &Admin) -> Vec<(crate::queue::TenantId, String)> {
    admin.service.tenants().into_iter().map(|(name, running)| (running.handle.id(), name)).collect()
}

fn listed<'a>(letter: &'a DeadLetter, names: &'a [(crate::queue::TenantId, String)], is_whole: bool) -> Listed<'a> {
    let name = names.iter().find(|(id, _)| *id == letter.tenant);
    let requests = || letter.attempt.calls.lines().map(|line| serde_json::from_str(line).unwrap_or_default()).collect();
    Listed {
        id: letter.id,
        tenant: name.map_or("(not configured)", |(_, name)| name.as_str()),
        event_id: &letter.event.id,
        seq: letter.event.seq,
        accepted_at: time(letter.event.accepted_at),
        died_at: time(letter.died_at),
        reason: &letter.reason,
        detail: &letter.detail,
        version: letter.attempt.version,
        attempts: letter.attempt.attempts,
        status: letter.attempt.status,
        answer: &letter.attempt.answer,
        event: is_whole.then(|| raw(&letter.event.body)),
        requests: is_whole.then(requests),
    }
}
