//! Tests of opening: who may, and what is recognised as damage.

use std::fs;

use super::SqliteQueue;
use super::support::*;
use crate::queue::{Queue, QueueError};

const PAGE: usize = 4096;
const FRAME: usize = PAGE + 24;

/// A store after a crash, with several transactions in its log.
fn crashed(transactions: u128) -> Place {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    for n in 0..transactions {
        queue.put(tenant, events(n * 10..n * 10 + 10));
    }
    queue.abandon();
    place
}

fn accepted(queue: &SqliteQueue) -> u64 {
    queue.stats(queue.id("a")).accepted
}

#[test]
fn a_second_instance_is_refused_and_the_first_goes_on() {
    let place = Place::new();
    let queue = place.open();
    assert!(matches!(place.try_open(false), Err(QueueError::Locked { .. })));
    assert!(matches!(SqliteQueue::verify(&place.path()), Err(QueueError::Locked { .. })));
    queue.id("a");
    queue.close();
    assert!(place.try_open(false).is_ok());
}

#[test]
fn a_newer_format_and_foreign_files_are_refused_untouched() {
    let place = Place::new();
    place.open().close();
    let file = place.file("queue.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA user_version=4").unwrap();
    let newer = place.try_open(false).err();
    assert!(matches!(newer, Some(QueueError::TooNew { found: 4, known: 3, .. })), "{newer:?}");
    let before = fs::read(&file).unwrap();
    assert!(place.try_open(true).is_err());
    assert_eq!(fs::read(&file).unwrap(), before);
    for content in [b"something else".repeat(100), Vec::new()] {
        fs::write(&file, &content).unwrap();
        assert!(matches!(place.try_open(false), Err(QueueError::Foreign { .. })));
        assert_eq!(fs::read(&file).unwrap(), content);
    }
    fs::remove_file(&file).unwrap();
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(place.try_open(false), Err(QueueError::Foreign { .. })));
}

#[test]
fn a_crash_loses_nothing_and_is_no_damage() {
    let place = crashed(5);
    assert!(place.file("running").exists());
    let queue = place.open();
    assert_eq!(accepted(&queue), 50);
    queue.abandon();
    // A crash right after the start, twice.
    place.open().abandon();
    place.open().abandon();
    let queue = place.open();
    assert_eq!(accepted(&queue), 50);
    queue.close();
    assert!(!place.file("running").exists() && !place.file("queue.db-wal").exists());
    assert_eq!(accepted(&place.open()), 50);
}

#[test]
fn a_bad_frame_with_transactions_after_it_is_damage() {
    let place = crashed(5);
    flip(&place.file("queue.db-wal"), 32 + FRAME + 500);
    let Err(QueueError::Damaged { problem, .. }) = place.try_open(false) else { panic!("it opened") };
    assert!(problem.contains("frame 2 "), "{problem}");
    let report = SqliteQueue::verify(&place.path()).unwrap();
    assert!(report.problems[0].contains("frame 2 "), "{report:?}");
    assert!(matches!(place.try_open(false), Err(QueueError::Damaged { .. })), "looking must not repair");
    let queue = place.try_open(true).unwrap();
    queue.put(queue.id("a"), events(1_000..1_001));
    queue.abandon();
    assert!(accepted(&place.open()) < 50);
}

#[test]
fn a_torn_tail_is_no_damage() {
    let place = crashed(5);
    let log = place.file("queue.db-wal");
    let whole = fs::read(&log).unwrap();
    let last_commit_before = commits(&whole).into_iter().rev().nth(1).unwrap();
    for torn in [whole.len() - 1, whole.len() - 2_000, whole.len() - FRAME] {
        fs::write(&log, &whole[..torn]).unwrap();
        assert_eq!(super::log::look_through(&log).unwrap().damage, None);
    }
    // A page of the last transaction did not reach the disk, but its end did.
    let mut bytes = whole.clone();
    bytes[32 + last_commit_before * FRAME..][..100].fill(0);
    fs::write(&log, &bytes).unwrap();
    let queue = place.open();
    assert_eq!(accepted(&queue), 40);
    queue.put(queue.id("a"), events(100..101));
    queue.abandon();
    let queue = place.open();
    assert_eq!(accepted(&queue), 41);
    queue.close();
}

