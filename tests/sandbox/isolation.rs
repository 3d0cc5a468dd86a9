//! A fault costs the event that caused it, and no other.

use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{Fault, FaultKind, Mapping, Metering, Outcome, Sandbox};

use super::guest::{BRISK, admit, admit_to, events, limits, run, skipped, soon};

const ONE_OF_MANY: &str = include_str!("guests/fails_by_type.wat");

/// Deadlines long enough for an event that does nothing, on a busy machine, and nothing is cut short.
fn sandbox() -> Sandbox {
    Sandbox::new(&Limits { deadline_ms: 250, fault_deadlines: 1000, ..limits() }, Metering::Off).unwrap()
}

/// A hundred events, of which some have a type of their own.
fn hundred(hostile: &[(usize, &'static str)]) -> Vec<&'static str> {
    let mut types = vec!["x"; 100];
    for (index, name) in hostile {
        types[*index] = name;
    }
    types
}

fn fault(outcome: &Outcome) -> &Fault {
    match outcome {
        Outcome::Fault(fault) => fault,
        other => panic!("no fault: {other:?}"),
    }
}

/// Fails unless these events, and no others, end in these faults, and the others are as without them.
#[track_caller]
fn assert_isolated(mapping: &Mapping, hostile: &[(usize, &'static str)], faults: &[(FaultKind, &str)]) {
    let outcomes = soon(|| run(mapping, &events(&hundred(hostile))));
    let without = run(mapping, &events(&hundred(&[])));
    assert_eq!(outcomes.len(), 100);
    let mut found = Vec::new();
    for (index, (outcome, without)) in outcomes.iter().zip(&without).enumerate() {
        if hostile.iter().any(|(at, _)| *at == index) {
            found.push(fault(outcome));
        } else {
            assert_eq!(outcome, without, "event {index}");
            assert_eq!(*outcome, skipped("x", index));
        }
    }
    assert_eq!(found.len(), faults.len());
    for (found, (kind, words)) in found.iter().zip(faults) {
        assert_eq!(found.kind, *kind, "{found}");
        assert!(found.detail.contains(words), "{found}");
    }
}

#[test]
fn a_trap_on_one_of_a_hundred_costs_that_one() {
    let sandbox = sandbox();
    let mapping = admit_to(&sandbox, ONE_OF_MANY);
    for (name, kind, words) in [
        ("unreachable", FaultKind::Panic, "`unreachable`"),
        ("zero", FaultKind::Panic, "divide by zero"),
        ("overflow", FaultKind::Panic, "integer overflow"),
        ("nan", FaultKind::Panic, "invalid conversion to integer"),
        ("beyond", FaultKind::Panic, "out of bounds memory access"),
        ("call of the wrong type", FaultKind::Panic, "indirect call type mismatch"),
        ("hole in the table", FaultKind::Panic, "uninitialized element"),
        ("table's end", FaultKind::Panic, "table access"),
        ("loop", FaultKind::Deadline, "ran longer than 250 ms"),
        ("recursion", FaultKind::Stack, "of stack"),
        ("memory", FaultKind::Memory, "of memory"),
        ("invalid", FaultKind::InvalidOutput, "discriminant"),
        ("giant", FaultKind::Output, "gave back more than"),
    ] {
        // First, somewhere, last.
        for index in [0, 37, 99] {
            assert_isolated(&mapping, &[(index, name)], &[(kind, words)]);
        }
    }
}

#[test]
fn different_faults_in_one_batch_are_named_each() {
    let sandbox = sandbox();
    assert_isolated(
        &admit_to(&sandbox, ONE_OF_MANY),
        &[(3, "zero"), (50, "loop"), (51, "recursion"), (98, "invalid")],
        &[
            (FaultKind::Panic, "divide by zero"),
            (FaultKind::Deadline, "250 ms"),
            (FaultKind::Stack, "of stack"),
            (FaultKind::InvalidOutput, "discriminant"),
        ],
    );
}

#[test]
fn the_size_of_a_batch_does_not_change_what_becomes_of_its_events() {
    let mapping = admit(ONE_OF_MANY);
    let types = hundred(&[(20, "unreachable"), (21, "zero")]);
    let events = events(&types);
    let expected = run(&mapping, &events);
    for size in [1, 2, 7] {
        let outcomes: Vec<_> = events.chunks(size).flat_map(|batch| run(&mapping, batch)).collect();
        assert_eq!(outcomes, expected, "batches of {size}");
    }
}

#[test]
fn a_batch_full_of_endless_loops_is_cut_short() {
    let outcomes = soon(|| run(&admit_to(&BRISK, ONE_OF_MANY), &events(&["loop"; 256])));
    let kinds: Vec<_> = outcomes.iter().map(|outcome| fault(outcome).kind).collect();
    let ended = kinds.iter().take_while(|kind| **kind == FaultKind::Deadline).count();
    // Each costs 50 ms or a little more, and there are four times 50 ms to spend.
    assert!((1..=4).contains(&ended), "{ended}");
    assert!(kinds[ended..].iter().all(|kind| *kind == FaultKind::CutShort), "{kinds:?}");
    assert_eq!(kinds.len(), 256);
    let last = fault(&outcomes[255]).to_string();
    assert!(last.starts_with("cut short: not run: faults of other events of its batch took"), "{last}");
}

#[test]
fn how_much_a_batch_of_faults_may_cost_is_a_limit() {
    let sandbox = Sandbox::new(&Limits { deadline_ms: 50, fault_deadlines: 1, ..limits() }, Metering::Off).unwrap();
    let mapping = admit_to(&sandbox, ONE_OF_MANY);
    let outcomes = run(&mapping, &events(&["loop"; 3]));
    let kinds: Vec<_> = outcomes.iter().map(|outcome| fault(outcome).kind).collect();
    assert_eq!(kinds, [FaultKind::Deadline, FaultKind::CutShort, FaultKind::CutShort]);
}

#[test]
fn a_batch_full_of_cheap_traps_is_not_cut_short() {
    // The deadline is so long that the traps cost nothing beside it.
    let outcomes = soon(|| run(&admit(ONE_OF_MANY), &events(&["zero"; 256])));
    for outcome in &outcomes {
        assert!(fault(outcome).detail.contains("divide by zero"), "{outcome:?}");
    }
}

/// Each event's output is just as much as a batch may give back, and the host keeps them all until the last has run.
#[test]
fn a_batch_full_of_large_outputs_is_cut_short() {
    let long = Limits { id_bytes: 1 << 20, ..limits() };
    let sandbox = Sandbox::new(&long, Metering::Off).unwrap();
    let outcomes = soon(|| run(&admit_to(&sandbox, include_str!("guests/says_much.wat")), &events(&["x"; 256])));
    let kept: usize =
        outcomes.iter().map(|outcome| if let Outcome::Skip(reason) = outcome { reason.len() } else { 0 }).sum();
    assert!((long.output_bytes..3 * long.output_bytes).contains(&kept), "{kept}");
    assert_eq!(fault(&outcomes[255]).kind, FaultKind::CutShort);
    assert!(fault(&outcomes[255]).detail.contains("other events of its batch gave back"), "{:?}", outcomes[255]);
}

#[test]
fn nothing_stays_from_batch_to_batch() {
    let mapping = admit(include_str!("guests/counts.wat"));
    for _ in 0..3 {
        // It counts within a batch, but every batch begins anew: globals, memory and tables.
        let counted = run(&mapping, &events(&["x", "x", "x"]));
        assert_eq!(counted, ["111", "222", "333"].map(|count| Outcome::Skip(count.into())));
    }
}

/// Also after a batch was given up half-way.
#[test]
fn nothing_stays_from_a_batch_that_failed() {
    let mapping = admit(include_str!("guests/counts.wat"));
    let outcomes = run(&mapping, &events(&["x", "x", "unreachable", "x"]));
    let counted = Outcome::Skip("111".into());
    assert_eq!(fault(&outcomes[2]).kind, FaultKind::Panic);
    for index in [0, 1, 3] {
        assert_eq!(outcomes[index], counted, "{index}");
    }
    assert_eq!(run(&mapping, &events(&["x"])), [counted]);
}

/// Memory that was full of something is zero for the guest that gets it next.
#[test]
fn memory_of_one_guest_is_not_seen_by_another() {
    let (writer, reader) =
        (admit(include_str!("guests/fills_its_memory.wat")), admit(include_str!("guests/looks_for_foreign_bytes.wat")));
    for _ in 0..10 {
        let _ = run(&writer, &events(&["x"]));
        assert_eq!(run(&reader, &events(&["x"])), [Outcome::Skip("clean".into())]);
    }
}

#[test]
fn threads_that_share_a_mapping_do_not_disturb_each_other() {
    let sandbox = sandbox();
    let (hostile, honest) = (admit_to(&sandbox, ONE_OF_MANY), admit(""));
    let (hostile_events, honest_events) = (events(&["loop", "zero", "x", "memory"]), events(&["x"; 50]));
    let expected = run(&honest, &honest_events);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| assert_eq!(run(&hostile, &hostile_events)[2], skipped("x", 2)));
            threads.spawn(|| (0..50).for_each(|_| assert_eq!(run(&honest, &honest_events), expected)));
        }
    });
}
