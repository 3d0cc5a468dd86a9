//! Tests of reading what was accepted lately.

use std::time::Instant;

use proptest::prelude::*;

use super::support::*;
use super::{SqliteQueue, row};
use crate::queue::{Queue, Seq, TakeLimits, TenantId};

const START: u64 = 1_000 * DAY;

fn recent(queue: &SqliteQueue, tenant: TenantId, after: Seq, since: u64) -> Vec<Seq> {
    seqs(&queue.recent(tenant, after, since, MANY).wait().unwrap())
}

#[test]
fn events_in_whatever_state_are_read_from_a_time_on() {
    let place = Place::new();
    let queue = place.open();
    let (tenant, other) = (queue.id("a"), queue.id("b"));
    for n in 0..10 {
        queue.put(tenant, events(n..n + 1));
        queue.put(other, events(n..n + 1));
        place.pass(10);
    }
    queue.take(tenant, 0, TakeLimits { events: 6, bytes: 1_000 }).wait().unwrap();
    queue.note(tenant, vec![settled(4), settled(6), dead(5, "x")]);
    assert_eq!(recent(&queue, tenant, 0, 0), (1..=10).collect::<Vec<_>>());
    assert_eq!(recent(&queue, tenant, 0, START + 30), (4..=10).collect::<Vec<_>>());
    assert_eq!(recent(&queue, tenant, 0, START + 31), (5..=10).collect::<Vec<_>>());
    assert_eq!(recent(&queue, tenant, 7, START + 31), (8..=10).collect::<Vec<_>>());
    assert_eq!(recent(&queue, tenant, 0, START + 91), Vec::<Seq>::new());
    assert_eq!(recent(&queue, tenant, 10, 0), Vec::<Seq>::new());
    assert_eq!(recent(&queue, TenantId(9), 0, 0), Vec::<Seq>::new());
    let some = |events, bytes| seqs(&queue.recent(tenant, 2, 0, TakeLimits { events, bytes }).wait().unwrap());
    assert_eq!(some(3, 1_000), [3, 4, 5]);
    assert_eq!(some(9, 15), [3, 4]);
    assert_eq!(some(9, 1), [3]);
    assert_eq!(some(0, 1), Vec::<Seq>::new());
    // Rows that are gone leave no hole to fall into.
    queue.erase(tenant, Box::new(|event| event.seq == 6)).wait().unwrap();
    assert_eq!(recent(&queue, tenant, 4, START + 30), [5, 7, 8, 9, 10]);
    // A replayed event comes with the time of its first life, and misleads nobody.
    queue.replay(Default::default()).wait().unwrap();
    assert_eq!(recent(&queue, tenant, 0, START + 90), [10]);
    assert_eq!(recent(&queue, tenant, 9, START + 40), [10, 11]);
    drop(queue);
    assert_eq!(recent(&place.open(), tenant, 9, START + 40), [10, 11]);
}

#[test]
fn damaged_rows_are_flagged_and_mislead_nobody() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    for n in 0..7 {
        queue.put(tenant, events(n..n + 1));
        place.pass(10);
    }
    drop(queue);
    let c = rusqlite::Connection::open(place.file("queue.db")).unwrap();
    c.execute("UPDATE event SET at = 0 WHERE key = ?", [row::key(tenant, 4)]).unwrap();
    c.execute("UPDATE event SET body = x'00' WHERE key = ?", [row::key(tenant, 6)]).unwrap();
    drop(c);
    let queue = place.open();
    let found = queue.recent(tenant, 0, START + 20, MANY).wait().unwrap();
    let damaged: Vec<_> = found.iter().map(|event| (event.seq, event.damaged)).collect();
    assert_eq!(damaged, [(3, false), (5, false), (6, true), (7, false)]);
    assert_eq!(queue.store_stats().wait().unwrap().damaged, 1);
}

#[test]
fn a_late_time_is_found_without_reading_everything() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    for round in 0..30_u128 {
        queue.put(tenant, events(round * 1_000..round * 1_000 + 1_000));
        place.pass(1_000);
    }
    let start = Instant::now();
    assert_eq!(recent(&queue, tenant, 0, 0).len(), 30_000);
    let all = start.elapsed();
    let start = Instant::now();
    assert_eq!(recent(&queue, tenant, 0, START + 29_000).len(), 1_000);
    let late = start.elapsed();
    assert!(late < all / 3, "{late:?} of {all:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Also where the clock goes back nothing comes that was accepted before, and nothing is missing
    /// from after the last step.
    #[test]
    fn a_clock_that_is_set_back_does_little_harm(
        steps in prop::collection::vec((1..4_u128, 0..50_u64, prop::bool::weighted(0.1)), 1..25),
        since in 0..400_u64,
        after in 0..20_u64,
    ) {
        let place = Place::new();
        let queue = place.open();
        let tenant = queue.id("a");
        let (mut times, mut last_step) = (Vec::new(), 0);
        for (count, ms, is_back) in steps {
            let first = times.len() as u128;
            queue.put(tenant, events(first..first + count));
            let now = place.time.load(std::sync::atomic::Ordering::Relaxed);
            times.extend((0..count).map(|_| now));
            if is_back {
                place.time.fetch_sub(ms, std::sync::atomic::Ordering::Relaxed);
                last_step = times.len();
            } else {
                place.pass(ms);
            }
        }
        let since = START + since;
        let found = recent(&queue, tenant, after, since);
        let meant = |first: usize| {
            let events = (1..).zip(&times).skip(first);
            events.filter(|(seq, at)| *seq > after && **at >= since).map(|(seq, _)| seq).collect::<Vec<Seq>>()
        };
        let all = meant(0);
        prop_assert!(found.iter().all(|seq| all.contains(seq)) && found.is_sorted());
        let wanted = meant(last_step);
        prop_assert!(wanted.iter().all(|seq| found.contains(seq)), "{:?} of {:?}", found, wanted);
        if last_step == 0 {
            prop_assert_eq!(found, all);
        }
    }
}
