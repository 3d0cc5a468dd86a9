//! Tests of dead letters, history, erasing and backups.

use super::support::*;
use crate::queue::{DeadFilter, Ending, Queue, QueueError, Replay};

fn all() -> DeadFilter {
    DeadFilter::default()
}

fn reasons(queue: &super::SqliteQueue, filter: DeadFilter) -> Vec<u64> {
    queue.dead_letters(filter).wait().unwrap().iter().map(|letter| letter.event.seq).collect()
}

#[test]
fn an_event_dies_once_and_can_be_told_apart() {
    let place = Place::new();
    let queue = place.open();
    let (a, b) = (queue.id("a"), queue.id("b"));
    queue.put(a, events(0..5));
    queue.put(b, events(0..1));
    queue.get(a, 0);
    queue.get(b, 0);
    queue.note(a, vec![dead(1, "rejected"), dead(1, "rejected")]);
    queue.note(a, vec![dead(1, "rejected"), settled(1), dead(3, "expired")]);
    place.pass(1_000);
    queue.note(a, vec![dead(4, "rejected")]);
    queue.note(b, vec![dead(1, "rejected")]);
    assert_eq!((queue.stats(a).dead, queue.stats(a).queued), (3, 2));
    let letters = queue.dead_letters(all()).wait().unwrap();
    assert_eq!(letters.len(), 4);
    assert_eq!((letters[0].reason.as_str(), letters[0].detail.as_str()), ("rejected", "why 1 died"));
    assert_eq!((letters[0].event.id.as_str(), letters[0].event.damaged), ("id-0", false));
    assert_eq!(letters[0].attempt.version, 2);
    assert_eq!(reasons(&queue, DeadFilter { tenant: Some(a), ..all() }), [1, 3, 4]);
    assert_eq!(reasons(&queue, DeadFilter { reason: Some("expired".into()), ..all() }), [3]);
    assert_eq!(reasons(&queue, DeadFilter { event_id: Some("id-3".into()), ..all() }), [4]);
    assert_eq!(reasons(&queue, DeadFilter { since: Some(1_000 * DAY + 1_000), ..all() }), [4, 1]);
    assert_eq!(reasons(&queue, DeadFilter { until: Some(1_000 * DAY + 1_000), ..all() }), [1, 3]);
    assert_eq!(reasons(&queue, DeadFilter { ids: vec![letters[1].id, letters[3].id], ..all() }), [3, 1]);
    assert_eq!(reasons(&queue, DeadFilter { limit: Some(2), ..all() }), [1, 3]);
    let dropped = queue.drop_dead_letters(DeadFilter { tenant: Some(a), limit: Some(2), ..all() });
    assert_eq!(dropped.wait().unwrap(), 2);
    assert_eq!(reasons(&queue, all()), [4, 1]);
    assert_eq!(queue.stats(a).dead, 1);
}

#[test]
fn a_replayed_letter_is_a_new_event_that_knows_where_it_comes_from() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..600));
    queue.get(tenant, 0);
    queue.note(tenant, (1..=600).map(|seq| dead(seq, "rejected")).collect());
    assert_eq!(queue.stats(tenant).queued, 0);
    assert_eq!(queue.replay(DeadFilter { ids: vec![3], ..all() }).wait().unwrap(), 1);
    let again = queue.get(tenant, 600);
    assert_eq!((again[0].seq, again[0].id.as_str(), again[0].damaged), (601, "id-2", false));
    assert_eq!(again[0].replay, Some(Replay { original: 3, delivered: "line 3".into() }));
    queue.note(tenant, vec![dead(601, "again")]);
    assert_eq!(queue.replay(DeadFilter { limit: Some(599), ..all() }).wait().unwrap(), 599);
    assert_eq!(queue.replay(all()).wait().unwrap(), 1);
    queue.abandon();
    let queue = place.open();
    assert_eq!((queue.stats(tenant).dead, queue.stats(tenant).queued), (0, 600));
    let twice = queue.get(tenant, 0).pop().unwrap();
    assert_eq!(twice.replay, Some(Replay { original: 601, delivered: "line 3\nline 601".into() }));
}

#[test]
fn the_story_of_an_event_is_found() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..4));
    let story = queue.find(tenant, "id-1").wait().unwrap().unwrap();
    assert!(!story.taken && story.settled.is_none() && story.dead.is_none());
    queue.get(tenant, 0);
    queue.note(tenant, vec![settled(1), dead(2, "rejected")]);
    let story = queue.find(tenant, "id-0").wait().unwrap().unwrap();
    assert!(story.taken && story.event.body == b"{\"n\":0}");
    assert_eq!(story.settled.unwrap().ending, Ending::Delivered);
    let story = queue.find(tenant, "id-1").wait().unwrap().unwrap();
    assert_eq!(story.settled.unwrap().ending, Ending::Dead);
    assert_eq!(story.dead.unwrap().reason, "rejected");
    queue.replay(all()).wait().unwrap();
    let story = queue.find(tenant, "id-1").wait().unwrap().unwrap();
    assert!(story.event.seq == 5 && !story.taken && story.dead.is_none());
    assert!(queue.find(tenant, "id-9").wait().unwrap().is_none());
}

