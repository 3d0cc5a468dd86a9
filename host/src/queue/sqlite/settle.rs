//! What became of events.

use rusqlite::{Connection, OptionalExtension, params};

use super::row::{integer, key, natural};
use super::state::{State, Stop};
use crate::queue::{Attempt, Change, Ending, Fact, Seq, TenantId};

impl State {
    /// Writes changes; those of events that ended before change nothing.
    pub(super) fn record(
        &mut self,
        c: &Connection,
        tenant: TenantId,
        changes: &[Change],
        facts: &[Fact],
    ) -> Result<(), Stop> {
        self.tenant(tenant)?;
        for change in changes {
            match change {
                Change::Settled { seq, version, ending, note } => {
                    self.settle(c, tenant, *seq, *version, *ending, note)?
                }
                Change::Attempted { seq, attempt } => self.attempt(c, tenant, *seq, attempt)?,
                Change::Dead { seq, reason, detail, attempt } => {
                    if self.bury(c, tenant, *seq, (reason, detail), attempt)? {
                        self.settle(c, tenant, *seq, attempt.version, Ending::Dead, "")?;
                    }
                }
            }
        }
        self.write_facts(c, tenant, facts)?;
        Ok(())
    }

    /// The size of an event that has not ended.
    fn open_size(&self, c: &Connection, tenant: TenantId, seq: Seq) -> rusqlite::Result<Option<u64>> {
        if self.tenants.get(&tenant).is_none_or(|entry| entry.ended.contains(seq)) {
            return Ok(None);
        }
        if let Some(size) = self.sizes.get(&key(tenant, seq)) {
            return Ok(Some(u64::from(*size)));
        }
        let size = c
            .prepare_cached("SELECT length(body) FROM event WHERE key=?")?
            .query_row([key(tenant, seq)], |row| row.get(0))
            .optional()?;
        Ok(size.map(natural))
    }

    fn settle(
        &mut self,
        c: &Connection,
        tenant: TenantId,
        seq: Seq,
        version: u32,
        ending: Ending,
        note: &str,
    ) -> Result<(), Stop> {
        let Some(size) = self.open_size(c, tenant, seq)? else { return Ok(()) };
        let (now, keeps, history_ms) = (self.now, self.keeps_history(), self.limits.history_ms);
        let row = key(tenant, seq);
        self.sizes.remove(&row);
        if self.tried.remove(&row) {
            c.prepare_cached("DELETE FROM attempt WHERE key=?")?.execute([row])?;
        }
        let entry = self.tenant(tenant)?;
        let low = entry.ended.low();
        entry.ended.insert(seq);
        entry.queued_events = entry.queued_events.saturating_sub(1);
        entry.queued_bytes = entry.queued_bytes.saturating_sub(size);
        let is_low = entry.ended.low() > low;
        // Rows behind it that say only that they ended are looked at again.
        let first = if is_low { low } else { seq - 1 };
        if entry.pruned > first {
            entry.pruned = first;
            entry.prune_at = 0;
        }
        if keeps {
            entry.history_events += 1;
            entry.history_bytes += size;
            entry.prune_at = entry.prune_at.min(now.saturating_add(history_ms));
        } else {
            c.prepare_cached("DELETE FROM event WHERE key=?")?.execute([row])?;
        }
        if keeps || !is_low {
            c.prepare_cached("INSERT INTO settled (key, at, version, ending, note) VALUES (?, ?, ?, ?, ?)")?
                .execute(params![row, integer(now), version, ending_code(ending), note])?;
        }
        Ok(())
    }

    fn attempt(&mut self, c: &Connection, tenant: TenantId, seq: Seq, attempt: &Attempt) -> Result<(), Stop> {
        if self.open_size(c, tenant, seq)?.is_none() {
            return Ok(());
        }
        c.prepare_cached(
            "INSERT OR REPLACE INTO attempt (key, version, calls, delivered, attempts, due_at, age_ms, status, answer)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            key(tenant, seq),
            attempt.version,
            attempt.calls,
            attempt.delivered,
            attempt.attempts,
            integer(attempt.due_at),
            integer(attempt.age_ms),
            attempt.status,
            attempt.answer
        ])?;
        self.tried.insert(key(tenant, seq));
        Ok(())
    }

    /// Makes a dead letter of an event that has not ended. The checksum comes along as it is, so
    /// that damage stays visible.
    fn bury(
        &mut self,
        c: &Connection,
        tenant: TenantId,
        seq: Seq,
        (reason, detail): (&str, &str),
        attempt: &Attempt,
    ) -> Result<bool, Stop> {
        let Some(size) = self.open_size(c, tenant, seq)? else { return Ok(false) };
        c.prepare_cached(
            "INSERT INTO dead (tenant, seq, id, at, sum, original, replayed, died_at, reason, detail, version, calls,
             delivered, attempts, due_at, age_ms, status, answer, body)
             SELECT ?1, ?2, coalesce(id, 'seq-' || ?2), at, sum, original, delivered, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
             ?11, ?12, ?13, body FROM event WHERE key=?14",
        )?
        .execute(params![
            tenant.0,
            integer(seq),
            integer(self.now),
            reason,
            detail,
            attempt.version,
            attempt.calls,
            attempt.delivered,
            attempt.attempts,
            integer(attempt.due_at),
            integer(attempt.age_ms),
            attempt.status,
            attempt.answer,
            key(tenant, seq)
        ])?;
        let entry = self.tenant(tenant)?;
        entry.dead += 1;
        entry.dead_bytes += size;
        Ok(true)
    }
}

/// How an ending is kept.
pub(super) fn ending_code(ending: Ending) -> u8 {
    match ending {
        Ending::Delivered => 1,
        Ending::Skipped => 2,
        Ending::Dead => 3,
    }
}

/// The ending that was kept.
pub(super) fn ending_of(code: u64) -> Ending {
    match code {
        2 => Ending::Skipped,
        3 => Ending::Dead,
        _ => Ending::Delivered,
    }
}
