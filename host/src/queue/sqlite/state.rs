//! What the writer knows by heart: every tenant's counters, and the keys that were seen.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::dedup::Dedup;
use super::ranges::Ended;
use super::row::{self, integer, natural};
use crate::config::QueueConfig;
use crate::queue::{DedupKey, QueueError, Seq, TenantId, UnixMs};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// Why a request was not done.
pub(super) enum Stop {
    /// It can't be done; nothing was written.
    Refused(QueueError),
    /// SQLite says no.
    Disk(rusqlite::Error),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Disk(error)
    }
}

/// One tenant's row.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    pub(super) accepted: Seq,
    pub(super) taken: Seq,
    pub(super) ended: Ended,
    pub(super) queued_events: u64,
    pub(super) queued_bytes: u64,
    pub(super) history_events: u64,
    pub(super) history_bytes: u64,
    pub(super) dead: u64,
    /// Bytes of their events.
    pub(super) dead_bytes: u64,
    /// Everything in the history up to here was pruned.
    pub(super) pruned: Seq,
    /// Before this time pruning has nothing to do.
    pub(super) prune_at: UnixMs,
}

/// Limits in the units that they are compared in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) tenant_bytes: u64,
    pub(super) history_ms: u64,
    pub(super) history_bytes: u64,
    pub(super) dead_letter_ms: u64,
}

/// All of it.
pub(super) struct State {
    pub(super) limits: Limits,
    pub(super) tenants: BTreeMap<TenantId, Tenant>,
    pub(super) names: HashMap<String, TenantId>,
    pub(super) dedup: Dedup,
    /// Rows of `attempt`: most events come through at once, and have none to be deleted.
    pub(super) tried: HashSet<i64>,
    /// Sizes of bodies that were given out: most events end soon after, and their rows need not be
    /// read again for that.
    pub(super) sizes: HashMap<i64, u32>,
    /// The last row of `seen`.
    pub(super) seen: i64,
    /// Tenants whose row is to be written with this transaction.
    pub(super) touched: BTreeSet<TenantId>,
    /// Tenants that have new events with it.
    pub(super) arrived: BTreeSet<TenantId>,
    /// Keys that are forgotten if it fails.
    pub(super) remembered: Vec<(TenantId, Vec<DedupKey>)>,
    /// The last row of `seen` that is certainly on disk.
    seen_before: i64,
    /// Now, for the whole transaction.
    pub(super) now: UnixMs,
    /// Bytes of the store in use, estimated between looks.
    pub(super) used_bytes: u64,
    /// Why no events are accepted for the time being.
    pub(super) refusal: Option<QueueError>,
    /// When old dead letters, and old rows of `seen`, are looked for again.
    pub(super) dead_at: UnixMs,
    pub(super) seen_at: UnixMs,
}

impl State {
    pub(super) fn new(config: &QueueConfig) -> Self {
        let limits = Limits {
            bytes: config.bytes,
            tenant_bytes: config.tenant_bytes,
            history_ms: u64::from(config.history_hours) * HOUR,
            history_bytes: config.history_bytes,
            dead_letter_ms: u64::from(config.dead_letter_days) * DAY,
        };
        Self {
            limits,
            tenants: BTreeMap::new(),
            names: HashMap::new(),
            dedup: Dedup::new(u64::from(config.dedup_days) * DAY, config.dedup_events),
            tried: HashSet::new(),
            sizes: HashMap::new(),
            seen: 0,
            touched: BTreeSet::new(),
            arrived: BTreeSet::new(),
            remembered: Vec::new(),
            seen_before: 0,
            now: 0,
            used_bytes: 0,
            refusal: None,
            dead_at: 0,
            seen_at: 0,
        }
    }

    /// Why no events can be taken in, of whichever tenant.
    pub(super) fn fullness(&self) -> Option<QueueError> {
        let is_full = self.used_bytes >= self.limits.bytes && !self.keeps_history();
        let full = || QueueError::StoreFull { bytes: self.used_bytes, limit: self.limits.bytes };
        self.refusal.clone().or_else(|| is_full.then(full))
    }

    /// Whether ended events are kept at all.
    pub(super) fn keeps_history(&self) -> bool {
        self.limits.history_ms > 0 && self.limits.history_bytes > 0
    }

    /// A tenant that is about to change.
    pub(super) fn tenant(&mut self, tenant: TenantId) -> Result<&mut Tenant, Stop> {
        let missing = || Stop::Refused(QueueError::Missing { what: format!("tenant {tenant}") });
        let found = self.tenants.get_mut(&tenant).ok_or_else(missing)?;
        self.touched.insert(tenant);
        Ok(found)
    }

    /// The tenant of a name, made when there is none.
    pub(super) fn named(&mut self, c: &Connection, name: &str) -> Result<TenantId, Stop> {
        if let Some(tenant) = self.names.get(name) {
            return Ok(*tenant);
        }
        let number = self.tenants.keys().next_back().map_or(1, |last| last.0 + 1);
        if number > row::LAST_TENANT {
            return Err(Stop::Refused(QueueError::Missing { what: "room for another tenant".into() }));
        }
        let tenant = TenantId(number);
        c.prepare_cached("INSERT INTO tenant (number, name) VALUES (?, ?)")?.execute(params![number, name])?;
        self.tenants.insert(tenant, Tenant::default());
        self.names.insert(name.to_owned(), tenant);
        Ok(tenant)
    }

