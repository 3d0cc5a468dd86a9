//! The audit log: who did what, and whether a line of it was changed.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Admin;
use super::asked::{Asked, number};
use super::explain::{raw, time};
use super::reply::{Reply, json};
use crate::queue::{AuditFilter, AuditRecord};

/// How many lines are listed when nothing is said, and at most.
const LISTED: usize = 100;
const MOST_LISTED: usize = 1000;

#[derive(Serialize)]
struct Line {
    number: u64,
    at: String,
    tenant: Option<String>,
    what: String,
    by: String,
    reason: String,
    detail: Box<RawValue>,
    digest: String,
}

#[derive(Serialize)]
struct Listed {
    /// Newest first.
    lines: Vec<Line>,
    more: bool,
}

/// Lists lines, newest first. A tenant that is no more can be asked about as well.
pub(super) async fn list(admin: &Admin, asked: &Asked) -> Reply {
    let [tenant, before, limit] = asked.only(["tenant", "before", "limit"])?;
    let limit = number("limit", limit)?.unwrap_or(LISTED).clamp(1, MOST_LISTED);
    let filter = AuditFilter { tenant, before: number("before", before)?, limit: Some(limit + 1) };
    let mut found = admin.service.queue().audit_log(filter).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    json(&Listed { lines: found.into_iter().map(line).collect(), more })
}

fn line(record: AuditRecord) -> Line {
    Line {
        number: record.number,
        at: time(record.at),
        detail: raw(record.entry.detail.as_bytes()),
        tenant: record.entry.tenant,
        what: record.entry.what,
        by: record.entry.by,
        reason: record.entry.reason,
        digest: record.digest,
    }
}

/// Looks through the whole log.
pub(super) async fn check(admin: &Admin) -> Reply {
    let check = admin.service.queue().audit_check().await?;
    json(&serde_json::json!({ "lines": check.lines, "head": check.head, "broken": check.broken }))
}
