//! Tests of the way of an event: accepted, taken, settled.

use super::support::*;
use crate::queue::{
    Attempt, Change, DeadFilter, Fact, NewEvent, Queue, QueueError, Space, SqliteQueue, TakeLimits, TenantId,
};

#[test]
fn what_was_accepted_is_taken_in_order_and_settled_once() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    assert_eq!(queue.put(tenant, events(0..5)).events, 5);
    queue.close();
    let queue = place.open();
    assert_eq!(queue.id("a"), tenant);
    let taken = queue.get(tenant, 0);
    assert_eq!(seqs(&taken), [1, 2, 3, 4, 5]);
    assert_eq!((taken[1].id.as_str(), taken[1].body.as_slice()), ("id-1", &b"{\"n\":1}"[..]));
    queue.note(tenant, vec![settled(1), settled(3)]);
    queue.note(tenant, vec![settled(3)]);
    let queue = reopened(&place, queue);
    let stats = queue.stats(tenant);
    assert_eq!((stats.queued, stats.queued_bytes, stats.taken, stats.accepted), (3, 21, 5, 5));
    assert_eq!(stats.oldest, Some(1_000 * DAY));
    assert_eq!(seqs(&queue.unsettled(tenant, 0, MANY).wait().unwrap()), [2, 4, 5]);
    assert_eq!(seqs(&queue.unsettled(tenant, 2, MANY).wait().unwrap()), [4, 5]);
    assert_eq!(seqs(&queue.get(tenant, 0)), [2, 4, 5]);
    queue.note(tenant, vec![settled(2), settled(5), settled(4)]);
    assert_eq!(queue.stats(tenant).queued, 0);
    assert_eq!(queue.stats(tenant).oldest, None);
    assert!(queue.get(tenant, 0).is_empty());
}

fn reopened(place: &Place, queue: SqliteQueue) -> SqliteQueue {
    drop(queue);
    place.open()
}

#[test]
fn limits_bound_a_take_but_let_the_first_event_through() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..9));
    let take = |after, events, bytes| seqs(&queue.take(tenant, after, TakeLimits { events, bytes }).wait().unwrap());
    assert_eq!(take(0, 2, 1_000), [1, 2]);
    assert_eq!(take(0, 2, 1_000), [1, 2]);
    assert_eq!(queue.stats(tenant).taken, 2);
    assert_eq!(take(2, 100, 15), [3, 4]);
    assert_eq!(take(4, 100, 1), [5]);
    assert_eq!(queue.stats(tenant).taken, 5);
    assert_eq!(take(9, 100, 100), Vec::<u64>::new());
    assert_eq!(seqs(&queue.unsettled(tenant, 0, MANY).wait().unwrap()), [1, 2, 3, 4, 5]);
}

#[test]
fn an_event_without_id_gets_one_and_tenants_do_not_mix() {
    let place = Place::new();
    let queue = place.open();
    let (a, b) = (queue.id("a"), queue.id("b"));
    queue.put(a, vec![NewEvent { id: None, key: None, body: "{}".into() }; 2]);
    queue.put(b, events(0..1));
    assert_eq!(queue.get(a, 0).iter().map(|event| event.id.clone()).collect::<Vec<_>>(), ["seq-1", "seq-2"]);
    assert_eq!(seqs(&queue.get(b, 0)), [1]);
    let story = queue.find(a, "seq-2").wait().unwrap().unwrap();
    assert!(story.event.seq == 2 && story.taken && story.settled.is_none());
    assert!(queue.find(a, "seq-3").wait().unwrap().is_none());
    assert!(queue.find(b, "seq-1").wait().unwrap().is_none());
}

#[test]
fn an_unknown_tenant_fails_alone() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    let bad = queue.accept(TenantId(77), events(0..1), Vec::new());
    let good = queue.accept(tenant, events(0..1), Vec::new());
    assert!(matches!(bad.wait(), Err(QueueError::Missing { .. })));
    assert_eq!(good.wait().unwrap().events, 1);
}

