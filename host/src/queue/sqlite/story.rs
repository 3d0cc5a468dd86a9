//! Looking for one event, and for those that are to be erased.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use super::apply::keys_of;
use super::dead::{SLICE, letters};
use super::inbox::Op;
use super::read::{SPAN, first_seq, position};
use super::reader::Reader;
use super::row::{self, COLUMNS, key};
use super::settle::ending_of;
use crate::queue::{DeadFilter, DeadLetter, Ending, Pending, QueueError, Seq, SettledNote, Stored, Story, TenantId};

/// Rows of history that are shown to the predicate in one transaction.
const ERASE_ROWS: usize = 512;

impl Reader {
    /// The newest event of an id, in whatever state it is.
    pub(super) fn find(&mut self, id: TenantId, event_id: &str) -> Result<Option<Story>, QueueError> {
        let filter = DeadFilter { tenant: Some(id), event_id: Some(event_id.to_owned()), ..DeadFilter::default() };
        let dead = self.dead_letters(&filter)?.pop();
        let found = self.find_event(id, event_id)?;
        let taken = self.read(|c| position(c, id))?.taken;
        let is_newer = |seq: Seq| dead.as_ref().is_none_or(|letter| seq >= letter.event.seq);
        match found.filter(|(event, _)| is_newer(event.seq)) {
            Some((event, settled)) => {
                self.count_damaged(id, std::slice::from_ref(&event));
                let dead = dead.filter(|letter| letter.event.seq == event.seq);
                Ok(Some(Story { taken: event.seq <= taken, event, settled, dead }))
            }
            None => Ok(dead.map(story_of_letter)),
        }
    }

    fn find_event(
        &mut self,
        id: TenantId,
        event_id: &str,
    ) -> Result<Option<(Stored, Option<SettledNote>)>, QueueError> {
        let (first, mut last) = self.read(|c| Ok((first_seq(c, id)?, position(c, id)?.accepted)))?;
        let Some(first) = first else { return Ok(None) };
        let made = event_id.strip_prefix("seq-").and_then(|seq| seq.parse().ok());
        while last >= first && last > 0 {
            let after = last.saturating_sub(SPAN).max(first - 1);
            let made = made.filter(|seq| *seq > after && *seq <= last);
            if let Some(found) = self.read(|c| find_in(c, (key(id, after), key(id, last)), event_id, made, id))? {
                return Ok(Some(found));
            }
            last = after;
        }
        Ok(None)
    }

    /// Removes ended events and dead letters that are meant.
    pub(super) fn erase(&mut self, id: TenantId, mut is_meant: impl FnMut(&Stored) -> bool) -> Result<u64, QueueError> {
        let (mut after, end) = keys_of(id);
        let mut gone = 0;
        loop {
            let events = self.read(|c| ended_events(c, after, end))?;
            let Some((last, _)) = events.last() else { break };
            after = *last;
            let meant = events.iter().filter(|(_, event)| is_meant(event)).map(|(key, _)| *key).collect();
            gone += self.erase_rows(meant, Vec::new())?;
        }
        let filter = DeadFilter { tenant: Some(id), ..DeadFilter::default() };
        let mut after = 0;
        loop {
            let found = self.read(|c| letters(c, &filter, after, i64::MAX, SLICE))?;
            let Some(last) = found.last() else { break };
            after = last.id;
            let meant = found.iter().filter(|letter| is_meant(&letter.event)).map(|letter| letter.id).collect();
            gone += self.erase_rows(Vec::new(), meant)?;
        }
        Ok(gone)
    }

    fn erase_rows(&self, events: Vec<i64>, dead: Vec<i64>) -> Result<u64, QueueError> {
        if events.is_empty() && dead.is_empty() {
            return Ok(0);
        }
        let (reply, pending) = Pending::new();
        self.shared.inbox.push(Op::Erase { events, dead, reply });
        pending.wait()
    }
}

fn story_of_letter(letter: DeadLetter) -> Story {
    let settled =
        SettledNote { ending: Ending::Dead, at: letter.died_at, version: letter.attempt.version, note: String::new() };
    Story { event: letter.event.clone(), taken: true, settled: Some(settled), dead: Some(letter) }
}

/// The newest event of an id in a range. Events that came without an id have none in their row.
fn find_in(
    c: &Connection,
    (after, last): (i64, i64),
    event_id: &str,
    made: Option<Seq>,
    id: TenantId,
) -> rusqlite::Result<Option<(Stored, Option<SettledNote>)>> {
    let found: Option<i64> = c
        .prepare_cached(
            "SELECT max(key) FROM event WHERE key > ? AND key <= ? AND (id = ? OR (key = ? AND id IS NULL))",
        )?
        .query_row(params![after, last, event_id, made.map(|seq| key(id, seq))], |row| row.get(0))?;
    let Some(found) = found else { return Ok(None) };
    let sql = format!(
        "SELECT {COLUMNS}, s.ending, s.at, s.version, s.note FROM event AS e LEFT JOIN attempt AS a ON a.key=e.key
         LEFT JOIN settled AS s ON s.key=e.key WHERE e.key=?"
    );
    c.prepare_cached(&sql)?.query_row([found], |row| Ok((row::stored(row)?, note(row)?))).optional()
}

fn note(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<SettledNote>> {
    if matches!(row.get_ref(15)?, ValueRef::Null) {
        return Ok(None);
    }
    let version = u32::try_from(row::number(row, 17)?).unwrap_or(u32::MAX);
    let (ending, at) = (ending_of(row::number(row, 15)?), row::number(row, 16)?);
    Ok(Some(SettledNote { ending, at, version, note: row::text(row, 18)? }))
}

fn ended_events(c: &Connection, after: i64, end: i64) -> rusqlite::Result<Vec<(i64, Stored)>> {
    let mut select = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM settled AS s JOIN event AS e ON e.key=s.key LEFT JOIN attempt AS a ON a.key=e.key
         WHERE s.key > ? AND s.key <= ? ORDER BY s.key LIMIT ?"
    ))?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row::stored(row)?));
    select.query_map(params![after, end, ERASE_ROWS as i64], read)?.collect()
}
