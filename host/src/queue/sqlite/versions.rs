//! Versions of a tenant's mapping, and which of them is in force from which event on.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::value::RawValue;

use super::row::{self, integer};
use super::state::{State, Stop};
use crate::queue::{Activation, AuditEntry, Canary, Fallback, KnownVersion, NewActivation, QueueError, Seq, TenantId};

const COLUMNS: &str = "number, from_seq, at, version, canary, share, fallback, fallback_until, by, reason";

impl State {
    /// Puts versions in force after an event, or after the take position, and writes that down. It
    /// never begins before the activation that is in force: that one's events may have been mapped.
    pub(super) fn activate(
        &mut self,
        c: &Connection,
        tenant: TenantId,
        after: Option<Seq>,
        new: NewActivation,
    ) -> Result<Activation, Stop> {
        let missing = || Stop::Refused(QueueError::Missing { what: format!("tenant {tenant}") });
        let taken = self.tenants.get(&tenant).ok_or_else(missing)?.taken;
        let newest = newest(c, tenant)?;
        if let Some(newest) = &newest
            && is_in_force(c, tenant, newest, &new)?
        {
            return Ok(newest.clone());
        }
        let version = self.numbered(c, tenant, &new.pin, &new.audit)?;
        let canary = match &new.canary {
            Some((pin, share)) => Some(Canary { version: self.numbered(c, tenant, pin, &new.audit)?, share: *share }),
            None => None,
        };
        let NewActivation { fallback, audit, .. } = new;
        let from = after.unwrap_or(taken) + 1;
        let mut made = Activation {
            number: 0,
            from: newest.as_ref().map_or(from, |newest| from.max(newest.from)),
            at: self.now,
            version,
            canary,
            fallback,
            by: audit.by.clone(),
            reason: audit.reason.clone(),
        };
        made.number = insert(c, tenant, &made)?;
        let detail = with_numbers(&audit.detail, &made, newest.map(|newest| newest.version));
        self.audit(c, AuditEntry { detail, ..audit })?;
        Ok(made)
    }

    /// The number of what a version consists of, which gets one when it has none.
    fn numbered(&self, c: &Connection, tenant: TenantId, pin: &str, made: &AuditEntry) -> rusqlite::Result<u32> {
        if let Some(number) = number_of(c, tenant, pin)? {
            return Ok(number);
        }
        c.prepare_cached(
            "INSERT INTO version (tenant, number, at, pin, by, reason)
             SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5 FROM version WHERE tenant=?1 RETURNING number",
        )?
        .query_row(params![tenant.0, integer(self.now), pin, made.by, made.reason], |row| small(row, 0))
    }
}

/// Whether exactly this is in force already.
fn is_in_force(c: &Connection, tenant: TenantId, newest: &Activation, new: &NewActivation) -> rusqlite::Result<bool> {
    if number_of(c, tenant, &new.pin)? != Some(newest.version) {
        return Ok(false);
    }
    match (&new.canary, newest.canary) {
        (Some((pin, share)), Some(canary)) => {
            Ok(*share == canary.share && number_of(c, tenant, pin)? == Some(canary.version))
        }
        (wanted, canary) => Ok(wanted.is_none() && canary.is_none()),
    }
}

/// The newest version that consists of this.
fn number_of(c: &Connection, tenant: TenantId, pin: &str) -> rusqlite::Result<Option<u32>> {
    c.prepare_cached("SELECT number FROM version WHERE tenant=? AND pin=? ORDER BY number DESC LIMIT 1")?
        .query_row(params![tenant.0, pin], |row| small(row, 0))
        .optional()
}

fn insert(c: &Connection, tenant: TenantId, made: &Activation) -> rusqlite::Result<u64> {
    c.prepare_cached(
        "INSERT INTO activation (tenant, from_seq, at, version, canary, share, fallback, fallback_until, by, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
    )?
    .query_row(
        params![
            tenant.0,
            integer(made.from),
            integer(made.at),
            made.version,
            made.canary.map(|canary| canary.version),
            made.canary.map(|canary| canary.share),
            made.fallback.map(|fallback| fallback.version),
            made.fallback.map(|fallback| integer(fallback.until)),
            made.by,
            made.reason
        ],
        |row| row::number(row, 0),
    )
}

