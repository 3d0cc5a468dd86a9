//! The audit log: lines that are only ever added, each with a digest over the one before it.
//!
//! A line's digest is SHA-256, in hexadecimal, over the digest of the line before (64 zeros before the
//! first) and the line as a JSON array without spaces: `[number,at,tenant,what,by,reason,detail]`.

use std::sync::atomic::Ordering;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use sha2::{Digest, Sha256};

use super::reader::Reader;
use super::row::{self, integer, natural};
use super::state::{State, Stop};
use crate::queue::{AuditCheck, AuditEntry, AuditFilter, AuditRecord, QueueError, UnixMs};

/// Lines that are read in one transaction.
const SLICE: usize = 512;
const COLUMNS: &str = "number, at, tenant, what, by, reason, detail, digest";

/// The digest before the first line.
fn origin() -> String {
    "0".repeat(64)
}

/// The digest of a line.
fn digest(before: &str, number: u64, at: UnixMs, entry: &AuditEntry) -> rusqlite::Result<String> {
    let AuditEntry { tenant, what, by, reason, detail } = entry;
    let line = serde_json::to_string(&(number, at, tenant, what, by, reason, detail))
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let hash = Sha256::new().chain_update(before).chain_update(line).finalize();
    Ok(row::hex(&hash))
}

impl State {
    /// Adds a line.
    pub(super) fn audit(&self, c: &Connection, entry: AuditEntry) -> Result<AuditRecord, Stop> {
        let last = c
            .prepare_cached("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")?
            .query_row([], |row| Ok((row::number(row, 0)?, row::text(row, 1)?)))
            .optional()?;
        let (last, before) = last.unwrap_or_else(|| (0, origin()));
        let (number, at) = (last.saturating_add(1), self.now);
        let digest = digest(&before, number, at, &entry)?;
        let AuditEntry { tenant, what, by, reason, detail } = &entry;
        c.prepare_cached(
            "INSERT INTO audit (number, at, tenant, what, by, reason, detail, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![integer(number), integer(at), tenant, what, by, reason, detail, digest])?;
        Ok(AuditRecord { number, at, entry, digest })
    }
}

impl Reader {
    /// Lines, newest first.
    pub(super) fn audit_log(&mut self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, QueueError> {
        let most = filter.limit.unwrap_or(usize::MAX);
        let mut before = filter.before.map_or(i64::MAX, integer);
        let mut all: Vec<AuditRecord> = Vec::new();
        while all.len() < most {
            let wanted = SLICE.min(most - all.len());
            let found = self.read(|c| lines(c, filter.tenant.as_deref(), before, wanted))?;
            let is_last = found.len() < wanted;
            before = found.last().map_or(before, |line| integer(line.number));
            all.extend(found);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Looks through all lines. Those that are added meanwhile may be among them.
    pub(super) fn audit_check(&mut self) -> Result<AuditCheck, QueueError> {
        let mut chain = Chain::new();
        while self.read(|c| chain.slice(c))? {
            if self.shared.closing.load(Ordering::SeqCst) {
                return Err(QueueError::Closed);
            }
        }
        Ok(chain.check)
    }
}

fn lines(c: &Connection, tenant: Option<&str>, before: i64, most: usize) -> rusqlite::Result<Vec<AuditRecord>> {
    let of_tenant = if tenant.is_some() { "AND tenant = ?" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE number < ? {of_tenant} ORDER BY number DESC LIMIT ?");
    let values = [Some(Value::Integer(before)), tenant.map(|name| Value::Text(name.to_owned()))];
    let limit = Value::Integer(i64::try_from(most).unwrap_or(i64::MAX));
    c.prepare_cached(&sql)?.query_map(params_from_iter(values.into_iter().flatten().chain([limit])), record)?.collect()
}

/// Reads [`COLUMNS`], whatever is in them.
fn record(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    let tenant = match row.get_ref(2)? {
        ValueRef::Null => None,
        _ => Some(row::text(row, 2)?),
    };
    let entry = AuditEntry {
        tenant,
        what: row::text(row, 3)?,
        by: row::text(row, 4)?,
        reason: row::text(row, 5)?,
        detail: row::text(row, 6)?,
    };
    Ok(AuditRecord { number: row::number(row, 0)?, at: row::number(row, 1)?, entry, digest: row::text(row, 7)? })
}

/// A look through the log, a slice at a time.
pub(super) struct Chain {
    pub(super) check: AuditCheck,
    /// The number from which on lines were not looked at.
    next: i64,
}

impl Chain {
    pub(super) fn new() -> Self {
        Self { check: AuditCheck { lines: 0, head: origin(), broken: None }, next: i64::MIN }
    }

    /// Looks at the next lines; false when there are no more.
    pub(super) fn slice(&mut self, c: &Connection) -> rusqlite::Result<bool> {
        let mut select =
            c.prepare_cached(&format!("SELECT {COLUMNS} FROM audit WHERE number >= ? ORDER BY number LIMIT ?"))?;
        let mut rows = select.query(params![self.next, SLICE as i64])?;
        let mut seen = 0;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            seen += 1;
            self.check.lines += 1;
            if self.check.broken.is_none() && !self.fits(number, row)? {
                self.check.broken = Some(natural(number));
            }
            self.check.head = row::text(row, 7)?;
            let Some(next) = number.checked_add(1) else { return Ok(false) };
            self.next = next;
        }
        Ok(seen == SLICE)
    }

    fn fits(&self, number: i64, row: &Row<'_>) -> rusqlite::Result<bool> {
        let line = record(row)?;
        let is_next = number == integer(self.check.lines);
        let fits = line.digest == digest(&self.check.head, line.number, line.at, &line.entry)?;
        Ok(is_next && fits && is_whole(row)?)
    }
}

/// Whether [`record`] reads everything that is in a row. What it makes the best of would not show in
/// the digest.
fn is_whole(row: &Row<'_>) -> rusqlite::Result<bool> {
    let mut is_whole = row.get::<_, i64>(1).is_ok_and(|at| at >= 0);
    for column in 2..8 {
        is_whole &= match row.get_ref(column)? {
            ValueRef::Null => true,
            text => text.as_str().is_ok(),
        };
    }
    Ok(is_whole)
}
