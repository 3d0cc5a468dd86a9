//! Tests of versions, and of what is in force.

use std::time::{Duration, Instant};

use super::support::*;
use crate::queue::{
    Activation, AuditFilter, Canary, Fact, Fallback, NewActivation, Queue, QueueError, Seq, Space, TakeLimits, TenantId,
};

fn activate(queue: &super::SqliteQueue, tenant: TenantId, after: Option<Seq>, new: NewActivation) -> Activation {
    queue.activate(tenant, after, new).wait().unwrap()
}

fn canary(pin: &str, other: &str, share: u32) -> NewActivation {
    NewActivation { canary: Some((other.into(), share)), ..whole(pin) }
}

#[test]
fn a_version_is_in_force_after_the_take_position_and_keeps_its_number() {
    let place = Place::new();
    let queue = place.open();
    let (other, tenant) = (queue.id("other"), queue.id("a"));
    activate(&queue, other, None, whole("x"));
    let first = activate(&queue, tenant, None, whole("p"));
    assert_eq!((first.number, first.version, first.from, first.at), (2, 1, 1, 1_000 * DAY));
    assert_eq!((first.by.as_str(), first.reason.as_str()), ("someone", "a \"reason\""));
    queue.put(tenant, events(0..4));
    queue.take(tenant, 0, TakeLimits { events: 3, bytes: 100 }).wait().unwrap();
    place.pass(5);
    let second = activate(&queue, tenant, None, whole("q"));
    assert_eq!((second.version, second.from, second.at), (2, 4, 1_000 * DAY + 5));
    let third = activate(&queue, tenant, Some(9), whole("p"));
    assert_eq!((third.version, third.from), (1, 10));
    drop(queue);
    let queue = place.open();
    assert_eq!(queue.activations(tenant).wait().unwrap(), [first, second, third]);
    let versions = queue.versions(tenant).wait().unwrap();
    let named: Vec<_> = versions.iter().map(|version| (version.number, version.pin.as_str(), version.at)).collect();
    assert_eq!(named, [(1, "p", 1_000 * DAY), (2, "q", 1_000 * DAY + 5)]);
    assert_eq!((versions[0].by.as_str(), versions[0].reason.as_str()), ("someone", "a \"reason\""));
    assert_eq!(queue.versions(other).wait().unwrap().len(), 1);
}

#[test]
fn nothing_begins_before_what_is_in_force() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    activate(&queue, tenant, Some(20), whole("p"));
    assert_eq!(activate(&queue, tenant, Some(4), whole("q")).from, 21);
    assert_eq!(activate(&queue, tenant, None, whole("p")).from, 21);
}

#[test]
fn what_is_in_force_already_changes_nothing() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    let shown = canary("p", "q", 50_000);
    let fallback = Some(Fallback { version: 1, until: 77 });
    let first = activate(&queue, tenant, None, NewActivation { fallback, ..shown.clone() });
    assert_eq!(first.canary, Some(Canary { version: 2, share: 50_000 }));
    assert_eq!(first.fallback, fallback);
    assert_eq!(activate(&queue, tenant, Some(9), shown), first);
    assert_eq!(queue.activations(tenant).wait().unwrap(), std::slice::from_ref(&first));
    assert_eq!(queue.audit_log(AuditFilter::default()).wait().unwrap().len(), 1);
    let others = [canary("p", "q", 60_000), canary("p", "r", 60_000), whole("p"), canary("p", "p", 1), whole("q")];
    for (number, other) in (2..).zip(others) {
        assert_eq!(activate(&queue, tenant, None, other).number, number);
    }
    let versions = queue.versions(tenant).wait().unwrap();
    assert_eq!(versions.iter().map(|version| version.pin.as_str()).collect::<Vec<_>>(), ["p", "q", "r"]);
    assert_eq!(queue.audit_log(AuditFilter::default()).wait().unwrap().len(), 6);
}