    /// Writes the rows of all tenants that changed.
    pub(super) fn write_tenants(&mut self, c: &Connection) -> rusqlite::Result<()> {
        let mut update = c.prepare_cached(
            "UPDATE tenant SET accepted=?, taken=?, low=?, queued_events=?, queued_bytes=?, history_events=?,
             history_bytes=?, dead=?, dead_bytes=?, dedup_cut=? WHERE number=?",
        )?;
        for id in std::mem::take(&mut self.touched) {
            let Some(tenant) = self.tenants.get(&id) else { continue };
            update.execute(params![
                integer(tenant.accepted),
                integer(tenant.taken),
                integer(tenant.ended.low()),
                integer(tenant.queued_events),
                integer(tenant.queued_bytes),
                integer(tenant.history_events),
                integer(tenant.history_bytes),
                integer(tenant.dead),
                integer(tenant.dead_bytes),
                integer(self.dedup.cut(id)),
                id.0
            ])?;
        }
        Ok(())
    }

    /// The transaction is on disk.
    pub(super) fn committed(&mut self) {
        self.remembered.clear();
        self.seen_before = self.seen;
    }

    /// The transaction is not on disk, as far as one knows; [`Self::load`] is next.
    pub(super) fn rolled_back(&mut self) {
        for (tenant, keys) in std::mem::take(&mut self.remembered) {
            self.dedup.remove(tenant, &keys);
        }
        self.seen = self.seen_before;
        self.touched.clear();
        self.arrived.clear();
    }

    /// Reads everything from disk that can have changed since the last commit.
    pub(super) fn load(&mut self, c: &Connection) -> rusqlite::Result<()> {
        self.tenants.clear();
        self.names.clear();
        let mut all = c.prepare(
            "SELECT number, accepted, taken, low, queued_events, queued_bytes, history_events, history_bytes, dead,
             dead_bytes, dedup_cut, name FROM tenant",
        )?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let at = |column| row::number(row, column);
            let id = TenantId(row.get(0)?);
            let tenant = Tenant {
                accepted: at(1)?,
                taken: at(2)?,
                ended: Ended::new(at(3)?),
                queued_events: at(4)?,
                queued_bytes: at(5)?,
                history_events: at(6)?,
                history_bytes: at(7)?,
                dead: at(8)?,
                dead_bytes: at(9)?,
                ..Tenant::default()
            };
            self.dedup.set_cut(id, at(10)?);
            self.names.insert(row.get(11)?, id);
            self.tenants.insert(id, tenant);
        }
        self.load_ended(c)?;
        self.sizes.clear();
        self.tried =
            c.prepare("SELECT key FROM attempt")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        self.load_seen(c)?;
        self.committed();
        Ok(())
    }

    fn load_ended(&mut self, c: &Connection) -> rusqlite::Result<()> {
        let mut beyond = c.prepare("SELECT key FROM settled WHERE key > ? AND key <= ? ORDER BY key")?;
        for (id, tenant) in &mut self.tenants {
            let low = tenant.ended.low();
            let mut rows = beyond.query([row::key(*id, low), row::key(*id, row::LAST_SEQ)])?;
            while let Some(row) = rows.next()? {
                tenant.ended.insert(row::seq_of(row.get(0)?));
            }
        }
        Ok(())
    }

    fn load_seen(&mut self, c: &Connection) -> rusqlite::Result<()> {
        if !self.dedup.is_on() {
            self.seen = c.query_row("SELECT max(id) FROM seen", [], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0);
            return Ok(());
        }
        let mut after = c.prepare("SELECT id, tenant, at, keys FROM seen WHERE id > ? ORDER BY id")?;
        let mut rows = after.query([self.seen])?;
        while let Some(row) = rows.next()? {
            let at = row::number(row, 2)?;
            self.seen = row.get(0)?;
            if self.now.saturating_sub(at) < self.dedup.kept_for() {
                let keys: Vec<_> = keys_of(row.get_ref(3)?.as_blob().unwrap_or_default());
                self.dedup.insert(TenantId(row.get(1)?), &keys, self.seen, at);
            }
        }
        self.dedup.expire_all(self.now);
        Ok(())
    }

    /// Remembers keys, in memory and with this transaction.
    pub(super) fn remember(&mut self, c: &Connection, tenant: TenantId, keys: Vec<DedupKey>) -> rusqlite::Result<()> {
        if keys.is_empty() || !self.dedup.is_on() {
            return Ok(());
        }
        self.seen += 1;
        let bytes: Vec<u8> = keys.iter().flat_map(|key| key.to_le_bytes()).collect();
        self.dedup.insert(tenant, &keys, self.seen, self.now);
        self.remembered.push((tenant, keys));
        c.prepare_cached("INSERT INTO seen (id, tenant, at, keys) VALUES (?, ?, ?, ?)")?.execute(params![
            self.seen,
            tenant.0,
            integer(self.now),
            bytes
        ])?;
        Ok(())
    }
}

fn keys_of(bytes: &[u8]) -> Vec<DedupKey> {
    bytes.as_chunks::<16>().0.iter().map(|key| DedupKey::from_le_bytes(*key)).collect()
}

/// Looks at how many bytes of the store's file are in use, and how many are free.
pub(super) fn used_bytes(c: &Connection) -> rusqlite::Result<(u64, u64)> {
    let number = |sql| c.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0)).optional();
    let (pages, free) = (number("PRAGMA page_count")?.unwrap_or(0), number("PRAGMA freelist_count")?.unwrap_or(0));
    let page_size = natural(number("PRAGMA page_size")?.unwrap_or(0));
    Ok((natural(pages - free).saturating_mul(page_size), natural(free).saturating_mul(page_size)))
}
