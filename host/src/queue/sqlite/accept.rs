//! Taking events in, and handing them out.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::prune;
use super::row::{self, checksum, integer, key, made_id};
use super::state::{State, Stop};
use crate::queue::{Accepted, DedupKey, Fact, NewEvent, QueueError, Replay, Seq, Space, Stored, TenantId};

const INSERT: &str = "INSERT INTO event (key, id, at, sum, original, delivered, body) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// Events whose sizes are known by heart; those of others are looked up.
const MOST_SIZES: usize = 1 << 18;

impl State {
    /// Takes events in, all or nothing, but those that are known.
    pub(super) fn accept(
        &mut self,
        c: &Connection,
        tenant: TenantId,
        events: Vec<NewEvent>,
        facts: &[Fact],
    ) -> Result<Accepted, Stop> {
        let given = events.len();
        let mut keys = Vec::new();
        self.dedup.expire(tenant, self.now);
        let events = self.unknown(tenant, events, &mut keys);
        let bytes = events.iter().map(|event| event.body.len() as u64).sum();
        if !events.is_empty() {
            self.check_budgets(c, tenant, bytes)?;
        }
        let accepted = Accepted { events: events.len(), duplicates: given - events.len(), bytes };
        let now = self.now;
        let entry = self.tenant(tenant)?;
        if entry.accepted + events.len() as u64 > row::LAST_SEQ {
            return Err(Stop::Refused(QueueError::Missing { what: "a sequence number that is free".into() }));
        }
        for event in events {
            entry.accepted += 1;
            insert(c, tenant, entry.accepted, event, now)?;
        }
        entry.queued_events += accepted.events as u64;
        entry.queued_bytes += bytes;
        self.used_bytes += bytes;
        if accepted.events > 0 {
            self.arrived.insert(tenant);
        }
        self.remember(c, tenant, keys)?;
        // What comes with events that are known came with them before.
        if accepted.events > 0 || given == 0 {
            self.write_facts(c, tenant, facts)?;
        }
        Ok(accepted)
    }

    /// Leaves out what is known, in the store or earlier in the same request.
    fn unknown(&self, tenant: TenantId, events: Vec<NewEvent>, keys: &mut Vec<DedupKey>) -> Vec<NewEvent> {
        let mut here = HashSet::with_capacity(events.len());
        let is_on = self.dedup.is_on();
        let is_new = |event: &NewEvent| match event.key {
            Some(key) if is_on => {
                let is_new = !self.dedup.contains(tenant, key) && here.insert(key);
                if is_new {
                    keys.push(key);
                }
                is_new
            }
            _ => true,
        };
        events.into_iter().filter(is_new).collect()
    }

    fn check_budgets(&mut self, c: &Connection, tenant: TenantId, bytes: u64) -> Result<(), Stop> {
        if let Some(refusal) = &self.refusal {
            return Err(Stop::Refused(refusal.clone()));
        }
        let limits = self.limits;
        // Dead letters are kept for long: a tenant whose mapping fails must not fill the store with them.
        let entry = self.tenant(tenant)?;
        let held = entry.queued_bytes.saturating_add(entry.dead_bytes);
        if held.saturating_add(bytes) > limits.tenant_bytes {
            return Err(Stop::Refused(QueueError::TenantFull { bytes: held, limit: limits.tenant_bytes }));
        }
        if self.used_bytes.saturating_add(bytes) > limits.bytes {
            prune::make_room(self, c)?;
        }
        if self.used_bytes.saturating_add(bytes) > limits.bytes {
            return Err(Stop::Refused(QueueError::StoreFull { bytes: self.used_bytes, limit: limits.bytes }));
        }
        Ok(())
    }

    /// Moves the take position on.
    pub(super) fn take_up_to(&mut self, tenant: TenantId, events: &[Stored]) -> Result<(), Stop> {
        let last = events.last().map_or(0, |event| event.seq);
        if self.tenants.get(&tenant).is_some_and(|entry| entry.taken >= last) {
            return Ok(());
        }
        let entry = self.tenant(tenant)?;
        entry.taken = last.min(entry.accepted);
        for event in events {
            if self.sizes.len() >= MOST_SIZES {
                break;
            }
            self.sizes.extend(u32::try_from(event.body.len()).ok().map(|size| (key(tenant, event.seq), size)));
        }
        Ok(())
    }

    /// Writes facts; the last one of a key counts.
    pub(super) fn write_facts(&self, c: &Connection, tenant: TenantId, facts: &[Fact]) -> rusqlite::Result<()> {
        for Fact { space, key, value } in facts {
            match value {
                Some(value) => c
                    .prepare_cached(
                        "INSERT OR REPLACE INTO fact (tenant, space, key, value, at) VALUES (?, ?, ?, ?, ?)",
                    )?
                    .execute(params![tenant.0, *space as u8, key, value, integer(self.now)])?,
                None => c.prepare_cached("DELETE FROM fact WHERE tenant=? AND space=? AND key=?")?.execute(params![
                    tenant.0,
                    *space as u8,
                    key
                ])?,
            };
        }
        Ok(())
    }
}

fn insert(c: &Connection, tenant: TenantId, seq: Seq, event: NewEvent, now: u64) -> rusqlite::Result<()> {
    let has_id = event.id.is_some();
    let id = event.id.unwrap_or_else(|| made_id(seq));
    let row = Stored {
        seq,
        id,
        accepted_at: now,
        body: event.body.into_bytes(),
        damaged: false,
        replay: None,
        attempt: None,
    };
    insert_row(c, key(tenant, seq), has_id, &row, checksum(key(tenant, seq), &row))
}

/// Writes an event's row.
pub(super) fn insert_row(c: &Connection, key: i64, has_id: bool, event: &Stored, sum: u32) -> rusqlite::Result<()> {
    let (original, delivered) = match &event.replay {
        Some(Replay { original, delivered }) => (Some(integer(*original)), Some(delivered)),
        None => (None, None),
    };
    c.prepare_cached(INSERT)?.execute(params![
        key,
        has_id.then_some(&event.id),
        integer(event.accepted_at),
        sum,
        original,
        delivered,
        event.body
    ])?;
    Ok(())
}

/// Forgets all facts of a space.
pub(super) fn clear_facts(c: &Connection, tenant: TenantId, space: Space) -> Result<u64, Stop> {
    let gone =
        c.prepare_cached("DELETE FROM fact WHERE tenant=? AND space=?")?.execute(params![tenant.0, space as u8])?;
    Ok(gone as u64)
}

/// Keeps a component.
pub(super) fn keep_component(c: &Connection, digest: &str, bytes: &[u8]) -> Result<(), Stop> {
    c.prepare_cached("INSERT OR IGNORE INTO component (digest, bytes) VALUES (?, ?)")?
        .execute(params![digest, bytes])?;
    Ok(())
}
