//! Deletes what need not be kept any longer, a slice with each commit. What has not ended stays.

use rusqlite::{Connection, params};

use super::dedup::Lost;
use super::row::{self, key, natural, seq_of};
use super::state::{self, State};
use crate::queue::{Seq, TenantId, UnixMs};

/// How often it is looked whether something became too old, at least.
const LOOK_MS: u64 = 60_000;
/// Rows of history that are deleted at once because the store is full.
const MAKE_ROOM_ROWS: usize = 512;
/// Rows that one tenant loses in a row because of the bytes of all.
const TURN_ROWS: usize = 256;

/// Deletes up to about `rows` rows. Says whether there is more to do.
pub(super) fn slice(state: &mut State, c: &Connection, rows: usize) -> rusqlite::Result<bool> {
    let mut left = rows;
    history_by_age(state, c, &mut left)?;
    history_by_bytes(state, c, &mut left)?;
    dead_letters(state, c, &mut left)?;
    seen(state, c, &mut left)?;
    lost(state, c, &mut left)?;
    Ok(left == 0)
}

/// Whether [`slice()`] would find something.
pub(super) fn is_due(state: &State, now: UnixMs) -> bool {
    let old = |tenant: &state::Tenant| tenant.prune_at <= now && tenant.pruned < tenant.accepted;
    now >= state.dead_at
        || now >= state.seen_at
        || state.dedup.has_lost()
        || history_bytes(state) > state.limits.history_bytes
        || state.tenants.values().any(old)
}

/// Deletes history before its time, of the tenant that has most.
pub(super) fn make_room(state: &mut State, c: &Connection) -> rusqlite::Result<()> {
    let mut left = MAKE_ROOM_ROWS;
    while left > 0 && history_of_largest(state, c, u64::MAX, &mut left)? {}
    (state.used_bytes, _) = state::used_bytes(c)?;
    Ok(())
}

fn history_bytes(state: &State) -> u64 {
    state.tenants.values().map(|tenant| tenant.history_bytes).sum()
}

fn history_by_age(state: &mut State, c: &Connection, left: &mut usize) -> rusqlite::Result<()> {
    let (now, history_ms) = (state.now, if state.keeps_history() { state.limits.history_ms } else { 0 });
    let due = |(id, tenant): (&TenantId, &state::Tenant)| {
        (tenant.prune_at <= now && tenant.pruned < tenant.accepted).then_some(*id)
    };
    let due: Vec<_> = state.tenants.iter().filter_map(due).collect();
    for id in due {
        if *left == 0 {
            break;
        }
        history(state, c, id, Until::Age(now, history_ms), left)?;
    }
    Ok(())
}

fn history_by_bytes(state: &mut State, c: &Connection, left: &mut usize) -> rusqlite::Result<()> {
    while *left > 0 {
        let excess = history_bytes(state).saturating_sub(state.limits.history_bytes);
        if excess == 0 || !history_of_largest(state, c, excess, left)? {
            break;
        }
    }
    Ok(())
}

fn history_of_largest(state: &mut State, c: &Connection, excess: u64, left: &mut usize) -> rusqlite::Result<bool> {
    let largest = state.tenants.iter().max_by_key(|(_, tenant)| tenant.history_bytes);
    let Some((id, _)) = largest.filter(|(_, tenant)| tenant.history_bytes > 0) else { return Ok(false) };
    let (id, mut turn) = (*id, TURN_ROWS.min(*left));
    let given = turn;
    history(state, c, id, Until::Bytes(excess), &mut turn)?;
    *left -= given - turn;
    Ok(turn < given)
}

/// Where pruning ends.
#[derive(Clone, Copy)]
enum Until {
    /// At a row that ended less than so long before now.
    Age(UnixMs, u64),
    /// When so many bytes are gone.
    Bytes(u64),
}

impl Until {
    /// Whether a row must go; if not, when it is looked at again.
    fn reaches(self, at: UnixMs, gone: u64) -> Result<(), Option<UnixMs>> {
        match self {
            Self::Age(now, kept_ms) if now.saturating_sub(at) < kept_ms => Err(Some(at.saturating_add(kept_ms))),
            Self::Bytes(excess) if gone >= excess => Err(None),
            _ => Ok(()),
        }
    }
}

struct Old {
    key: i64,
    at: UnixMs,
    size: Option<i64>,
}

