//! Every kind of difference, and what is none.

use super::*;
use crate::accoil::{AccoilEvent, GroupTraits};
use crate::outbound::Dialect;
use crate::sandbox::{Fault, FaultKind, Outcome};

pub(super) fn group(id: &str, traits: &str) -> GroupTraits {
    GroupTraits { group_id: id.into(), traits: traits.into() }
}

pub(super) fn event(groups: &[(&str, &str)]) -> AccoilEvent {
    AccoilEvent {
        user_id: Some("u".into()),
        event: Some("Opened".into()),
        timestamp: Some("2026-01-02T03:04:05.006Z".into()),
        metadata: r#"{"plan":"pro","seats":1}"#.into(),
        group_traits: groups.iter().map(|(id, traits)| group(id, traits)).collect(),
    }
}

pub(super) fn fault(kind: FaultKind, detail: &str) -> Outcome {
    Outcome::Fault(Fault::new(kind, detail))
}

/// The differences in a few words each: the kind, and what is known of it.
fn told(baseline: &Outcome, candidate: &Outcome) -> Vec<String> {
    let mut told = Vec::new();
    differences(baseline, candidate, r#"{"Team":["t","7"],"Org":7}"#, &Dialect::V2, &mut |change| {
        let Change { kind, user_id, group, name, from, to, from_type, to_type } = change;
        let mut words = kind.name().to_owned();
        let known = [
            ("user", user_id),
            ("group", group),
            ("name", name),
            ("from", from),
            ("to", to),
            ("from_type", from_type),
            ("to_type", to_type),
        ];
        for (what, value) in known.into_iter().filter_map(|(what, value)| Some((what, value?))) {
            words.push_str(&format!(" {what}={value}"));
        }
        told.push(words);
    });
    told
}

fn events_told(before: AccoilEvent, after: AccoilEvent) -> Vec<String> {
    told(&Outcome::Deliver(vec![before]), &Outcome::Deliver(vec![after]))
}

