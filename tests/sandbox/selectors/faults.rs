//! A selector's fault is its own, by name, and costs the event that caused it and no other.

use accoil_stream::sandbox::{Fault, FaultKind, OnFault, Outcome, PluginKind};

use super::super::guest::soon;
use super::{BY_TYPE, DEFAULT, PATIENT, account, chooser, members, run};

const FAULTS: [(&str, FaultKind, &str); 20] = [
    ("unreachable", FaultKind::Panic, "`unreachable`"),
    ("zero", FaultKind::Panic, "divide by zero"),
    ("beyond", FaultKind::Panic, "out of bounds memory access"),
    ("wrong type", FaultKind::Panic, "indirect call type mismatch"),
    ("loop", FaultKind::Deadline, "ran longer than 250 ms"),
    ("recursion", FaultKind::Stack, "of stack"),
    ("memory", FaultKind::Memory, "of memory"),
    ("k", FaultKind::Memory, "of memory"),
    ("table", FaultKind::Memory, "table elements"),
    ("invalid", FaultKind::InvalidOutput, "discriminant"),
    ("5", FaultKind::InvalidOutput, "chooses candidate 5, and there are 3, counted from 0"),
    ("3", FaultKind::InvalidOutput, "chooses candidate 3, and there are 3, counted from 0"),
    ("x", FaultKind::InvalidOutput, "chooses candidate 4294967295"),
    ("empty id", FaultKind::InvalidOutput, "group-id is empty"),
    ("y", FaultKind::InvalidOutput, "group-type is empty"),
    ("array", FaultKind::InvalidOutput, "traits is not a JSON object"),
    ("huge", FaultKind::InvalidOutput, "traits longer than 4000 bytes"),
    ("j", FaultKind::InvalidOutput, "group-id longer than 1000 bytes"),
    ("outside", FaultKind::InvalidOutput, "out of bounds"),
    ("giant", FaultKind::Output, "gave back more than 1048576 bytes"),
];

#[track_caller]
fn assert_fault(fault: &Fault, kind: FaultKind, words: &str) {
    assert_eq!((fault.plugin, fault.kind), (PluginKind::GroupSelector, kind), "{fault}");
    assert!(fault.to_string().starts_with("group selector: ") && fault.detail.contains(words), "{fault}");
    assert_eq!(fault.code(), format!("selector-{}", kind.name().replace(' ', "-")));
}

/// Events of which some are hostile, and the same without those.
fn fifty(index: usize, name: &'static str) -> [Vec<&'static str>; 2] {
    let quiet: Vec<&str> = (0..50).map(|index| ["1", "-", "none", "2"][index % 4]).collect();
    let mut hostile = quiet.clone();
    hostile[index] = name;
    [hostile, quiet]
}

#[test]
fn a_fault_costs_its_own_event_and_is_named() {
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DeadLetter);
    for (name, kind, words) in FAULTS {
        for index in [0, 21, 49] {
            let [hostile, quiet] = fifty(index, name);
            let (ran, without) =
                soon(|| (run(&DEFAULT, &chooser, &members(&hostile)), run(&DEFAULT, &chooser, &members(&quiet))));
            assert!(ran.fallbacks.is_empty() && ran.outcomes.len() == 50, "{name}: {ran:?}");
            for (at, (outcome, quiet)) in ran.outcomes.iter().zip(&without.outcomes).enumerate() {
                match outcome {
                    Outcome::Fault(fault) if at == index => assert_fault(fault, kind, words),
                    _ if at == index => panic!("{name}: no fault: {outcome:?}"),
                    _ => assert_eq!(outcome, quiet, "{name}: event {at}"),
                }
            }
        }
    }
}

#[test]
fn the_same_with_three_texts_in_one_place() {
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DeadLetter);
    let ran = run(&DEFAULT, &chooser, &members(&["v", "1"]));
    let Outcome::Fault(fault) = &ran.outcomes[0] else { panic!("{ran:?}") };
    assert_fault(fault, FaultKind::Output, "gave back more than 1048576 bytes");
    assert_eq!(account(&ran.outcomes[1]), Some("b"));
}

#[test]
fn where_the_mapping_steps_in_the_event_goes_by_its_rule_and_is_named() {
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DefaultRule);
    for (name, kind, words) in FAULTS {
        let [hostile, mut quiet] = fifty(21, name);
        quiet[21] = "-";
        let ran = soon(|| run(&DEFAULT, &chooser, &members(&hostile)));
        let [(21, fault)] = &ran.fallbacks[..] else { panic!("{name}: {ran:?}") };
        assert_fault(fault, kind, words);
        assert_eq!(account(&ran.outcomes[21]), Some("a"), "{name}");
        let without = run(&DEFAULT, &chooser, &members(&quiet));
        for at in (0..50).filter(|at| *at != 21) {
            assert_eq!(ran.outcomes[at], without.outcomes[at], "{name}: event {at}");
        }
    }
}