#[test]
fn history_goes_with_age_and_never_what_lives() {
    let mut place = Place::new();
    place.config.dead_letter_days = 3;
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..2_000));
    queue.get(tenant, 0);
    // The first one stays, so all others end beyond the low mark.
    queue.note(tenant, (2..=1_500).map(settled).collect());
    queue.note(tenant, vec![dead(1_501, "x")]);
    place.pass(DAY);
    for _ in 0..40 {
        queue.note(tenant, Vec::new());
    }
    assert!(queue.find(tenant, "id-1").wait().unwrap().is_none());
    assert!(queue.find(tenant, "id-1499").wait().unwrap().is_none());
    assert!(queue.find(tenant, "id-1500").wait().unwrap().unwrap().dead.is_some());
    let queue = {
        queue.abandon();
        place.open()
    };
    let open: Vec<u64> = std::iter::once(1).chain(1_502..=2_000).collect();
    assert_eq!(seqs(&queue.get(tenant, 0)), open);
    queue.note(tenant, vec![settled(700), settled(1)]);
    assert_eq!(queue.stats(tenant).queued, 499);
    place.pass(3 * DAY);
    for _ in 0..40 {
        queue.note(tenant, Vec::new());
    }
    assert_eq!(queue.stats(tenant).dead, 0);
    assert_eq!(seqs(&queue.get(tenant, 0)), (1_502..=2_000).collect::<Vec<_>>());
    drop(queue);
    let connection = rusqlite::Connection::open(place.file("queue.db")).unwrap();
    let left = connection
        .query_row("SELECT (SELECT count(*) FROM settled), low FROM tenant", [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(left, Ok((0, 1_501)), "the low mark passes what was pruned");
}

#[test]
fn without_history_ended_events_leave_nothing() {
    let mut place = Place::new();
    place.config.history_hours = 0;
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..10));
    queue.get(tenant, 0);
    queue.note(tenant, (2..=10).map(settled).collect());
    queue.abandon();
    let queue = place.open();
    assert_eq!(seqs(&queue.get(tenant, 0)), [1]);
    queue.note(tenant, (1..=10).map(settled).collect());
    queue.note(tenant, Vec::new());
    assert_eq!(queue.stats(tenant).queued, 0);
    assert!(queue.find(tenant, "id-3").wait().unwrap().is_none());
    drop(queue);
    let connection = rusqlite::Connection::open(place.file("queue.db")).unwrap();
    let sql = "SELECT (SELECT count(*) FROM settled) + (SELECT count(*) FROM event), low FROM tenant";
    assert_eq!(connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))), Ok((0, 10)));
}

#[test]
fn history_is_bounded_in_bytes_the_largest_share_first() {
    let mut place = Place::new();
    place.config.history_bytes = 10_000;
    let queue = place.open();
    let (small, large) = (queue.id("small"), queue.id("large"));
    queue.put(small, events(0..10));
    queue.put(large, (0..50).map(|key| event(key, &"x".repeat(1_000))).collect());
    for tenant in [small, large] {
        let taken = queue.get(tenant, 0);
        queue.note(tenant, taken.iter().map(|event| settled(event.seq)).collect());
    }
    queue.note(small, Vec::new());
    assert!(queue.find(small, "id-0").wait().unwrap().is_some());
    assert!(queue.find(large, "id-0").wait().unwrap().is_none());
    assert!(queue.find(large, "id-49").wait().unwrap().is_some());
}

#[test]
fn erasing_takes_history_and_letters_but_nothing_that_lives() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..6));
    queue.get(tenant, 0);
    queue.note(tenant, vec![settled(1), settled(2), dead(4, "x"), settled(6)]);
    let is_meant = |event: &crate::queue::Stored| event.seq != 2;
    // 1, 4 and 6 of the history, and the letter of 4.
    assert_eq!(queue.erase(tenant, Box::new(is_meant)).wait().unwrap(), 4);
    assert!(queue.find(tenant, "id-0").wait().unwrap().is_none());
    assert!(queue.find(tenant, "id-1").wait().unwrap().is_some());
    assert!(queue.find(tenant, "id-3").wait().unwrap().is_none());
    queue.abandon();
    let queue = place.open();
    assert_eq!(queue.stats(tenant).dead, 0);
    assert_eq!(seqs(&queue.get(tenant, 0)), [3, 5]);
}

#[test]
fn a_backup_is_a_store() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..6));
    let file = place.folder.path().join("copy.db");
    queue.backup(&file).wait().unwrap();
    assert!(matches!(queue.backup(&file).wait(), Err(QueueError::Open { .. })));
    queue.put(tenant, events(6..8));
    let other = Place::new();
    super::SqliteQueue::restore(&file, &other.path()).unwrap();
    let again = super::SqliteQueue::restore(&file, &other.path());
    assert!(matches!(&again, Err(QueueError::Open { problem, .. }) if problem.contains("move")), "{again:?}");
    let copy = other.open();
    assert_eq!(seqs(&copy.get(tenant, 0)), [1, 2, 3, 4, 5, 6]);
    assert_eq!(copy.put(tenant, events(0..8)).events, 2);
    copy.close();
    std::fs::write(place.folder.path().join("no.db"), "x".repeat(5_000)).unwrap();
    let foreign = super::SqliteQueue::restore(&place.folder.path().join("no.db"), &place.file("third"));
    assert!(matches!(foreign, Err(QueueError::Foreign { .. })));
}
