//! Dead letters: finding them, putting them in the queue again, dropping them.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::accept::insert_row;
use super::inbox::Sweep;
use super::prune::forget_dead;
use super::row::{self, checksum, integer, key};
use super::state::{State, Stop};
use crate::queue::{DeadFilter, DeadLetter, Replay, Stored, TenantId};

/// Letters that are read or changed in one transaction,
pub(super) const SLICE: usize = 256;
/// and bytes of events that are put in the queue again with one.
const SLICE_BYTES: usize = 4 * 1024 * 1024;

/// The first letters that are meant after a number and up to another.
pub(super) fn letters(
    c: &Connection,
    filter: &DeadFilter,
    after: i64,
    last: i64,
    most: usize,
) -> rusqlite::Result<Vec<DeadLetter>> {
    let (conditions, values) = conditions(filter, after, last, most);
    let sql = format!(
        "SELECT number, tenant, seq, died_at, reason, detail, id, at, sum, original, replayed, body, version, calls,
         delivered, attempts, due_at, age_ms, status, answer FROM dead WHERE {conditions} ORDER BY number LIMIT ?"
    );
    c.prepare(&sql)?.query_map(params_from_iter(values), letter)?.collect()
}

fn conditions(filter: &DeadFilter, after: i64, last: i64, most: usize) -> (String, Vec<Value>) {
    let mut sql = String::from("number > ? AND number <= ?");
    let mut values = vec![Value::Integer(after), Value::Integer(last)];
    let wanted = [
        (" AND tenant = ?", filter.tenant.map(|tenant| Value::Integer(tenant.0.into()))),
        (" AND reason = ?", filter.reason.clone().map(Value::Text)),
        (" AND id = ?", filter.event_id.clone().map(Value::Text)),
        (" AND died_at >= ?", filter.since.map(|since| Value::Integer(integer(since)))),
        (" AND died_at < ?", filter.until.map(|until| Value::Integer(integer(until)))),
    ];
    for (condition, value) in wanted {
        if let Some(value) = value {
            sql.push_str(condition);
            values.push(value);
        }
    }
    if !filter.ids.is_empty() {
        let ids: Vec<String> = filter.ids.iter().map(i64::to_string).collect();
        sql.push_str(&format!(" AND number IN ({})", ids.join(",")));
    }
    values.push(Value::Integer(i64::try_from(most).unwrap_or(i64::MAX)));
    (sql, values)
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    let tenant = TenantId(u32::try_from(row::number(row, 1)?).unwrap_or(u32::MAX));
    let mut event = row::event(row, 6, row::number(row, 2)?)?;
    event.damaged = checksum(key(tenant, event.seq), &event) != row::sum(row, 8)?;
    Ok(DeadLetter {
        id: row.get(0)?,
        tenant,
        event,
        died_at: row::number(row, 3)?,
        reason: row::text(row, 4)?,
        detail: row::text(row, 5)?,
        attempt: row::attempt(row, 12)?,
    })
}

/// The number of the newest letter.
fn newest(c: &Connection) -> rusqlite::Result<i64> {
    Ok(c.query_row("SELECT max(number) FROM dead", [], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0))
}

/// What a sweep does with a letter.
type Action = fn(&mut State, &Connection, DeadLetter) -> Result<(), Stop>;

impl State {
    /// Does the next slice of a sweep; true when that was the last.
    pub(super) fn sweep(&mut self, c: &Connection, sweep: &mut Sweep, action: Action) -> Result<bool, Stop> {
        let last = match sweep.last {
            Some(last) => last,
            None => *sweep.last.insert(newest(c)?),
        };
        let wanted = sweep.filter.limit.map_or(SLICE, |limit| limit.saturating_sub(done(sweep)).min(SLICE));
        let found = letters(c, &sweep.filter, sweep.after, last, wanted)?;
        let (mut is_last, mut bytes) = (found.len() < SLICE, 0);
        for letter in found {
            if bytes > SLICE_BYTES {
                is_last = false;
                break;
            }
            bytes += letter.event.body.len();
            sweep.after = letter.id;
            action(self, c, letter)?;
            sweep.done += 1;
        }
        Ok(is_last)
    }
}

fn done(sweep: &Sweep) -> usize {
    usize::try_from(sweep.done).unwrap_or(usize::MAX)
}

/// Removes a letter.
pub(super) fn drop_letter(state: &mut State, c: &Connection, letter: DeadLetter) -> Result<(), Stop> {
    c.prepare_cached("DELETE FROM dead WHERE number=?")?.execute([letter.id])?;
    forget_dead(state, letter.tenant, letter.event.body.len() as u64);
    Ok(())
}

/// Puts a letter at the end of the queue and removes it.
pub(super) fn replay_letter(state: &mut State, c: &Connection, letter: DeadLetter) -> Result<(), Stop> {
    let DeadLetter { id, tenant, event, attempt, .. } = letter;
    let size = event.body.len() as u64;
    let entry = state.tenant(tenant)?;
    entry.accepted += 1;
    entry.queued_events += 1;
    entry.queued_bytes += size;
    let seq = entry.accepted;
    let delivered = joined(event.replay.map(|replay| replay.delivered), &attempt.delivered);
    let replayed = Stored { seq, replay: Some(Replay { original: event.seq, delivered }), ..event };
    let sum = checksum(key(tenant, seq), &replayed);
    // What was damaged must not look whole now.
    let sum = if event.damaged { !sum } else { sum };
    insert_row(c, key(tenant, seq), true, &replayed, sum)?;
    c.prepare_cached("DELETE FROM dead WHERE number=?")?.execute([id])?;
    forget_dead(state, tenant, size);
    state.used_bytes += size;
    state.arrived.insert(tenant);
    Ok(())
}

/// Lines delivered in earlier lives, then those that are not among them.
fn joined(before: Option<String>, now: &str) -> String {
    let mut lines = before.unwrap_or_default();
    let missing: Vec<&str> = now.lines().filter(|line| !lines.lines().any(|known| known == *line)).collect();
    for line in missing {
        if !lines.is_empty() && !lines.ends_with('\n') {
            lines.push('\n');
        }
        lines.push_str(line);
    }
    lines
}