#[test]
fn different_faults_in_one_batch_are_named_each_whoever_steps_in() {
    let types = ["zero", "1", "loop", "recursion", "none", "invalid", "2"];
    let kinds = [FaultKind::Panic, FaultKind::Deadline, FaultKind::Stack, FaultKind::InvalidOutput];
    let strict = run(&DEFAULT, &chooser(&PATIENT, BY_TYPE, OnFault::DeadLetter), &members(&types));
    let found: Vec<_> = strict
        .outcomes
        .iter()
        .filter_map(|outcome| if let Outcome::Fault(fault) = outcome { Some(fault.kind) } else { None })
        .collect();
    assert_eq!(found, kinds);
    assert_eq!([1, 4, 6].map(|at| account(&strict.outcomes[at])), [Some("b"), None, Some("c")]);
    let lenient = run(&DEFAULT, &chooser(&PATIENT, BY_TYPE, OnFault::DefaultRule), &members(&types));
    let found: Vec<_> = lenient.fallbacks.iter().map(|(at, fault)| (*at, fault.kind)).collect();
    assert_eq!(found, [0, 2, 3, 5].into_iter().zip(kinds).collect::<Vec<_>>());
    assert!(lenient.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Deliver(_))), "{lenient:?}");
}

#[test]
fn the_size_of_a_batch_does_not_change_what_becomes_of_its_events() {
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DeadLetter);
    let types = ["1", "zero", "none", "c", "5", "2", "-", "unreachable", "0"];
    let events = members(&types);
    let expected = run(&DEFAULT, &chooser, &events).outcomes;
    for size in [1, 2, 4] {
        let outcomes: Vec<_> = events.chunks(size).flat_map(|batch| run(&DEFAULT, &chooser, batch).outcomes).collect();
        assert_eq!(outcomes, expected, "batches of {size}");
    }
}

/// What it did with events before is nothing that an event should fail of.
#[test]
fn a_call_that_fails_of_earlier_ones_is_made_again_in_a_fresh_instance() {
    for fields in
        [include_str!("../guests/selector/fails_the_third_time.wat"), include_str!("../guests/selector/counts_on.wat")]
    {
        let chooser = chooser(&PATIENT, fields, OnFault::DeadLetter);
        let ran = run(&DEFAULT, &chooser, &members(&["-"; 20]));
        let found: Vec<_> = ran.outcomes.iter().map(|outcome| account(outcome).unwrap()).collect();
        assert!(found.iter().all(|account| ["a", "b", "c"].contains(account)), "{found:?}");
        // Every batch begins anew.
        assert_eq!(run(&DEFAULT, &chooser, &members(&["-"; 20])).outcomes, ran.outcomes);
    }
}

#[test]
fn realloc_and_post_return_are_the_selectors_as_well() {
    for (fields, kind) in [
        (include_str!("../guests/loops_in_realloc.wat"), FaultKind::Deadline),
        (include_str!("../guests/selector/loops_in_post_return.wat"), FaultKind::Deadline),
        (include_str!("../guests/recurses_in_realloc.wat"), FaultKind::Stack),
    ] {
        let ran = soon(|| run(&DEFAULT, &chooser(&PATIENT, fields, OnFault::DefaultRule), &members(&["-", "-"])));
        for (_, fault) in &ran.fallbacks {
            assert_fault(fault, kind, "");
        }
        assert_eq!(ran.fallbacks.len(), 2, "{ran:?}");
    }
}

/// What the mapping fails on, with a selector that fails on others: each has its own.
#[test]
fn faults_of_both_are_told_apart() {
    let mapping = super::asking(
        &PATIENT,
        "(if (i32.eq (i32.const 113 (; q ;)) (i32.load8_u (i32.load offset=8 (local.get $event)))) (then (unreachable)))
         (call $ask (local.get $index) (i32.const 1))",
    );
    let chooser = chooser(&PATIENT, BY_TYPE, OnFault::DeadLetter);
    let ran = run(&mapping, &chooser, &members(&["0", "zero", "q", "none"]));
    let plugin = |at: usize| match &ran.outcomes[at] {
        Outcome::Fault(fault) => Some(fault.plugin),
        _ => None,
    };
    let expected = [None, Some(PluginKind::GroupSelector), Some(PluginKind::Mapping), None];
    assert_eq!([0, 1, 2, 3].map(plugin), expected, "{ran:?}");
    assert_eq!(ran.outcomes[0], Outcome::Skip("2".into()));
    assert_eq!(ran.outcomes[3], Outcome::Skip("1".into()));
}
