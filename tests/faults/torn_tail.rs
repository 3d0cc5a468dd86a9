//! The queue goes on from a log whose last transaction is torn in any way, whatever the machine allows: what was answered
//! before is there, and of the torn one all or nothing.

use std::path::Path;
use std::time::Duration;

use accoil_stream::config::QueueConfig;
use accoil_stream::queue::{NewEvent, Queue, QueueError, Report, SqliteQueue, TakeLimits};

use super::damage::read;
use crate::oracle::disk::{Content, Loss};
use crate::oracle::load::Random;

const HEADER: usize = 32;
const FRAME: usize = 4096 + 24;
const EVENTS: usize = 4;

/// Opens a store that may still look locked: a process that another test is starting has its lock until it is the program.
pub(super) fn open(folder: &Path) -> Result<SqliteQueue, QueueError> {
    until_unlocked(|| SqliteQueue::open(folder, &QueueConfig { reserve_bytes: 0, ..QueueConfig::default() }, false))
}

/// Looks through one, in the same way.
pub(super) fn verify(folder: &Path) -> Result<Report, QueueError> {
    until_unlocked(|| SqliteQueue::verify(folder))
}

fn until_unlocked<T>(act: impl Fn() -> Result<T, QueueError>) -> Result<T, QueueError> {
    for _ in 0..1000 {
        match act() {
            Err(QueueError::Locked { .. }) => std::thread::sleep(Duration::from_millis(5)),
            other => return other,
        }
    }
    act()
}

fn events(request: usize) -> Vec<NewEvent> {
    let event = |number| {
        let id = format!("{request}-{number}");
        NewEvent {
            body: format!("{{\"insert_id\":\"{id}\",\"filling\":\"{}\"}}", "x".repeat(900)),
            id: Some(id),
            key: None,
        }
    };
    (0..EVENTS).map(event).collect()
}

/// The log as it was synced, with what was written to it since, frame by frame as SQLite writes.
fn written_since(before: &[u8], after: &[u8]) -> Content {
    let mut log = Content::default();
    log.write(0, before);
    log.sync();
    let mut write = |at: usize, end: usize| {
        let bytes = &after[at.min(after.len())..end.min(after.len())];
        if !bytes.is_empty() && before.get(at..end) != Some(bytes) {
            log.write(at, bytes);
        }
    };
    for frame in (HEADER..after.len()).step_by(FRAME) {
        write(frame, frame + 24);
        write(frame + 24, frame + FRAME);
    }
    log
}

#[test]
fn of_a_torn_transaction_there_is_all_or_nothing_and_all_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let live = folder.path().join("live");
    let queue = open(&live).unwrap();
    let tenant = queue.tenant("a").wait().unwrap();
    drop(queue);
    let database = read(&live.join("queue.db"));
    let queue = open(&live).unwrap();
    queue.tenant("a").wait().unwrap();
    let (mut random, mut wholes, mut cuts) = (Random::new(8), 0, 0);
    let mut before = read(&live.join("queue.db-wal"));
    for request in 0..20 {
        queue.accept(tenant, events(request), vec![]).wait().unwrap();
        let after = read(&live.join("queue.db-wal"));
        for loss in [Loss::All, Loss::Some, Loss::Some, Loss::Some, Loss::Some, Loss::Some, Loss::None] {
            let mut log = written_since(&before, &after);
            assert!(!log.is_synced());
            log.lose(loss, &mut random);
            let cut = folder.path().join(format!("cut-{cuts}"));
            std::fs::create_dir(&cut).unwrap();
            for (name, bytes) in [("queue.db", &*database), ("queue.db-wal", log.bytes()), ("running", b"")] {
                std::fs::write(cut.join(name), bytes).unwrap();
            }
            let again = open(&cut).unwrap();
            let found = again.take(tenant, 0, TakeLimits { events: 1000, bytes: 1 << 30 }).wait().unwrap();
            let whole = found.len() == (request + 1) * EVENTS;
            assert!(
                whole || found.len() == request * EVENTS,
                "{} events after request {request}, {loss:?}",
                found.len()
            );
            assert!(whole || loss != Loss::None, "{loss:?}");
            for (number, event) in found.iter().enumerate() {
                assert_eq!(event.id, format!("{}-{}", number / EVENTS, number % EVENTS));
                assert!(!event.damaged);
            }
            drop(again);
            assert_eq!(verify(&cut).unwrap().problems, Vec::<String>::new());
            wholes += usize::from(whole);
            cuts += 1;
        }
        before = after;
    }
    assert!(read(&live.join("queue.db")) == database, "the log was brought in meanwhile");
    eprintln!("{cuts} torn logs, {wholes} of them with the last transaction");
}
