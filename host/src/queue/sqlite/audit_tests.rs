//! Tests of the audit log: what is added stays, and what is changed shows.

use super::support::*;
use super::{SqliteQueue, fault_tests};
use crate::queue::{AuditCheck, AuditEntry, AuditFilter, AuditRecord, Health, Queue, QueueError};

/// A closed store with six lines.
fn written() -> (Place, Vec<AuditRecord>) {
    let place = Place::new();
    let queue = place.open();
    let tenants = [Some("a"), None, Some("b"), Some("a"), Some("\u{fffd}"), Some("")];
    let add = |(n, tenant): (u64, &Option<&str>)| {
        place.pass(n);
        let tenant = tenant.map(str::to_owned);
        queue.audit(AuditEntry { tenant, ..line(&format!("what {n}")) }).wait().unwrap()
    };
    let lines = (1..).zip(&tenants).map(add).collect();
    drop(queue);
    (place, lines)
}

fn check(place: &Place) -> AuditCheck {
    place.open().audit_check().wait().unwrap()
}

#[test]
fn lines_are_numbered_chained_and_found_again() {
    let (place, lines) = written();
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(lines[2].at, 1_000 * DAY + 6);
    // As anyone can compute it: 64 zeros, and the line as JSON.
    let first = r#"[1,86400000001,"a","what 1","someone","a \"reason\"","{\"n\": 1.50}"]"#;
    let hash = <sha2::Sha256 as sha2::Digest>::digest(format!("{}{first}", "0".repeat(64)));
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(lines[0].digest, hash);
    let queue = place.open();
    let get = |filter| queue.audit_log(filter).wait().unwrap();
    let newest_first: Vec<_> = lines.iter().rev().cloned().collect();
    assert_eq!(get(AuditFilter::default()), newest_first);
    assert_eq!(get(AuditFilter { limit: Some(2), ..AuditFilter::default() }), newest_first[..2]);
    assert_eq!(get(AuditFilter { before: Some(3), ..AuditFilter::default() }), newest_first[4..]);
    let of_a = AuditFilter { tenant: Some("a".into()), before: Some(4), limit: Some(9) };
    assert_eq!(get(of_a), lines[..1]);
    let last = queue.audit(line("more")).wait().unwrap();
    assert_eq!(last.number, 7);
    assert_eq!(check_of(&queue), AuditCheck { lines: 7, head: last.digest, broken: None });
}

fn check_of(queue: &SqliteQueue) -> AuditCheck {
    queue.audit_check().wait().unwrap()
}

#[test]
fn a_long_log_is_read_in_slices() {
    let place = Place::new();
    let queue = place.open();
    assert_eq!(check_of(&queue), AuditCheck { lines: 0, head: "0".repeat(64), broken: None });
    let pending: Vec<_> = (0..1_100).map(|n| queue.audit(line(&n.to_string()))).collect();
    let last = pending.into_iter().map(|pending| pending.wait().unwrap()).last().unwrap();
    assert_eq!(check_of(&queue), AuditCheck { lines: 1_100, head: last.digest, broken: None });
    let log = queue.audit_log(AuditFilter { limit: Some(1_050), ..AuditFilter::default() }).wait().unwrap();
    assert!(log.iter().map(|line| line.number).eq((51..=1_100).rev()));
    assert_eq!(queue.audit_log(AuditFilter::default()).wait().unwrap().len(), 1_100);
}

#[test]
fn any_change_of_any_column_shows() {
    let changes = [
        "at = at + 1",
        "at = -at",
        "tenant = 'c'",
        "tenant = NULL",
        "what = 'else'",
        "by = 'else'",
        "reason = 'else'",
        "detail = '{\"n\": 1.5}'",
        "digest = upper(digest)",
        "reason = what, what = reason",
        "what = CAST(x'ff' AS TEXT)",
    ];
    for change in changes {
        let (place, _) = written();
        tamper(&place, &format!("UPDATE audit SET {change} WHERE number = 3"));
        assert_eq!(check(&place).broken, Some(3), "{change}");
    }
    // What reads the same is not the same.
    let (place, _) = written();
    tamper(&place, "UPDATE audit SET tenant = CAST(x'ff' AS TEXT) WHERE number = 5");
    assert_eq!(check(&place).broken, Some(5));
    let (place, _) = written();
    tamper(&place, "UPDATE audit SET tenant = NULL WHERE number = 6");
    assert_eq!(check(&place).broken, Some(6));
}