#[test]
fn the_audit_line_tells_the_numbers() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    activate(&queue, tenant, None, whole("p"));
    activate(&queue, tenant, Some(6), canary("q", "p", 1));
    let plain = NewActivation { audit: crate::queue::AuditEntry { detail: "[1]".into(), ..line("x") }, ..whole("p") };
    activate(&queue, tenant, None, plain);
    let log = queue.audit_log(AuditFilter::default()).wait().unwrap();
    let details: Vec<_> = log.iter().rev().map(|line| line.entry.detail.as_str()).collect();
    let second = r#"{"before":1,"canary_version":1,"from":7,"n":1.50,"version":2}"#;
    assert_eq!(details, [r#"{"from":1,"n":1.50,"version":1}"#, second, "[1]"]);
    assert_eq!(log[1].entry.what, "deploy");
}

#[test]
fn an_unknown_tenant_has_nothing_put_in_force() {
    let place = Place::new();
    let queue = place.open();
    let unknown = queue.activate(TenantId(9), None, whole("p")).wait();
    assert!(matches!(unknown, Err(QueueError::Missing { .. })), "{unknown:?}");
    assert!(queue.audit_log(AuditFilter::default()).wait().unwrap().is_empty());
}

#[test]
fn only_what_concerns_an_event_is_read() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    assert!(queue.activations_from(tenant, 1).wait().unwrap().is_empty());
    for (after, pin) in [(2, "a"), (2, "b"), (5, "c"), (9, "d"), (9, "e"), (9, "f"), (20, "g")] {
        activate(&queue, tenant, Some(after), whole(pin));
    }
    let numbers = |first| {
        let found = queue.activations_from(tenant, first).wait().unwrap();
        found.iter().map(|activation| activation.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(1), [2, 3, 6, 7]);
    assert_eq!(numbers(5), [2, 3, 6, 7]);
    assert_eq!(numbers(6), [3, 6, 7]);
    assert_eq!(numbers(20), [6, 7]);
    assert_eq!(numbers(21), [7]);
    assert_eq!(numbers(9_999), [7]);
}

#[test]
fn many_activations_slow_nothing_down() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    activate(&queue, tenant, None, whole("p"));
    activate(&queue, tenant, None, whole("q"));
    drop(queue);
    let c = rusqlite::Connection::open(place.file("queue.db")).unwrap();
    c.execute_batch(
        "WITH RECURSIVE n(x) AS (VALUES (3) UNION ALL SELECT x+1 FROM n WHERE x < 100000)
         INSERT INTO activation SELECT x, 1, x, 0, 2 - x % 2, NULL, NULL, NULL, NULL, 'someone', 'why' FROM n",
    )
    .unwrap();
    drop(c);
    let queue = place.open();
    let start = Instant::now();
    for after in 100_000..100_020 {
        let made = activate(&queue, tenant, Some(after), whole(if after % 2 == 0 { "p" } else { "q" }));
        assert_eq!(made.from, after + 1);
        let found = queue.activations_from(tenant, after).wait().unwrap();
        assert_eq!(found.len(), 2);
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(queue.activations(tenant).wait().unwrap().len(), 100_020);
}

#[test]
fn erasing_and_forgetting_leave_versions_and_audit_log_alone() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    let made = activate(&queue, tenant, None, whole("p"));
    queue.put(tenant, events(0..2));
    queue.get(tenant, 0);
    queue.note(tenant, vec![settled(1), dead(2, "x")]);
    let fact = Fact { space: Space::Rollout, key: b"k".into(), value: Some(b"v".into()) };
    queue.record(tenant, vec![], vec![fact]).wait().unwrap();
    queue.erase(tenant, Box::new(|_| true)).wait().unwrap();
    place.pass(1_000 * DAY);
    queue.put(tenant, events(9..10));
    assert_eq!(queue.activations(tenant).wait().unwrap(), [made]);
    assert_eq!(queue.versions(tenant).wait().unwrap().len(), 1);
    assert_eq!(queue.audit_check().wait().unwrap().lines, 1);
    assert_eq!(queue.facts(tenant, Space::Rollout).wait().unwrap().len(), 1);
    assert_eq!(queue.clear_facts(tenant, Space::Rollout).wait().unwrap(), 1);
}