/// Goes on in one tenant's history, in order of acceptance, until a row is too young.
fn history(state: &mut State, c: &Connection, id: TenantId, until: Until, left: &mut usize) -> rusqlite::Result<()> {
    let Some(tenant) = state.tenants.get_mut(&id) else { return Ok(()) };
    let old = oldest(c, id, tenant.pruned, *left)?;
    let (first, low, before) = (key(id, tenant.pruned), tenant.ended.low(), tenant.history_bytes);
    // When it is looked at again, unless a row says otherwise: at the next change.
    let mut later = if old.len() < *left { UnixMs::MAX } else { tenant.prune_at };
    let mut last = None;
    state.touched.insert(id);
    for Old { key, at, size } in old {
        if let Err(at) = until.reaches(at, before - tenant.history_bytes) {
            later = at.unwrap_or(tenant.prune_at);
            break;
        }
        *left -= 1;
        tenant.pruned = seq_of(key);
        if let Some(size) = size {
            tenant.history_events = tenant.history_events.saturating_sub(1);
            tenant.history_bytes = tenant.history_bytes.saturating_sub(natural(size));
        }
        if tenant.pruned <= low {
            last = Some(key);
        } else if size.is_some() {
            // Others around it may live, and its row in `settled` says that it has ended.
            c.prepare_cached("DELETE FROM event WHERE key=?")?.execute([key])?;
        }
    }
    tenant.prune_at = later;
    if let Some(last) = last {
        // Up to the low mark all have ended, so the whole range goes at once.
        c.prepare_cached("DELETE FROM event WHERE key > ? AND key <= ?")?.execute([first, last])?;
        c.prepare_cached("DELETE FROM settled WHERE key > ? AND key <= ?")?.execute([first, last])?;
    }
    Ok(())
}

fn oldest(c: &Connection, id: TenantId, after: Seq, most: usize) -> rusqlite::Result<Vec<Old>> {
    let mut rows = c.prepare_cached(
        "SELECT s.key, s.at, length(e.body) FROM settled AS s LEFT JOIN event AS e ON e.key=s.key
         WHERE s.key > ? AND s.key <= ? ORDER BY s.key LIMIT ?",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok(Old { key: row.get(0)?, at: row::number(row, 1)?, size: row.get(2)? });
    rows.query_map(params![key(id, after), key(id, row::LAST_SEQ), most as i64], read)?.collect()
}

fn dead_letters(state: &mut State, c: &Connection, left: &mut usize) -> rusqlite::Result<()> {
    if *left == 0 || state.now < state.dead_at {
        return Ok(());
    }
    let mut first =
        c.prepare_cached("SELECT number, tenant, died_at, length(body) FROM dead ORDER BY number LIMIT ?")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, i64>(0)?, TenantId(row.get(1)?), row::number(row, 2)?, row::number(row, 3)?))
    };
    let letters = first.query_map([*left as i64], read)?.collect::<Result<Vec<_>, _>>()?;
    let (now, kept_ms, found) = (state.now, state.limits.dead_letter_ms, letters.len());
    let old: Vec<_> = letters.into_iter().take_while(|(_, _, at, _)| now.saturating_sub(*at) >= kept_ms).collect();
    for (number, tenant, _, size) in &old {
        c.prepare_cached("DELETE FROM dead WHERE number=?")?.execute([number])?;
        forget_dead(state, *tenant, *size);
    }
    if let (Some((first, ..)), Some((last, ..))) = (old.first(), old.last()) {
        tracing::warn!(
            count = old.len(),
            first,
            last,
            "dead letters were kept for as long as they may be, and are gone"
        );
    }
    if old.len() < *left || old.len() < found {
        state.dead_at = state.now.saturating_add(LOOK_MS);
    }
    *left -= old.len();
    Ok(())
}

/// One dead letter less, with an event of this size.
pub(super) fn forget_dead(state: &mut State, tenant: TenantId, size: u64) {
    if let Some(entry) = state.tenants.get_mut(&tenant) {
        entry.dead = entry.dead.saturating_sub(1);
        entry.dead_bytes = entry.dead_bytes.saturating_sub(size);
        state.touched.insert(tenant);
    }
}

fn seen(state: &mut State, c: &Connection, left: &mut usize) -> rusqlite::Result<()> {
    if *left == 0 || state.now < state.seen_at {
        return Ok(());
    }
    let mut first = c.prepare_cached("SELECT id, at FROM seen ORDER BY id LIMIT ?")?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row::number(row, 1)?));
    let rows = first.query_map([*left as i64], read)?.collect::<Result<Vec<_>, _>>()?;
    let (now, kept_ms) = (state.now, state.dedup.kept_for());
    let old: Vec<_> = rows.into_iter().take_while(|(_, at)| now.saturating_sub(*at) >= kept_ms).collect();
    if let Some((last, _)) = old.last() {
        c.prepare_cached("DELETE FROM seen WHERE id <= ?")?.execute([last])?;
    }
    if old.len() < *left {
        state.seen_at = state.now.saturating_add(LOOK_MS);
    }
    *left -= old.len();
    Ok(())
}

fn lost(state: &mut State, c: &Connection, left: &mut usize) -> rusqlite::Result<()> {
    while *left > 0 {
        let Some(Lost { tenant, rows: (first, last) }) = state.dedup.lost().pop() else { break };
        let end = last.min(first.saturating_add(*left as i64 * 8));
        c.prepare_cached("DELETE FROM seen WHERE id BETWEEN ? AND ? AND tenant=?")?.execute([
            first,
            end,
            i64::from(tenant.0),
        ])?;
        state.touched.insert(tenant);
        if end < last {
            state.dedup.lost().push(Lost { tenant, rows: (end + 1, last) });
            *left = 0;
        }
        *left = left.saturating_sub(1);
    }
    Ok(())
}
