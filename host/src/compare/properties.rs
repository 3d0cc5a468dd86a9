//! What holds for any outcomes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use super::diff_tests::fault;
use super::*;
use crate::accoil::{AccoilEvent, GroupTraits};
use crate::outbound::Dialect;
use crate::sandbox::{FaultKind, Outcome};

fn bag() -> impl Strategy<Value = String> {
    let value =
        prop_oneof![Just("1"), Just("1.0"), Just("\"x\""), Just("{\"a\":[1],\"b\":2}"), Just("{\"b\":2,\"a\":[1]}")];
    let name = prop_oneof![Just("group_type"), Just("a"), Just("b"), Just("\\u0062"), Just("c")];
    vec((name, value), 0..4).prop_map(|members| {
        let text: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        // As the sandbox hands bags over.
        json_text::sorted_object(&format!("{{{}}}", text.join(","))).unwrap().text.into_owned()
    })
}

fn accoil_event() -> impl Strategy<Value = AccoilEvent> {
    let group = ("[ab]", bag()).prop_map(|(group_id, traits)| GroupTraits { group_id, traits });
    (option::of("[uv]"), option::of("[ef]"), option::of("[tT]"), bag(), vec(group, 0..4)).prop_map(
        |(user_id, event, timestamp, metadata, group_traits)| AccoilEvent {
            user_id,
            event,
            timestamp,
            metadata,
            group_traits,
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        6 => vec(accoil_event(), 1..3).prop_map(Outcome::Deliver),
        1 => "[rs]".prop_map(Outcome::Skip),
        1 => "[rs]".prop_map(Outcome::Reject),
        1 => prop_oneof![Just(FaultKind::Panic), Just(FaultKind::Deadline)].prop_map(|kind| fault(kind, "d")),
    ]
}

/// Two outcomes of which one has at most one part of another one.
fn neighbours() -> impl Strategy<Value = (Outcome, Outcome)> {
    (vec(accoil_event(), 1..3), accoil_event(), 0..6).prop_map(|(events, other, part)| {
        let mut changed = events.clone();
        match part {
            0 => changed[0].user_id = other.user_id,
            1 => changed[0].event = other.event,
            2 => changed[0].timestamp = other.timestamp,
            3 => changed[0].metadata = other.metadata,
            4 => changed[0].group_traits = other.group_traits,
            _ => changed[0].group_traits.iter_mut().for_each(|group| group.traits.clone_from(&other.metadata)),
        }
        (Outcome::Deliver(events), Outcome::Deliver(changed))
    })
}

/// The calls of an outcome, with their bodies by meaning.
fn calls(outcome: &Outcome) -> Vec<(String, Value)> {
    let mut calls = Vec::new();
    if let Outcome::Deliver(events) = outcome {
        events.iter().for_each(|event| crate::outbound::render(event, &Dialect::V2, &mut calls));
    }
    let body = |call: &crate::accoil::Call| {
        let mut body = String::new();
        call.write_body(&mut body);
        // The digits of numbers count.
        serde_json::from_str(&body.replace("1.0", "\"1.0\"")).unwrap()
    };
    calls.iter().map(|call| (call.path().to_owned(), body(call))).collect()
}

fn pairs() -> impl Strategy<Value = Vec<(String, Outcome, Outcome)>> {
    vec(("[a-e]", outcome(), outcome()), 0..12)
}

fn kinds(baseline: &Outcome, candidate: &Outcome) -> Kinds {
    let mut kinds = Kinds::default();
    differences(baseline, candidate, r#"{"Team":["a"]}"#, &Dialect::V2, &mut |change| kinds.insert(change.kind));
    kinds
}

fn report(pairs: &[(String, Outcome, Outcome)], bounds: &Bounds) -> Report {
    let mut report = Report::new(bounds.clone());
    for (event_type, baseline, candidate) in pairs {
        let about = About { id: "i", event_type, user_id: Some("u"), groups: r#"{"Team":["a"]}"# };
        report.add(&about, baseline, candidate);
    }
    report
}

/// All that is counted; which examples are kept depends on the order.
fn counts(report: &Report) -> Value {
    let mut counts = serde_json::to_value(report.summary()).unwrap();
    counts["examples"] = Value::Null;
    counts
}

fn merged(parts: &[&Report]) -> Report {
    let mut all = parts[0].clone();
    parts[1..].iter().for_each(|part| all.merge(part));
    all
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(outcomes in vec(outcome(), 0..8)) {
        let pairs: Vec<_> = outcomes.into_iter().map(|outcome| ("e".into(), outcome.clone(), outcome)).collect();
        let summary = report(&pairs, &Bounds::default()).summary();
        prop_assert_eq!((summary.events.compared, summary.events.differing), (pairs.len() as u64, 0));
        prop_assert!(summary.differences.is_empty() && summary.examples.is_empty());
        prop_assert_eq!(summary.requests.baseline, summary.requests.candidate);
    }

    #[test]
    fn swapping_sides_mirrors_kinds(baseline in outcome(), candidate in outcome()) {
        let there: Kinds = kinds(&baseline, &candidate).iter().map(Kind::mirrored).collect();
        prop_assert_eq!(there, kinds(&candidate, &baseline));
    }

    #[test]
    fn without_a_difference_the_calls_are_the_same((baseline, candidate) in neighbours()) {
        if kinds(&baseline, &candidate).is_empty() {
            prop_assert_eq!(calls(&baseline), calls(&candidate));
        }
    }

    #[test]
    fn counts_do_not_depend_on_how_they_were_merged(left in pairs(), middle in pairs(), right in pairs()) {
        let bounds = Bounds { users: 1, ..Bounds::default() };
        let whole = report(&[left.clone(), middle.clone(), right.clone()].concat(), &bounds);
        let [left, middle, right] = [&left, &middle, &right].map(|pairs| report(pairs, &bounds));
        let last_two = merged(&[&middle, &right]);
        for one in [merged(&[&left, &middle, &right]), merged(&[&left, &last_two]), merged(&[&right, &left, &middle])] {
            prop_assert_eq!(counts(&one), counts(&whole));
        }
    }

    #[test]
    fn each_kind_has_its_examples(left in pairs(), right in pairs()) {
        let bounds = Bounds { examples: 2, ..Bounds::default() };
        let summary = merged(&[&report(&left, &bounds), &report(&right, &bounds)]).summary();
        for difference in summary.differences {
            let shown = summary.examples.iter().filter(|example| example.kinds.contains(&difference.kind)).count();
            prop_assert!(shown as u64 >= difference.events.min(2), "{:?} {}", difference, shown);
        }
        prop_assert!(summary.examples.len() <= 2 * Kind::COUNT);
    }
}