/// Adds to a detail, if it is a JSON object, what was not known before: the versions' numbers, and
/// from which event on. Everything else in it stays as it was written.
fn with_numbers(detail: &str, made: &Activation, before: Option<u32>) -> String {
    let Ok(mut all) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(detail) else {
        return detail.to_owned();
    };
    let numbers = [
        ("version", Some(made.version.into())),
        ("canary_version", made.canary.map(|canary| canary.version.into())),
        ("from", Some(made.from)),
        ("before", before.map(u64::from)),
    ];
    for (name, number) in numbers {
        if let Some(Ok(number)) = number.map(|number: u64| RawValue::from_string(number.to_string())) {
            all.insert(name.to_owned(), number);
        }
    }
    serde_json::to_string(&all).unwrap_or_else(|_| detail.to_owned())
}

/// What was put in force last.
fn newest(c: &Connection, tenant: TenantId) -> rusqlite::Result<Option<Activation>> {
    c.prepare_cached(&format!("SELECT {COLUMNS} FROM activation WHERE tenant=? ORDER BY number DESC LIMIT 1"))?
        .query_row([tenant.0], activation)
        .optional()
}

/// All that was ever put in force, oldest first.
pub(super) fn activations(c: &Connection, tenant: TenantId) -> rusqlite::Result<Vec<Activation>> {
    let mut all = c.prepare_cached(&format!("SELECT {COLUMNS} FROM activation WHERE tenant=? ORDER BY number"))?;
    all.query_map([tenant.0], activation)?.collect()
}

/// What is in force for any event from `first` on, oldest first.
pub(super) fn activations_from(c: &Connection, tenant: TenantId, first: Seq) -> rusqlite::Result<Vec<Activation>> {
    let mut back =
        c.prepare_cached(&format!("SELECT {COLUMNS} FROM activation WHERE tenant=? ORDER BY number DESC"))?;
    let mut rows = back.query([tenant.0])?;
    let mut found: Vec<Activation> = Vec::new();
    while let Some(row) = rows.next()? {
        let lowest = found.last().map_or(Seq::MAX, |later| later.from);
        if lowest <= first {
            break;
        }
        // One that a later one took all events from concerns none.
        if row::number(row, 1)? < lowest {
            found.push(activation(row)?);
        }
    }
    found.reverse();
    Ok(found)
}

/// All versions, oldest first.
pub(super) fn versions(c: &Connection, tenant: TenantId) -> rusqlite::Result<Vec<KnownVersion>> {
    let mut all = c.prepare_cached("SELECT number, at, pin, by, reason FROM version WHERE tenant=? ORDER BY number")?;
    let read = |row: &Row<'_>| {
        Ok(KnownVersion {
            number: small(row, 0)?,
            at: row::number(row, 1)?,
            pin: row::text(row, 2)?,
            by: row::text(row, 3)?,
            reason: row::text(row, 4)?,
        })
    };
    all.query_map([tenant.0], read)?.collect()
}

/// Reads [`COLUMNS`].
fn activation(row: &Row<'_>) -> rusqlite::Result<Activation> {
    let is_set = |column| Ok::<_, rusqlite::Error>(!matches!(row.get_ref(column)?, ValueRef::Null));
    Ok(Activation {
        number: row::number(row, 0)?,
        from: row::number(row, 1)?,
        at: row::number(row, 2)?,
        version: small(row, 3)?,
        canary: if is_set(4)? { Some(Canary { version: small(row, 4)?, share: small(row, 5)? }) } else { None },
        fallback: if is_set(6)? {
            Some(Fallback { version: small(row, 6)?, until: row::number(row, 7)? })
        } else {
            None
        },
        by: row::text(row, 8)?,
        reason: row::text(row, 9)?,
    })
}

fn small(row: &Row<'_>, column: usize) -> rusqlite::Result<u32> {
    Ok(u32::try_from(row::number(row, column)?).unwrap_or(u32::MAX))
}