#[test]
fn what_means_the_same_is_the_same() {
    let nested = |metadata: &str| AccoilEvent { metadata: metadata.into(), ..event(&[("g", "{}")]) };
    assert_eq!(events_told(nested(r#"{"a":{"x":1,"y":"\u0041"}}"#), nested(r#"{"a":{"y":"A","x":1}}"#)), [""; 0]);
    assert_eq!(told(&Outcome::Skip("a".into()), &Outcome::Skip("b".into())), [""; 0]);
    assert_eq!(told(&Outcome::Reject("a".into()), &Outcome::Reject("b".into())), [""; 0]);
    assert_eq!(told(&fault(FaultKind::Deadline, "812 ms"), &fault(FaultKind::Panic, "x")), [""; 0]);
}

#[test]
fn the_account_is_another_one() {
    let typed = r#"{"group_type":"Account"}"#;
    assert_eq!(
        events_told(event(&[("a", typed), ("t", "{}")]), event(&[("t", "{}"), ("a", typed)])),
        ["primary-group user=u from=a to=t from_type=Account to_type=Team"]
    );
    assert_eq!(
        events_told(event(&[]), event(&[("7", "{}")])),
        ["primary-group user=u to=7 to_type=Team", "group-added group=7 to={}", "more-requests from=2 to=3"]
    );
    assert_eq!(
        events_told(event(&[("x", "{}")]), event(&[])),
        ["primary-group user=u from=x", "group-removed group=x from={}", "fewer-requests from=3 to=2"]
    );
}

#[test]
fn without_a_user_there_is_no_account() {
    let nobody = |groups: &[(&str, &str)]| AccoilEvent { user_id: None, ..event(groups) };
    assert_eq!(events_told(nobody(&[("a", "{}"), ("b", "{}")]), nobody(&[("b", "{}"), ("a", "{}")])), ["group-order"]);
    assert_eq!(
        events_told(nobody(&[("a", "{}")]), event(&[("a", "{}")])),
        ["primary-group user=u to=a", "user to=u", "more-requests from=1 to=3"]
    );
}

#[test]
fn groups_behind_the_account() {
    let three = event(&[("a", "{}"), ("b", r#"{"n":1,"o":2}"#), ("c", "{}")]);
    assert_eq!(
        events_told(three.clone(), event(&[("a", "{}"), ("c", "{}"), ("b", r#"{"n":1,"o":2}"#)])),
        ["group-order"]
    );
    assert_eq!(
        events_told(three.clone(), event(&[("a", r#"{"new":true}"#), ("b", r#"{"n":1.0}"#), ("c", "{}")])),
        [
            "trait-added group=a name=new to=true",
            "trait-changed group=b name=n from=1 to=1.0",
            "trait-removed group=b name=o from=2"
        ]
    );
    assert_eq!(
        events_told(three, event(&[("a", "{}"), ("d", "{}"), ("c", "{}")])),
        [r#"group-removed group=b from={"n":1,"o":2}"#, "group-added group=d to={}"]
    );
}

#[test]
fn a_group_may_come_twice() {
    let twice = event(&[("a", r#"{"n":1}"#), ("b", "{}"), ("a", r#"{"n":2}"#)]);
    assert_eq!(events_told(twice.clone(), twice.clone()), [""; 0]);
    assert_eq!(
        events_told(twice.clone(), event(&[("a", r#"{"n":1}"#), ("b", "{}")])),
        [r#"group-removed group=a from={"n":2}"#, "fewer-requests from=5 to=4"]
    );
    assert_eq!(
        events_told(twice.clone(), event(&[("a", r#"{"n":2}"#), ("b", "{}"), ("a", r#"{"n":1}"#)])),
        ["trait-changed group=a name=n from=1 to=2", "trait-changed group=a name=n from=2 to=1"]
    );
    assert_eq!(events_told(twice, event(&[("a", r#"{"n":1}"#), ("a", r#"{"n":2}"#), ("b", "{}")])), ["group-order"]);
}

#[test]
fn the_rest_of_an_event() {
    let before = event(&[]);
    let after = AccoilEvent {
        user_id: Some("v".into()),
        event: None,
        timestamp: Some("2026-01-02T03:04:05.007Z".into()),
        metadata: r#"{"name":"x","seats":2}"#.into(),
        ..before.clone()
    };
    assert_eq!(
        events_told(before, after),
        [
            "user from=u to=v",
            "event-name from=Opened",
            "timestamp from=2026-01-02T03:04:05.006Z to=2026-01-02T03:04:05.007Z",
            "metadata-added name=name to=\"x\"",
            "metadata-removed name=plan from=\"pro\"",
            "metadata-changed name=seats from=1 to=2",
            "fewer-requests from=2 to=1"
        ]
    );
}

#[test]
fn more_and_fewer_events() {
    let (one, two) = (Outcome::Deliver(vec![event(&[])]), Outcome::Deliver(vec![event(&[]), event(&[])]));
    assert_eq!(told(&one, &two), ["accoil-event-added", "more-requests from=2 to=4"]);
    assert_eq!(told(&two, &one), ["accoil-event-removed", "fewer-requests from=4 to=2"]);
}

#[test]
fn skipped_rejected_and_failed() {
    let deliver = Outcome::Deliver(vec![event(&[])]);
    let (skip, reject) = (Outcome::Skip("s".into()), Outcome::Reject("r".into()));
    let fault = fault(FaultKind::Panic, "p");
    assert_eq!(told(&deliver, &skip), ["skipped to=s", "fewer-requests from=2 to=0"]);
    assert_eq!(told(&skip, &deliver), ["no-longer-skipped from=s", "more-requests from=0 to=2"]);
    assert_eq!(told(&skip, &reject), ["rejected to=r", "no-longer-skipped from=s"]);
    assert_eq!(told(&reject, &fault), ["fault to=panic: p", "no-longer-rejected from=r"]);
    assert_eq!(told(&fault, &deliver), ["no-longer-fault from=panic: p", "more-requests from=0 to=2"]);
}
