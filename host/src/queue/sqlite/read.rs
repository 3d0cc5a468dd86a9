//! What is read: queued events, and lists.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Rows, params};
use sha2::{Digest, Sha256};

use super::apply::keys_of;
use super::dead::{SLICE, letters};
use super::reader::Reader;
use super::row::{self, COLUMNS, key, seq_of};
use crate::queue::{
    DeadFilter, DeadLetter, KnownFact, QueueError, Seq, Space, Stored, TakeLimits, TenantId, TenantStats,
};

/// Places in the order that are looked at in one transaction.
pub(super) const SPAN: Seq = 4096;

impl Reader {
    /// The next events after a place that have not ended.
    pub(super) fn next(&mut self, id: TenantId, after: Seq, limits: TakeLimits) -> Result<Vec<Stored>, QueueError> {
        let Position { accepted, low, .. } = self.read(|c| position(c, id))?;
        self.open_events(id, after.max(low), accepted, limits)
    }

    /// Those up to the take position.
    pub(super) fn unsettled(
        &mut self,
        id: TenantId,
        after: Seq,
        limits: TakeLimits,
    ) -> Result<Vec<Stored>, QueueError> {
        let Position { taken, low, .. } = self.read(|c| position(c, id))?;
        self.open_events(id, after.max(low), taken, limits)
    }

    fn open_events(
        &mut self,
        id: TenantId,
        after: Seq,
        last: Seq,
        limits: TakeLimits,
    ) -> Result<Vec<Stored>, QueueError> {
        self.in_spans(id, after, last, limits, |c, span, found, bytes| open_events(c, span, limits, found, bytes))
    }

    /// Has a range looked at in several transactions, until `look` says that the limits are reached.
    pub(super) fn in_spans(
        &mut self,
        id: TenantId,
        mut after: Seq,
        last: Seq,
        limits: TakeLimits,
        mut look: impl FnMut(&Connection, (i64, i64), &mut Vec<Stored>, &mut usize) -> rusqlite::Result<bool>,
    ) -> Result<Vec<Stored>, QueueError> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        while after < last && found.len() < limits.events {
            let end = last.min(after.saturating_add(SPAN));
            if self.read(|c| look(c, (key(id, after), key(id, end)), &mut found, &mut bytes))? {
                break;
            }
            after = end;
        }
        self.count_damaged(id, &found);
        Ok(found)
    }

    /// One event that has not ended.
    pub(super) fn load(&mut self, id: TenantId, seq: Seq) -> Result<Option<Stored>, QueueError> {
        let one = TakeLimits { events: 1, bytes: 0 };
        Ok(if seq == 0 { None } else { self.open_events(id, seq - 1, seq, one)?.pop() })
    }

    pub(super) fn count_damaged(&self, id: TenantId, events: &[Stored]) {
        for event in events.iter().filter(|event| event.damaged) {
            self.shared.note_damaged(id, event.seq);
        }
    }

    /// Dead letters, oldest first.
    pub(super) fn dead_letters(&mut self, filter: &DeadFilter) -> Result<Vec<DeadLetter>, QueueError> {
        let most = filter.limit.unwrap_or(usize::MAX);
        let mut all: Vec<DeadLetter> = Vec::new();
        while all.len() < most {
            let (after, wanted) = (all.last().map_or(0, |letter| letter.id), SLICE.min(most - all.len()));
            let found = self.read(|c| letters(c, filter, after, i64::MAX, wanted))?;
            let is_last = found.len() < wanted;
            for letter in found.iter().filter(|letter| letter.event.damaged) {
                self.shared.note_damaged(letter.tenant, letter.event.seq);
            }
            all.extend(found);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// The state of every tenant's queue.
    pub(super) fn tenant_stats(&mut self) -> Result<BTreeMap<TenantId, TenantStats>, QueueError> {
        let mut all = self.read(tenant_stats)?;
        for (id, stats) in &mut all {
            // The row has the window that is configured; what was lost is known to the writer.
            let cut = self.shared.cut(*id);
            let since = if cut == 0 { u64::MAX } else { self.shared.now().saturating_sub(cut) };
            stats.dedup_window_ms = self.shared.window.min(since);
        }
        Ok(all)
    }
}

/// Where a tenant's queue stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    pub(super) accepted: Seq,
    pub(super) taken: Seq,
    /// Everything up to here has ended.
    low: Seq,
}

