//! Answers that are sound in memory, but are not what the contract asks for.

use accoil_stream::accoil::{AccoilEvent, GroupTraits};
use accoil_stream::sandbox::{FaultKind, Outcome};

use super::answer::{Reply, delivers, rejects, skips};
use super::guest::{admit, assert_fault, events, fault, run};

#[track_caller]
fn assert_invalid(reply: &Reply<'_>, words: &str) {
    // Also when a good one stands before it.
    for replies in [vec![reply.clone()], vec![Reply::good(), reply.clone()]] {
        assert_fault(&delivers(&replies), FaultKind::InvalidOutput, words);
    }
}

#[track_caller]
fn assert_outcome(fields: &str, expected: &Outcome) {
    let outcomes = run(&admit(fields), &events(&["x", "y"]));
    assert_eq!(outcomes, [expected.clone(), expected.clone()]);
}

#[test]
fn a_good_answer_passes_unchanged() {
    let event = AccoilEvent {
        user_id: Some("u".into()),
        event: Some("Opened".into()),
        timestamp: Some("2026-11-24T08:00:46.123Z".into()),
        metadata: r#"{"a":1}"#.into(),
        group_traits: vec![GroupTraits { group_id: "g".into(), traits: r#"{"b":[2]}"#.into() }],
    };
    assert_outcome(&delivers(&[Reply::good(), Reply::good()]), &Outcome::Deliver(vec![event.clone(), event]));
}

#[test]
fn nothing_to_deliver_is_a_skip() {
    assert_outcome(&delivers(&[]), &Outcome::Skip("nothing to deliver".into()));
}

#[test]
fn skip_and_reject_pass_with_their_reason() {
    assert_outcome(&skips("nicht für uns".as_bytes()), &Outcome::Skip("nicht für uns".into()));
    assert_outcome(&rejects(b"no user"), &Outcome::Reject("no user".into()));
    assert_outcome(&rejects(b""), &Outcome::Reject(String::new()));
}

#[test]
fn bags_that_are_not_a_json_object() {
    let bags: [&[u8]; 12] = [
        b"",
        b"null",
        b"[]",
        b"1",
        b"\"{}\"",
        b"{",
        b"{}{}",
        b"{} x",
        b"{'a':1}",
        b"{\"a\":01}",
        b"{\"a\":\"\\ud800",
        b"\xEF\xBB\xBF{}",
    ];
    for bag in bags {
        assert_invalid(&Reply { metadata: bag, ..Reply::good() }, "metadata is not a JSON object");
        assert_invalid(&Reply { groups: vec![(b"g", bag)], ..Reply::good() }, "traits is not a JSON object");
    }
}

#[test]
fn a_bag_that_is_nested_too_deeply() {
    let nested = |depth: usize| [r#"{"a":"#.repeat(depth), "1".into(), "}".repeat(depth)].concat();
    assert_invalid(&Reply { metadata: nested(129).as_bytes(), ..Reply::good() }, "metadata is not a JSON object");
    assert!(matches!(
        run(&admit(&delivers(&[Reply { metadata: nested(128).as_bytes(), ..Reply::good() }])), &events(&["x"]))[..],
        [Outcome::Deliver(_)]
    ));
}

#[test]
fn empty_names() {
    assert_invalid(&Reply { user: Some(b""), ..Reply::good() }, "user-id is empty");
    assert_invalid(&Reply { event: Some(b""), ..Reply::good() }, "event is empty");
    assert_invalid(&Reply { groups: vec![(b"", b"{}")], ..Reply::good() }, "group-id is empty");
    assert_invalid(&Reply { groups: vec![(b"g", b"{}"), (b"", b"{}")], ..Reply::good() }, "group-id is empty");
}

#[test]
fn timestamps_that_are_none() {
    let stamps: [&[u8]; 7] = [
        b"",
        b"yesterday",
        b"1732435246123",
        b"2026-13-01T00:00:00.000Z",
        b"2026-02-30T00:00:00Z",
        b"2026-11-24",
        b"\xc2\xa0",
    ];
    for stamp in stamps {
        assert_invalid(&Reply { timestamp: Some(stamp), ..Reply::good() }, "timestamp is not RFC 3339");
    }
}

/// It becomes part of a dead letter.
#[test]
fn of_a_timestamp_that_is_none_a_fault_repeats_the_beginning() {
    let stamp = "1".repeat(10_000);
    let fault = fault(&admit(&delivers(&[Reply { timestamp: Some(stamp.as_bytes()), ..Reply::good() }])));
    assert!(fault.detail.len() < 100, "{} bytes", fault.detail.len());
}

#[test]
fn names_and_bags_that_are_too_long() {
    let (name, bag) = ("n".repeat(1001), format!(r#"{{"a":"{}"}}"#, "b".repeat(3993)));
    let (name, bag) = (name.as_bytes(), bag.as_bytes());
    assert_invalid(&Reply { user: Some(name), ..Reply::good() }, "user-id longer than 1000 bytes");
    assert_invalid(&Reply { event: Some(name), ..Reply::good() }, "event longer than 1000 bytes");
    assert_invalid(&Reply { groups: vec![(name, b"{}")], ..Reply::good() }, "group-id longer than 1000 bytes");
    assert_invalid(&Reply { metadata: bag, ..Reply::good() }, "metadata longer than 4000 bytes");
    assert_invalid(&Reply { groups: vec![(b"g", bag)], ..Reply::good() }, "traits longer than 4000 bytes");
    assert_fault(&skips(name), FaultKind::InvalidOutput, "a reason longer than 1000 bytes");
    assert_fault(&rejects(name), FaultKind::InvalidOutput, "a reason longer than 1000 bytes");
}

#[test]
fn names_and_bags_that_are_just_short_enough() {
    let (name, bag) = ("n".repeat(1000), format!(r#"{{"a":"{}"}}"#, "b".repeat(3992)));
    let (name, bag) = (name.as_bytes(), bag.as_bytes());
    let reply =
        Reply { user: Some(name), event: Some(name), metadata: bag, groups: vec![(name, bag)], ..Reply::good() };
    assert!(matches!(run(&admit(&delivers(&[reply])), &events(&["x"]))[..], [Outcome::Deliver(_)]));
}

#[test]
fn too_many_accoil_events_or_groups() {
    assert_fault(&delivers(&vec![Reply::good(); 11]), FaultKind::InvalidOutput, "11 Accoil events, more than 10");
    assert_invalid(&Reply { groups: vec![(b"g", b"{}"); 11], ..Reply::good() }, "11 groups, more than 10");
    let just = vec![Reply { groups: vec![(b"g", b"{}"); 10], ..Reply::good() }; 10];
    assert!(matches!(run(&admit(&delivers(&just)), &events(&["x"]))[..], [Outcome::Deliver(_)]));
}

#[test]
fn too_few_or_too_many_outcomes() {
    for (guest, words) in [
        (include_str!("guests/one_outcome_too_few.wat"), "0 outcomes for 1 events"),
        (include_str!("guests/one_outcome_too_many.wat"), "2 outcomes for 1 events"),
    ] {
        assert_fault(guest, FaultKind::InvalidOutput, words);
        let outcomes = run(&admit(guest), &events(&["x"; 5]));
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Fault(_))), "{outcomes:?}");
        assert_eq!(outcomes.len(), 5);
    }
}

/// No events, but an answer.
#[test]
fn an_outcome_out_of_nothing() {
    assert_eq!(run(&admit(include_str!("guests/one_outcome_too_many.wat")), &[]), []);
}
