//! What the door counts, for whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::refusal::Reason;
use super::routes::Route;

const ROUTES: usize = Route::ALL.len();
const REASONS: usize = Reason::ALL.len();

/// The counts of one tenant, or of the requests that are no tenant's. All grow only, but for
/// `remembered`.
#[derive(Debug)]
pub struct IngestCounts {
    taken: [AtomicU64; ROUTES],
    refused: [[AtomicU64; REASONS]; ROUTES],
    /// When a refusal was last told to the operator, by reason: seconds since 1970.
    told: [AtomicU64; REASONS],
    /// Events that were taken in.
    pub events: AtomicU64,
    /// Events that were known already.
    pub duplicates: AtomicU64,
    /// Bytes of the events that were taken in, as stored.
    pub bytes: AtomicU64,
    /// Events that could not be taken because of what they are.
    pub invalid_events: AtomicU64,
    /// Groups whose properties are remembered now.
    pub groups_remembered: AtomicU64,
    /// Users whose properties are remembered now.
    pub users_remembered: AtomicU64,
}

impl Default for IngestCounts {
    fn default() -> Self {
        Self {
            taken: Default::default(),
            refused: Default::default(),
            told: std::array::from_fn(|_| AtomicU64::new(0)),
            events: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            invalid_events: AtomicU64::new(0),
            groups_remembered: AtomicU64::new(0),
            users_remembered: AtomicU64::new(0),
        }
    }
}

impl IngestCounts {
    /// Requests of a route that were taken in.
    pub fn taken(&self, route: Route) -> u64 {
        self.taken.get(route as usize).map_or(0, read)
    }

    /// Requests of a route that were refused for this reason.
    pub fn refused(&self, route: Route, reason: Reason) -> u64 {
        self.refused.get(route as usize).and_then(|row| row.get(reason as usize)).map_or(0, read)
    }

    pub(super) fn count_taken(&self, route: Route) {
        if let Some(count) = self.taken.get(route as usize) {
            add(count, 1);
        }
    }

    pub(super) fn count_refused(&self, route: Route, reason: Reason) {
        if let Some(count) = self.refused.get(route as usize).and_then(|row| row.get(reason as usize)) {
            add(count, 1);
        }
    }

    /// Whether it is time to tell the operator of a reason again; that it was told is noted.
    pub(super) fn is_news(&self, reason: Reason, now_s: u64, quiet_s: u64) -> bool {
        let Some(told) = self.told.get(reason as usize) else { return false };
        let last = told.load(Ordering::Relaxed);
        now_s >= last.saturating_add(quiet_s)
            && told.compare_exchange(last, now_s, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

pub(super) fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
