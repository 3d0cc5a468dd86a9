//! Tests of what is recognised as a duplicate, and for how long.

use super::support::*;
use crate::queue::{NewEvent, Queue, QueueError};

#[test]
fn duplicates_are_recognised_in_a_request_among_requests_and_after_a_crash() {
    let place = Place::new();
    let queue = place.open();
    let (a, b) = (queue.id("a"), queue.id("b"));
    let twice = vec![event(1, "{}"), event(2, "{}"), event(1, "{}")];
    let accepted = queue.put(a, twice.clone());
    assert_eq!((accepted.events, accepted.duplicates, accepted.bytes), (2, 1, 4));
    let pending: Vec<_> = (0..20).map(|_| queue.accept(a, events(5..8), Vec::new())).collect();
    let events_in: usize = pending.into_iter().map(|one| one.wait().unwrap().events).sum();
    assert_eq!(events_in, 3);
    assert_eq!(queue.put(b, events(1..2)).events, 1, "another tenant's keys are its own");
    queue.abandon();
    let queue = place.open();
    assert_eq!(queue.put(a, twice).duplicates, 3);
    let keyless = NewEvent { id: Some("same".into()), key: None, body: "{}".into() };
    assert_eq!(queue.put(a, vec![keyless.clone(), keyless]).events, 2);
}

#[test]
fn the_window_ends_and_its_rows_go() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..3));
    assert_eq!(queue.stats(tenant).dedup_window_ms, 7 * DAY);
    place.pass(7 * DAY - 1);
    assert_eq!(queue.put(tenant, events(0..3)).duplicates, 3);
    place.pass(1);
    assert_eq!(queue.put(tenant, events(0..3)).events, 3);
    drop(queue);
    let queue = place.open();
    assert_eq!(queue.put(tenant, events(0..3)).duplicates, 3);
    place.pass(8 * DAY);
    queue.put(tenant, events(7..8));
    drop(queue);
    let rows: i64 = rows_of_seen(&place);
    assert_eq!(rows, 1);
}

fn rows_of_seen(place: &Place) -> i64 {
    let connection = rusqlite::Connection::open(place.file("queue.db")).unwrap();
    connection.query_row("SELECT count(*) FROM seen", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_flood_shortens_only_its_own_window() {
    let mut place = Place::new();
    place.config.dedup_events = 1_000;
    let queue = place.open();
    let (quiet, loud) = (queue.id("quiet"), queue.id("loud"));
    queue.put(quiet, events(0..100));
    for round in 0..30 {
        place.pass(60_000);
        queue.put(loud, events(round * 100..round * 100 + 100));
    }
    let check = |queue: &super::SqliteQueue| {
        assert_eq!(queue.stats(quiet).dedup_window_ms, 7 * DAY);
        let window = queue.stats(loud).dedup_window_ms;
        assert!((60_000..30 * 60_000).contains(&window), "{window}");
        assert_eq!(queue.put(quiet, events(0..100)).duplicates, 100);
        assert_eq!(queue.put(loud, events(2_900..3_000)).duplicates, 100);
    };
    check(&queue);
    queue.abandon();
    let queue = place.open();
    check(&queue);
    assert_eq!(queue.put(loud, events(0..1)).events, 1);
    queue.close();
    assert!(rows_of_seen(&place) < 20, "rows that were lost are deleted");
}

#[test]
fn what_was_refused_is_not_taken_for_known() {
    let mut place = Place::new();
    place.config.tenant_bytes = 10;
    let queue = place.open();
    let tenant = queue.id("a");
    let refused = queue.accept(tenant, events(0..5), Vec::new()).wait();
    assert!(matches!(refused, Err(QueueError::TenantFull { .. })));
    assert_eq!(queue.put(tenant, events(0..1)).events, 1);
}

#[test]
fn a_clock_that_jumps_back_breaks_nothing() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..3));
    place.time.store(5, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(queue.put(tenant, events(0..4)).duplicates, 3);
    queue.get(tenant, 0);
    queue.note(tenant, vec![settled(1), dead(2, "x")]);
    drop(queue);
    let queue = place.open();
    assert_eq!(queue.put(tenant, events(0..4)).duplicates, 4);
    assert_eq!(queue.stats(tenant).dead, 1);
}