/// Reads a tenant's positions; 0 when there is no such tenant.
pub(super) fn position(c: &Connection, id: TenantId) -> rusqlite::Result<Position> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Position { accepted: row::number(row, 0)?, taken: row::number(row, 1)?, low: row::number(row, 2)? })
    };
    let mut select = c.prepare_cached("SELECT accepted, taken, low FROM tenant WHERE number=?")?;
    Ok(select.query_row([id.0], read).optional()?.unwrap_or_default())
}

/// Adds events of a range; true when the limits are reached.
fn open_events(
    c: &Connection,
    (after, last): (i64, i64),
    limits: TakeLimits,
    found: &mut Vec<Stored>,
    bytes: &mut usize,
) -> rusqlite::Result<bool> {
    let mut select = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event AS e LEFT JOIN attempt AS a ON a.key=e.key
         WHERE e.key > ? AND e.key <= ? AND NOT EXISTS (SELECT 1 FROM settled AS s WHERE s.key=e.key) ORDER BY e.key"
    ))?;
    gather(select.query([after, last])?, limits, found, bytes)
}

/// Adds events that were selected; true when the limits are reached.
pub(super) fn gather(
    mut rows: Rows<'_>,
    limits: TakeLimits,
    found: &mut Vec<Stored>,
    bytes: &mut usize,
) -> rusqlite::Result<bool> {
    while let Some(row) = rows.next()? {
        let size = row.get_ref(6)?.as_bytes().map_or(0, <[u8]>::len);
        if found.len() >= limits.events || (!found.is_empty() && bytes.saturating_add(size) > limits.bytes) {
            return Ok(true);
        }
        *bytes += size;
        found.push(row::stored(row)?);
    }
    Ok(false)
}

fn tenant_stats(c: &Connection) -> rusqlite::Result<BTreeMap<TenantId, TenantStats>> {
    let mut all = c.prepare_cached(
        "SELECT number, queued_events, queued_bytes, taken, accepted, dead, low, dead_bytes FROM tenant",
    )?;
    let mut oldest = c.prepare_cached(
        "SELECT at FROM event AS e WHERE key > ? AND key <= ?
         AND NOT EXISTS (SELECT 1 FROM settled AS s WHERE s.key=e.key) ORDER BY key LIMIT 1",
    )?;
    let mut rows = all.query([])?;
    let mut stats = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let id = TenantId(row.get(0)?);
        let (low, accepted) = (row::number(row, 6)?, row::number(row, 4)?);
        let first = oldest.query_row([key(id, low), key(id, accepted)], |row| row::number(row, 0)).optional()?;
        let one = TenantStats {
            queued: row::number(row, 1)?,
            queued_bytes: row::number(row, 2)?,
            taken: row::number(row, 3)?,
            accepted,
            oldest: first,
            dead: row::number(row, 5)?,
            dead_bytes: row::number(row, 7)?,
            dedup_window_ms: 0,
        };
        stats.insert(id, one);
    }
    Ok(stats)
}

/// All facts of a space.
pub(super) fn facts(c: &Connection, id: TenantId, space: Space) -> rusqlite::Result<Vec<KnownFact>> {
    let mut all = c.prepare_cached("SELECT key, value, at FROM fact WHERE tenant=? AND space=? ORDER BY key")?;
    all.query_map(params![id.0, space as u8], |row| Ok((row.get(0)?, row.get(1)?, row::number(row, 2)?)))?.collect()
}

/// A component that was kept.
pub(super) fn component(c: &Connection, digest: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let kept = c.prepare_cached("SELECT bytes FROM component WHERE digest=?")?.query_row([digest], |row| row.get(0));
    let kept: Option<Vec<u8>> = kept.optional()?;
    let is_whole = |bytes: &Vec<u8>| {
        let is_whole = row::hex(&Sha256::digest(bytes)) == digest;
        if !is_whole {
            tracing::error!(digest, "a component in the store does not fit its digest; it is not used");
        }
        is_whole
    };
    Ok(kept.filter(is_whole))
}

/// The first place of a tenant that still has a row.
pub(super) fn first_seq(c: &Connection, id: TenantId) -> rusqlite::Result<Option<Seq>> {
    let (first, last) = keys_of(id);
    let found: Option<i64> = c
        .prepare_cached("SELECT min(key) FROM event WHERE key > ? AND key <= ?")?
        .query_row([first, last], |row| row.get(0))?;
    Ok(found.map(seq_of))
}