#[test]
fn lines_that_are_gone_moved_or_added_show() {
    let swap = "UPDATE audit SET number = 99 WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 4;
        UPDATE audit SET number = 4 WHERE number = 99";
    let copy = "INSERT INTO audit SELECT number + 1, at, tenant, what, by, reason, detail, digest FROM audit
        WHERE number = 6";
    let cases = [
        ("DELETE FROM audit WHERE number = 1", 2, 5),
        ("DELETE FROM audit WHERE number = 3", 4, 5),
        ("DELETE FROM audit WHERE number = 3; UPDATE audit SET number = number - 1 WHERE number > 3", 3, 5),
        (swap, 3, 6),
        (copy, 7, 7),
        ("INSERT INTO audit VALUES (0, 0, NULL, '', '', '', '', '')", 0, 7),
        ("INSERT INTO audit VALUES (-7, 0, NULL, '', '', '', '', '')", 0, 7),
    ];
    for (sql, broken, lines) in cases {
        let (place, _) = written();
        tamper(&place, sql);
        let found = check(&place);
        assert_eq!((found.broken, found.lines), (Some(broken), lines), "{sql}");
        let report = SqliteQueue::verify(&place.path()).unwrap();
        assert_eq!(report.problems, [format!("line {broken} of the audit log does not fit the ones before it")]);
        // The log goes on all the same.
        place.open().audit(line("more")).wait().unwrap();
    }
    // The end that is cut off shows to whoever has noted the head.
    let (place, lines) = written();
    tamper(&place, "DELETE FROM audit WHERE number = 6");
    assert_eq!(check(&place), AuditCheck { lines: 5, head: lines[4].digest.clone(), broken: None });
}

#[test]
fn the_store_refuses_to_change_lines() {
    let (place, lines) = written();
    let c = rusqlite::Connection::open(place.file("queue.db")).unwrap();
    for sql in [
        "UPDATE audit SET reason = ''",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit VALUES (6, 0, NULL, '', '', '', '', '')",
    ] {
        let refused = c.execute_batch(sql).unwrap_err().to_string();
        assert!(refused.contains("only added to"), "{refused}");
    }
    drop(c);
    assert_eq!(check(&place), AuditCheck { lines: 6, head: lines[5].digest.clone(), broken: None });
}

#[test]
fn a_disk_that_fails_is_an_error() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.shared.inbox.push(super::inbox::Op::Fault("disk I/O error".into()));
    fault_tests::wait_for(&queue, |health| matches!(health, Health::Failing { .. }));
    let refused = (queue.audit(line("x")).wait().err(), queue.activate(tenant, None, whole("p")).wait().err());
    assert!(matches!(refused, (Some(QueueError::Failing { .. }), Some(QueueError::Failing { .. }))), "{refused:?}");
    fault_tests::wait_for(&queue, |health| *health == Health::Good);
    assert_eq!(queue.audit(line("x")).wait().unwrap().number, 1);
    assert!(queue.activations(tenant).wait().unwrap().is_empty());
}

#[test]
fn backup_restore_and_verify_cover_it() {
    let (place, lines) = written();
    let queue = place.open();
    let tenant = queue.id("a");
    let made = queue.activate(tenant, None, whole("p")).wait().unwrap();
    let head = check_of(&queue).head;
    let copy = place.folder.path().join("copy.db");
    queue.backup(&copy).wait().unwrap();
    queue.audit(line("later")).wait().unwrap();
    drop(queue);
    let other = Place::new();
    SqliteQueue::restore(&copy, &other.path()).unwrap();
    let report = SqliteQueue::verify(&other.path()).unwrap();
    assert_eq!((report.audit_lines, &report.audit_head, report.problems.len()), (7, &head, 0));
    let queue = other.open();
    assert_eq!(queue.activations(tenant).wait().unwrap(), [made]);
    assert_eq!(queue.audit_log(AuditFilter { before: Some(7), ..AuditFilter::default() }).wait().unwrap()[5], lines[0]);
    let c = rusqlite::Connection::open(other.file("queue.db")).unwrap();
    assert!(c.execute_batch("DELETE FROM audit").is_err(), "the copy has the triggers");
}