#[test]
fn attempts_are_kept_until_the_event_ends() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..2));
    queue.get(tenant, 0);
    let attempt = Attempt { version: 3, calls: "a\nb".into(), due_at: 9, status: Some(503), ..Attempt::default() };
    queue.note(tenant, vec![Change::Attempted { seq: 1, attempt: attempt.clone() }]);
    let later = Attempt { attempts: 2, ..attempt };
    queue.note(tenant, vec![Change::Attempted { seq: 1, attempt: later.clone() }]);
    queue.abandon();
    let queue = place.open();
    assert_eq!(queue.unsettled(tenant, 0, MANY).wait().unwrap()[0].attempt, Some(later.clone()));
    assert_eq!(queue.load(tenant, 1).wait().unwrap().unwrap().attempt, Some(later));
    queue.note(tenant, vec![settled(1)]);
    assert_eq!(queue.load(tenant, 1).wait().unwrap(), None);
    // Late news about an event that has ended changes nothing.
    queue.note(tenant, vec![Change::Attempted { seq: 1, attempt: Attempt::default() }]);
    assert_eq!(queue.find(tenant, "id-0").wait().unwrap().unwrap().event.attempt, None);
}

#[test]
fn facts_come_with_events_and_changes() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    let fact =
        |key: &str, value: Option<&str>| Fact { space: Space::Told, key: key.into(), value: value.map(Into::into) };
    queue.accept(tenant, events(0..1), vec![fact("k", Some("1")), fact("l", Some("2"))]).wait().unwrap();
    queue.record(tenant, Vec::new(), vec![fact("k", Some("3")), fact("l", None), fact("m", Some("4"))]).wait().unwrap();
    let known = queue.facts(tenant, Space::Told).wait().unwrap();
    assert_eq!(known, [(b"k".into(), b"3".into(), 1_000 * DAY), (b"m".into(), b"4".into(), 1_000 * DAY)]);
    assert!(queue.facts(tenant, Space::UserProperties).wait().unwrap().is_empty());
    assert!(queue.facts(tenant, Space::Rollout).wait().unwrap().is_empty());
    assert_eq!(queue.clear_facts(tenant, Space::Told).wait().unwrap(), 2);
    assert!(queue.facts(tenant, Space::Told).wait().unwrap().is_empty());
}

/// SHA-256 of the bytes 1 and 2.
const COMPONENT: &str = "a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222";

#[test]
fn a_component_is_kept_once() {
    let place = Place::new();
    let queue = place.open();
    for _ in 0..2 {
        queue.keep_component(COMPONENT.into(), vec![1, 2]).wait().unwrap();
    }
    assert_eq!(queue.component(COMPONENT).wait().unwrap(), Some(vec![1, 2]));
    assert_eq!(queue.component("other").wait().unwrap(), None);
}

#[test]
fn a_component_that_was_changed_is_none_and_is_told() {
    let place = Place::new();
    let queue = place.open();
    queue.keep_component(COMPONENT.into(), vec![1, 2]).wait().unwrap();
    drop(queue);
    assert_eq!(SqliteQueue::verify(&place.path()).unwrap().damaged, 0);
    tamper(&place, "UPDATE component SET bytes = x'0103'");
    let report = SqliteQueue::verify(&place.path()).unwrap();
    assert_eq!(
        (report.damaged, report.problems),
        (1, vec![format!("component {COMPONENT}: its checksum does not fit")])
    );
    assert_eq!(place.open().component(COMPONENT).wait().unwrap(), None);
}

