//! Rows of events: their keys, their checksums, and how they are read, whatever is in them.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::queue::{Attempt, Replay, Seq, Stored, TenantId};

const SEQ_BITS: u32 = 40;
/// The highest number of a tenant whose keys fit.
pub(super) const LAST_TENANT: u32 = (1 << (63 - SEQ_BITS)) - 1;
/// The highest place that fits.
pub(super) const LAST_SEQ: Seq = (1 << SEQ_BITS) - 1;

/// The key of an event's row.
pub(super) fn key(tenant: TenantId, seq: Seq) -> i64 {
    (i64::from(tenant.0.min(LAST_TENANT)) << SEQ_BITS) | integer(seq.min(LAST_SEQ))
}

/// Bytes in hexadecimal, as digests are kept.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The place that a row's key stands for.
pub(super) fn seq_of(key: i64) -> Seq {
    natural(key) & LAST_SEQ
}

/// The tenant that a row's key stands for.
pub(super) fn tenant_of(key: i64) -> TenantId {
    TenantId(u32::try_from(natural(key) >> SEQ_BITS).unwrap_or(u32::MAX))
}

/// A number as SQLite keeps it.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that SQLite kept.
pub(super) fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The columns of an event and its attempt, of `event AS e` and `attempt AS a`.
pub(super) const COLUMNS: &str = "e.key, e.id, e.at, e.sum, e.original, e.delivered, e.body,
    a.version, a.calls, a.delivered, a.attempts, a.due_at, a.age_ms, a.status, a.answer";

/// The checksum of an event's row, over all that is given out.
pub(super) fn checksum(key: i64, event: &Stored) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&key.to_le_bytes());
    sum.update(&event.accepted_at.to_le_bytes());
    sum.update(event.id.as_bytes());
    if let Some(replay) = &event.replay {
        sum.update(&replay.original.to_le_bytes());
        sum.update(replay.delivered.as_bytes());
    }
    sum.update(&event.body);
    sum.finalize()
}

/// The id of an event that came without one.
pub(super) fn made_id(seq: Seq) -> String {
    format!("seq-{seq}")
}

/// Reads [`COLUMNS`]. A row whose columns have turned into something else is damaged, not an error.
pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let key: i64 = row.get(0)?;
    let mut event = event(row, 1, seq_of(key))?;
    event.damaged = checksum(key, &event) != sum(row, 3)?;
    event.attempt = match row.get_ref(7)? {
        ValueRef::Null => None,
        _ => Some(attempt(row, 7)?),
    };
    Ok(event)
}

/// Reads `id, at, sum, original, delivered, body` from a column on.
pub(super) fn event(row: &Row<'_>, at: usize, seq: Seq) -> rusqlite::Result<Stored> {
    let id = match row.get_ref(at)? {
        ValueRef::Null => made_id(seq),
        _ => text(row, at)?,
    };
    let replay = match row.get_ref(at + 3)? {
        ValueRef::Null => None,
        _ => Some(Replay { original: number(row, at + 3)?, delivered: text(row, at + 4)? }),
    };
    let accepted_at = number(row, at + 1)?;
    Ok(Stored { seq, id, accepted_at, body: bytes(row, at + 5)?, damaged: false, replay, attempt: None })
}

/// Reads an attempt from a column on.
pub(super) fn attempt(row: &Row<'_>, at: usize) -> rusqlite::Result<Attempt> {
    let small = |column| Ok::<_, rusqlite::Error>(u32::try_from(number(row, column)?).unwrap_or(u32::MAX));
    let status = match row.get_ref(at + 6)? {
        ValueRef::Integer(status) => u16::try_from(status).ok(),
        _ => None,
    };
    Ok(Attempt {
        version: small(at)?,
        calls: text(row, at + 1)?,
        delivered: text(row, at + 2)?,
        attempts: small(at + 3)?,
        due_at: number(row, at + 4)?,
        age_ms: number(row, at + 5)?,
        status,
        answer: text(row, at + 7)?,
    })
}

/// The checksum that a row has; one that can't be read fits nothing.
pub(super) fn sum(row: &Row<'_>, column: usize) -> rusqlite::Result<u32> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(sum) => u32::try_from(sum).unwrap_or(0),
        _ => 0,
    })
}

/// A number, 0 when it is none.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => natural(number),
        _ => 0,
    })
}

/// A text, as far as it is one.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(String::from_utf8(bytes(row, column)?)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    })
}
