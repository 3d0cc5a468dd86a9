//! Tests of stores that an older release wrote.

use std::fs;

use rusqlite::Connection;

use super::support::*;
use super::{SqliteQueue, log};
use crate::queue::{AuditFilter, Queue, QueueError, TenantId};

/// The tables of format 1, as they were written then.
const FORMAT_1: &str = "
CREATE TABLE tenant (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    accepted INTEGER NOT NULL DEFAULT 0, taken INTEGER NOT NULL DEFAULT 0, low INTEGER NOT NULL DEFAULT 0,
    queued_events INTEGER NOT NULL DEFAULT 0, queued_bytes INTEGER NOT NULL DEFAULT 0,
    history_events INTEGER NOT NULL DEFAULT 0, history_bytes INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0, dedup_cut INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE event (
    key INTEGER PRIMARY KEY, id TEXT, at INTEGER NOT NULL, sum INTEGER NOT NULL,
    original INTEGER, delivered TEXT, body BLOB NOT NULL
) STRICT;
CREATE TABLE settled (
    key INTEGER PRIMARY KEY, at INTEGER NOT NULL, version INTEGER NOT NULL, ending INTEGER NOT NULL, note TEXT NOT NULL
) STRICT;
CREATE TABLE attempt (
    key INTEGER PRIMARY KEY, version INTEGER NOT NULL, calls TEXT NOT NULL, delivered TEXT NOT NULL,
    attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, age_ms INTEGER NOT NULL, status INTEGER, answer TEXT NOT NULL
) STRICT;
CREATE TABLE dead (
    number INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL, seq INTEGER NOT NULL,
    id TEXT NOT NULL, at INTEGER NOT NULL, sum INTEGER NOT NULL, original INTEGER, replayed TEXT,
    died_at INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    version INTEGER NOT NULL, calls TEXT NOT NULL, delivered TEXT NOT NULL, attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL, age_ms INTEGER NOT NULL, status INTEGER, answer TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX dead_id ON dead (tenant, id);
CREATE TABLE fact (
    tenant INTEGER NOT NULL, space INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (tenant, space, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE activation (
    tenant INTEGER NOT NULL, version INTEGER NOT NULL, from_seq INTEGER NOT NULL, at INTEGER NOT NULL,
    pin TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (tenant, version)
) STRICT;
CREATE TABLE component (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE seen (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, at INTEGER NOT NULL, keys BLOB NOT NULL) STRICT;
CREATE TABLE start (only INTEGER PRIMARY KEY CHECK (only = 1), count INTEGER NOT NULL) STRICT;
INSERT INTO start VALUES (1, 0);
INSERT INTO tenant (number, name, accepted, taken) VALUES (1, 'a', 9, 9), (2, 'b', 0, 0);
INSERT INTO component VALUES ('a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222', x'0102');
-- Neither the rows' order nor the clock's tells the versions' order.
INSERT INTO activation VALUES (2, 1, 1, 500, 'x', 'first'), (1, 3, 8, 400, 'p', 'back again'),
    (1, 1, 1, 450, 'p', 'first'), (1, 2, 4, 600, 'q', 'the file changed');
PRAGMA application_id=0x41636351; PRAGMA user_version=1;
";

/// A store of format 1 that was closed in order.
fn old() -> Place {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    let c = Connection::open(place.file("queue.db")).unwrap();
    c.execute_batch("PRAGMA page_size=4096; PRAGMA journal_mode=WAL").unwrap();
    c.execute_batch(FORMAT_1).unwrap();
    place
}

fn assert_migrated(queue: &SqliteQueue) {
    let activations = queue.activations(TenantId(1)).wait().unwrap();
    let found: Vec<_> =
        activations.iter().map(|a| (a.version, a.from, a.at, a.by.as_str(), a.reason.as_str())).collect();
    let by = "configuration";
    let wanted = [(1, 1, 450, by, "first"), (2, 4, 600, by, "the file changed"), (3, 8, 400, by, "back again")];
    assert_eq!(found, wanted);
    assert!(activations.iter().all(|activation| activation.canary.is_none() && activation.fallback.is_none()));
    assert!(activations.is_sorted_by_key(|activation| activation.number));
    let versions = queue.versions(TenantId(1)).wait().unwrap();
    let found: Vec<_> = versions.iter().map(|v| (v.number, v.at, v.pin.as_str(), v.by.as_str())).collect();
    assert_eq!(found, [(1, 450, "p", by), (2, 600, "q", by), (3, 400, "p", by)]);
    assert_eq!(queue.activations(TenantId(2)).wait().unwrap().len(), 1);
    assert_eq!(
        queue.component("a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222").wait().unwrap(),
        Some(vec![1, 2])
    );
}

/// The format that a store has, and whether all tables are those of it.
fn format(place: &Place) -> (i64, bool) {
    let c = Connection::open(place.file("queue.db")).unwrap();
    let format = c.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let count = |sql| c.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_or(-1);
    let old = count("SELECT count(pin) FROM activation");
    let new = (count("SELECT count(number) FROM activation"), count("SELECT count(*) FROM version"));
    let audit = (count("SELECT count(*) FROM audit"), count("SELECT count(*) FROM activation_1"));
    let is_whole = match format {
        1 => (old, new, audit) == (4, (-1, -1), (-1, -1)),
        _ => (old, new, audit) == (-1, (4, 4), (0, -1)),
    };
    (format, is_whole)
}

#[test]
fn a_store_of_format_1_is_brought_into_this_one_once() {
    let place = old();
    assert_eq!(format(&place), (1, true));
    let report = SqliteQueue::verify(&place.path()).unwrap();
    assert_eq!((report.problems.len(), report.audit_lines, report.audit_head.as_str()), (0, 0, ""));
    assert_eq!(format(&place), (1, true), "looking changes nothing");
    let queue = place.open();
    assert_migrated(&queue);
    assert!(queue.audit_log(AuditFilter::default()).wait().unwrap().is_empty());
    // What is known keeps the newest of its numbers.
    let tenant = queue.id("a");
    assert_eq!(queue.activate(tenant, None, whole("p")).wait().unwrap().version, 3);
    assert_eq!(queue.audit_check().wait().unwrap().lines, 0, "it was in force already");
    let next = queue.activate(tenant, None, whole("q")).wait().unwrap();
    assert_eq!((next.version, next.from), (2, 10));
    drop(queue);
    let queue = place.open();
    assert_eq!(queue.activations(tenant).wait().unwrap().last(), Some(&next));
    drop(queue);
    let report = SqliteQueue::verify(&place.path()).unwrap();
    assert_eq!((report.problems, report.audit_lines), (vec![], 1));
    // The same tables as in a store that is new.
    let schema = |place: &Place| {
        let c = Connection::open(place.file("queue.db")).unwrap();
        let mut all = c.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
        let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<Vec<(String, Option<String>)>, _>>().unwrap()
    };
    let new = Place::new();
    drop(new.open());
    assert_eq!(schema(&place), schema(&new));
}

#[test]
fn in_a_store_of_format_2_the_dead_letters_are_measured() {
    let place = Place::new();
    let queue = place.open();
    let (a, b) = (queue.id("a"), queue.id("b"));
    queue.put(a, events(0..5));
    queue.put(b, events(0..1));
    queue.get(a, 0);
    queue.note(a, vec![dead(2, "x"), dead(3, "x")]);
    drop(queue);
    let c = Connection::open(place.file("queue.db")).unwrap();
    c.execute_batch("ALTER TABLE tenant DROP COLUMN dead_bytes; PRAGMA user_version=2").unwrap();
    drop(c);
    assert_eq!(SqliteQueue::verify(&place.path()).unwrap().problems, Vec::<String>::new());
    let queue = place.open();
    assert_eq!([a, b].map(|tenant| queue.stats(tenant).dead_bytes), [14, 0]);
}

#[test]
fn a_backup_of_format_1_is_restored() {
    let source = old();
    let place = Place::new();
    SqliteQueue::restore(&source.file("queue.db"), &place.path()).unwrap();
    assert_migrated(&place.open());
}

#[test]
fn a_migration_that_fails_leaves_format_1() {
    let place = old();
    let c = Connection::open(place.file("queue.db")).unwrap();
    c.execute_batch("CREATE TABLE audit (number)").unwrap();
    drop(c);
    let refused = place.try_open(false).err();
    assert!(matches!(&refused, Some(QueueError::Open { problem, .. }) if problem.contains("audit")), "{refused:?}");
    let c = Connection::open(place.file("queue.db")).unwrap();
    c.execute_batch("DROP TABLE audit").unwrap();
    drop(c);
    assert_eq!(format(&place), (1, true));
    assert_migrated(&place.open());
}

#[test]
fn a_kill_amid_a_migration_leaves_one_format_or_the_other() {
    let place = old();
    let database = fs::read(place.file("queue.db")).unwrap();
    let queue = place.open();
    queue.abandon();
    assert_eq!(fs::read(place.file("queue.db")).unwrap(), database, "nothing was brought in yet");
    let log = fs::read(place.file("queue.db-wal")).unwrap();
    let frames = log::look_through(&place.file("queue.db-wal")).unwrap().frames as usize;
    assert!(frames > 5, "{frames}");
    let mut formats = Vec::new();
    for half_frames in 0..=frames * 2 {
        let place = Place::new();
        fs::create_dir(place.path()).unwrap();
        fs::write(place.file("queue.db"), &database).unwrap();
        fs::write(place.file("queue.db-wal"), &log[..32 + half_frames * 4120 / 2]).unwrap();
        // On a copy: SQLite brings in what it reads.
        let copy = Place::new();
        fs::create_dir(copy.path()).unwrap();
        for name in ["queue.db", "queue.db-wal"] {
            fs::copy(place.file(name), copy.file(name)).unwrap();
        }
        let (format, is_whole) = format(&copy);
        assert!(is_whole, "format {format} after {half_frames} half frames");
        formats.push(format);
        if half_frames % 5 == 0 || half_frames > frames * 2 - 4 {
            assert_migrated(&place.open());
        }
    }
    assert!(formats.contains(&1) && formats.contains(&3) && formats.is_sorted(), "{formats:?}");
}
