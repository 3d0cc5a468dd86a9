//! Events that were accepted lately, in whatever state they are.

use rusqlite::{Connection, params};

use super::apply::keys_of;
use super::read::{first_seq, gather, position};
use super::reader::Reader;
use super::row::{self, COLUMNS, integer, key};
use crate::queue::{QueueError, Seq, Stored, TakeLimits, TenantId, UnixMs};

impl Reader {
    /// Events of queue and history after a place that were accepted at `since` or later, in order.
    ///
    /// Where they begin is searched by halves, as times of acceptance go up with the numbers. Where
    /// the clock was set back they do not: what comes back was accepted at `since` or later by the
    /// clock of its time, but events from before the step may be missing.
    pub(super) fn recent(
        &mut self,
        id: TenantId,
        after: Seq,
        since: UnixMs,
        limits: TakeLimits,
    ) -> Result<Vec<Stored>, QueueError> {
        let (first, last) = self.read(|c| Ok((first_seq(c, id)?, position(c, id)?.accepted)))?;
        let Some(first) = first else { return Ok(Vec::new()) };
        let after = self.last_before(id, after.max(first - 1), last, since)?;
        self.in_spans(id, after, last, limits, |c, span, found, bytes| {
            let mut select = c.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM event AS e LEFT JOIN attempt AS a ON a.key=e.key
                 WHERE e.key > ? AND e.key <= ? AND e.at >= ? ORDER BY e.key"
            ))?;
            gather(select.query(params![span.0, span.1, integer(since)])?, limits, found, bytes)
        })
    }

    /// The place after which events were accepted at `since` or later.
    fn last_before(&mut self, id: TenantId, mut after: Seq, mut last: Seq, since: UnixMs) -> Result<Seq, QueueError> {
        while after < last {
            let middle = after + (last - after).div_ceil(2);
            match self.read(|c| time_at(c, id, middle))? {
                Some(at) if at < since => after = middle,
                _ => last = middle - 1,
            }
        }
        Ok(after)
    }
}

/// When the first event from a place on was accepted. A replayed one has the time of its first life,
/// and a damaged one may have any.
fn time_at(c: &Connection, id: TenantId, seq: Seq) -> rusqlite::Result<Option<UnixMs>> {
    let mut select = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event AS e LEFT JOIN attempt AS a ON a.key=e.key
         WHERE e.key >= ? AND e.key <= ? AND e.original IS NULL ORDER BY e.key"
    ))?;
    let mut rows = select.query([key(id, seq), keys_of(id).1])?;
    while let Some(row) = rows.next()? {
        let event = row::stored(row)?;
        if !event.damaged {
            return Ok(Some(event.accepted_at));
        }
    }
    Ok(None)
}