#[test]
fn budgets_refuse_before_anything_is_written() {
    let mut place = Place::new();
    place.config.tenant_bytes = 20;
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..2));
    let full = queue.accept(tenant, events(1..4), Vec::new()).wait();
    assert_eq!(full, Err(QueueError::TenantFull { bytes: 14, limit: 20 }));
    // What is known is no burden, and what was refused is not known.
    assert_eq!(queue.put(tenant, events(0..2)).duplicates, 2);
    queue.get(tenant, 0);
    queue.note(tenant, vec![settled(1), settled(2)]);
    assert_eq!(queue.put(tenant, events(2..4)).events, 2);
    // Dead letters count, after a start as well, until they are replayed and delivered, or dropped.
    queue.get(tenant, 2);
    queue.note(tenant, vec![dead(3, "x"), dead(4, "x")]);
    assert_eq!((queue.stats(tenant).queued_bytes, queue.stats(tenant).dead_bytes), (0, 14));
    drop(queue);
    let queue = place.open();
    let full = queue.accept(tenant, events(4..6), Vec::new()).wait();
    assert_eq!(full, Err(QueueError::TenantFull { bytes: 14, limit: 20 }));
    assert_eq!(queue.replay(DeadFilter { limit: Some(1), ..DeadFilter::default() }).wait().unwrap(), 1);
    assert_eq!((queue.stats(tenant).queued_bytes, queue.stats(tenant).dead_bytes), (7, 7));
    assert_eq!(queue.drop_dead_letters(DeadFilter::default()).wait().unwrap(), 1);
    assert_eq!(queue.put(tenant, events(4..5)).events, 1);
    drop(queue);
    place.config.tenant_bytes = 1 << 30;
    place.config.bytes = 50_000;
    let queue = place.open();
    let full = queue.accept(tenant, events(9..10), Vec::new()).wait();
    assert!(matches!(full, Err(QueueError::StoreFull { limit: 50_000, .. })), "{full:?}");
    drop(queue);
    place.config.bytes = 1 << 30;
    place.config.reserve_bytes = u64::MAX;
    let queue = place.open();
    let full = queue.accept(tenant, events(9..10), Vec::new()).wait();
    assert!(matches!(full, Err(QueueError::DiskFull { reserve: u64::MAX, .. })), "{full:?}");
    queue.note(tenant, vec![settled(5)]);
    assert_eq!(queue.stats(tenant).queued, 1);
}

#[test]
fn a_full_store_gives_up_its_history_first() {
    let mut place = Place::new();
    place.config.bytes = 2 << 20;
    let queue = place.open();
    let tenant = queue.id("a");
    let body = "x".repeat(10_000);
    let mut accepted = 0;
    for round in 0..60_u128 {
        let batch = (0..10).map(|n| event(round * 10 + n, &body)).collect();
        accepted += queue.put(tenant, batch).events as u64;
        let taken = queue.get(tenant, accepted - 10);
        queue.note(tenant, taken.iter().map(|event| settled(event.seq)).collect());
    }
    assert!(queue.store_stats().wait().unwrap().used_bytes <= 2 << 20);
    assert!(queue.find(tenant, "id-599").wait().unwrap().is_some());
    assert!(queue.find(tenant, "id-0").wait().unwrap().is_none());
}

#[tokio::test]
async fn arrivals_are_told_after_the_commit() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.tenant("a").await.unwrap();
    let arrivals = queue.arrivals(tenant);
    let accepted = queue.accept(tenant, events(0..1), Vec::new());
    arrivals.notified().await;
    assert_eq!(queue.take(tenant, 0, MANY).await.unwrap().len(), 1);
    accepted.await.unwrap();
}

#[test]
fn a_closed_queue_says_so() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    let last = queue.accept(tenant, events(0..1), Vec::new());
    queue.close();
    assert_eq!(last.wait().unwrap().events, 1);
    assert_eq!(queue.accept(tenant, events(1..2), Vec::new()).wait(), Err(QueueError::Closed));
    assert_eq!(queue.take(tenant, 0, MANY).wait(), Err(QueueError::Closed));
    assert_eq!(queue.record(tenant, Vec::new(), Vec::new()).wait(), Err(QueueError::Closed));
    assert_eq!(place.open().get(tenant, 0).len(), 1);
}
