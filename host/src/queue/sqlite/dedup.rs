//! Which events were seen: keys in generations by time, for each tenant.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use crate::queue::{DedupKey, TenantId, UnixMs};

/// Generations that the window is divided into: how exactly it is kept.
const GENERATIONS: u64 = 28;
/// The largest generation's part of all keys: how much a tenant loses at once when all have too
/// many.
const LARGEST_PART: usize = 32;

/// Keys are keyed digests already.
#[derive(Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        let (low, high) = (key & u128::from(u64::MAX), key >> 64);
        self.0 = u64::try_from(low ^ high).unwrap_or(0);
    }
}

pub(super) type Keys = HashSet<DedupKey, BuildHasherDefault<AsItIs>>;

#[derive(Debug)]
struct Generation {
    start: UnixMs,
    end: UnixMs,
    rows: (i64, i64),
    keys: Keys,
}

#[derive(Debug, Default)]
struct Tenant {
    generations: VecDeque<Generation>,
    count: usize,
    /// Nothing from before this time is remembered, though the window is longer.
    cut: UnixMs,
}

/// Rows of `seen` that a tenant lost before their time; they are still to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) tenant: TenantId,
    pub(super) rows: (i64, i64),
}

/// The keys of all tenants.
#[derive(Debug)]
pub(super) struct Dedup {
    window: u64,
    most: usize,
    total: usize,
    tenants: BTreeMap<TenantId, Tenant>,
    lost: Vec<Lost>,
    /// Tenants that lost keys since it was last asked.
    cuts: Vec<TenantId>,
}

impl Dedup {
    /// Remembers for `window` milliseconds at least, and `most` keys at most.
    pub(super) fn new(window: u64, most: usize) -> Self {
        Self { window, most, total: 0, tenants: BTreeMap::new(), lost: Vec::new(), cuts: Vec::new() }
    }

    /// Whether anything is remembered at all.
    pub(super) fn is_on(&self) -> bool {
        self.window > 0 && self.most > 0
    }

    /// How long rows must be kept: the window, and one generation more.
    pub(super) fn kept_for(&self) -> u64 {
        self.window.saturating_add(self.window / GENERATIONS)
    }

    /// Whether the tenant has had the key.
    pub(super) fn contains(&self, tenant: TenantId, key: DedupKey) -> bool {
        let known = |tenant: &Tenant| tenant.generations.iter().rev().any(|one| one.keys.contains(&key));
        self.tenants.get(&tenant).is_some_and(known)
    }

    /// Remembers keys that are in this row of `seen`.
    pub(super) fn insert(&mut self, tenant: TenantId, keys: &[DedupKey], row: i64, now: UnixMs) {
        if !self.is_on() {
            return;
        }
        self.expire(tenant, now);
        let longest = (self.window / GENERATIONS).max(1);
        let largest = (self.most / LARGEST_PART).max(1);
        let mut added = 0;
        {
            let tenant = self.tenants.entry(tenant).or_default();
            for part in keys.chunks(largest) {
                let Some(generation) = tenant.generation(now, longest, largest, row) else { break };
                let before = generation.keys.len();
                generation.keys.extend(part);
                added += generation.keys.len() - before;
                generation.end = generation.end.max(now);
                generation.rows.1 = row;
            }
            tenant.count += added;
        }
        self.total += added;
        while self.total > self.most && self.cut_largest() {}
    }

    /// Forgets keys whose event was not written after all.
    pub(super) fn remove(&mut self, tenant: TenantId, keys: &[DedupKey]) {
        let Some(tenant) = self.tenants.get_mut(&tenant) else { return };
        for key in keys {
            if tenant.generations.iter_mut().rev().any(|one| one.keys.remove(key)) {
                tenant.count -= 1;
                self.total -= 1;
            }
        }
    }

    /// Drops what is older than the window.
    pub(super) fn expire(&mut self, tenant: TenantId, now: UnixMs) {
        let Some(tenant) = self.tenants.get_mut(&tenant) else { return };
        while tenant.generations.front().is_some_and(|one| now.saturating_sub(one.end) >= self.window) {
            self.total -= tenant.drop_oldest().map_or(0, |one| one.keys.len());
        }
    }

    /// Drops what is older than the window, of all tenants.
    pub(super) fn expire_all(&mut self, now: UnixMs) {
        let tenants: Vec<_> = self.tenants.keys().copied().collect();
        tenants.into_iter().for_each(|tenant| self.expire(tenant, now));
    }

    /// The tenant with most keys loses its oldest ones, so that a flood shortens only its own window.
    fn cut_largest(&mut self) -> bool {
        let Some((id, tenant)) = self.tenants.iter_mut().max_by_key(|(_, tenant)| tenant.count) else { return false };
        let Some(oldest) = tenant.drop_oldest() else { return false };
        let next = tenant.generations.front();
        tenant.cut = tenant.cut.max(next.map_or(oldest.end, |one| one.start));
        // A row can belong to two generations: then it stays with the younger one.
        let last = next.map_or(oldest.rows.1, |one| oldest.rows.1.min(one.rows.0 - 1));
        self.total -= oldest.keys.len();
        self.cuts.push(*id);
        self.lost.push(Lost { tenant: *id, rows: (oldest.rows.0, last) });
        true
    }

    /// Before which time a tenant's keys were lost; 0 when none were.
    pub(super) fn cut(&self, tenant: TenantId) -> UnixMs {
        self.tenants.get(&tenant).map_or(0, |tenant| tenant.cut)
    }

    /// Restores what [`Self::cut`] said.
    pub(super) fn set_cut(&mut self, tenant: TenantId, cut: UnixMs) {
        let entry = self.tenants.entry(tenant).or_default();
        entry.cut = entry.cut.max(cut);
        self.cuts.push(tenant);
    }

    /// Tenants whose [`Self::cut`] changed since it was last asked.
    pub(super) fn take_cuts(&mut self) -> Vec<(TenantId, UnixMs)> {
        std::mem::take(&mut self.cuts).into_iter().map(|tenant| (tenant, self.cut(tenant))).collect()
    }

    /// Whether there are rows that can go before their time.
    pub(super) fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Rows that can go before their time.
    pub(super) fn lost(&mut self) -> &mut Vec<Lost> {
        &mut self.lost
    }
}

impl Tenant {
    /// The generation that new keys go to.
    fn generation(&mut self, now: UnixMs, longest: u64, largest: usize, row: i64) -> Option<&mut Generation> {
        let fits = |one: &Generation| now.saturating_sub(one.start) < longest && one.keys.len() < largest;
        if !self.generations.back().is_some_and(fits) {
            self.generations.push_back(Generation { start: now, end: now, rows: (row, row), keys: Keys::default() });
        }
        self.generations.back_mut()
    }

    fn drop_oldest(&mut self) -> Option<Generation> {
        let oldest = self.generations.pop_front()?;
        self.count -= oldest.keys.len();
        Some(oldest)
    }
}