#[test]
fn what_a_torn_transaction_left_is_not_taken_for_damage_later() {
    let place = crashed(3);
    let log = place.file("queue.db-wal");
    // The end of a long transaction is in the log, but not its start.
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, vec![event(900, &"x".repeat(300_000))]);
    queue.abandon();
    let mut bytes = fs::read(&log).unwrap();
    let start = commits(&bytes).into_iter().rev().find(|end| end * FRAME < bytes.len() - 60 * FRAME).unwrap();
    bytes[32 + start * FRAME..][..100].fill(0);
    fs::write(&log, &bytes).unwrap();
    // Shorter ones come, and the last of them is torn as well.
    let queue = place.open();
    assert_eq!(accepted(&queue), 30);
    queue.put(tenant, events(100..101));
    queue.put(tenant, events(101..102));
    queue.abandon();
    let mut bytes = fs::read(&log).unwrap();
    let ends: Vec<_> = super::log::look_through(&log).map(|log| log.frames).into_iter().collect();
    let last = usize::try_from(ends[0]).unwrap();
    bytes[32 + (last - 1) * FRAME + 100] ^= 1;
    fs::write(&log, &bytes).unwrap();
    assert_eq!(accepted(&place.open()), 31);
}

/// The frames (counted from 1) with which transactions end.
fn commits(log: &[u8]) -> Vec<usize> {
    let frames = log[32..].chunks_exact(FRAME).enumerate();
    frames.filter(|(_, frame)| frame[4..8] != [0; 4]).map(|(n, _)| n + 1).collect()
}

#[test]
fn every_byte_of_an_early_frame_counts() {
    let place = crashed(5);
    let log = place.file("queue.db-wal");
    let whole = fs::read(&log).unwrap();
    for at in (32..32 + FRAME).step_by(7).chain(0..32) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&log, &bytes).unwrap();
        assert!(super::log::look_through(&log).unwrap().damage.is_some(), "byte {at}");
    }
}

#[test]
fn a_log_that_is_gone_is_damage() {
    for content in [None, Some(&b""[..]), Some(&[0; 32][..])] {
        let place = crashed(2);
        let log = place.file("queue.db-wal");
        fs::remove_file(&log).unwrap();
        if let Some(content) = content {
            fs::write(&log, content).unwrap();
        }
        let gone = place.try_open(false).err();
        assert!(matches!(gone, Some(QueueError::Damaged { .. })), "{gone:?}");
        let queue = place.try_open(true).unwrap();
        queue.put(queue.id("a"), events(0..1));
        queue.abandon();
        place.open();
    }
    let place = crashed(2);
    fs::remove_file(place.file("queue.db")).unwrap();
    assert!(matches!(place.try_open(false), Err(QueueError::Damaged { .. })));
}

#[test]
fn a_kill_between_any_two_steps_of_a_close_is_no_damage() {
    let place = crashed(2);
    // The marker is gone, the log is not.
    fs::remove_file(place.file("running")).unwrap();
    assert_eq!(accepted(&place.open()), 20);
    // The log is gone too.
    assert!(!place.file("queue.db-wal").exists());
    assert_eq!(accepted(&place.open()), 20);
    // A store that was being made.
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    fs::write(place.file("queue.db.new"), "half").unwrap();
    fs::write(place.file("queue.db.new-journal"), "half").unwrap();
    place.open().id("a");
}

#[test]
fn a_changed_event_is_marked_and_the_others_are_well() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, vec![event(1, "{}"), event(2, "find me here"), event(3, "{}")]);
    queue.close();
    let file = place.file("queue.db");
    flip(&file, position(&file, "find me here") + 3);
    let report = SqliteQueue::verify(&place.path()).unwrap();
    assert_eq!((report.events, report.damaged), (3, 1));
    let queue = place.open();
    let damaged: Vec<bool> = queue.get(tenant, 0).iter().map(|event| event.damaged).collect();
    assert_eq!(damaged, [false, true, false]);
    assert_eq!(queue.store_stats().wait().unwrap().damaged, 1);
    // It stays so as a dead letter, and when that is replayed.
    queue.note(tenant, vec![dead(2, "damaged")]);
    assert!(queue.dead_letters(Default::default()).wait().unwrap()[0].event.damaged);
    queue.replay(Default::default()).wait().unwrap();
    assert!(queue.get(tenant, 3)[0].damaged);
}

#[test]
fn verify_finds_no_fault_in_a_whole_store() {
    let place = crashed(3);
    let report = SqliteQueue::verify(&place.path()).unwrap();
    assert_eq!((report.events, report.damaged, report.problems.as_slice()), (30, 0, &[][..]));
    assert!(report.log_commits >= 4 && report.log_frames >= report.log_commits);
    assert_eq!(accepted(&place.open()), 30);
    assert!(matches!(SqliteQueue::verify(&place.file("none")), Err(QueueError::Open { .. })));
}
