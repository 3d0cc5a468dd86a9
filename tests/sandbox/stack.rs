//! Guests that call themselves too deeply: a fault, never the end of the process.

use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{FaultKind, Metering, Outcome, Sandbox};

use super::guest::{admit, admit_to, assert_fault, component, events, fault, limits, no_settings, run};

const WORDS: &str = "bytes of stack";

#[test]
fn endless_recursion() {
    assert_fault(include_str!("guests/recurses.wat"), FaultKind::Stack, WORDS);
}

#[test]
fn endless_recursion_through_a_table() {
    assert_fault(include_str!("guests/recurses_through_a_table.wat"), FaultKind::Stack, WORDS);
}

#[test]
fn endless_recursion_in_realloc() {
    assert_fault(include_str!("guests/recurses_in_realloc.wat"), FaultKind::Stack, WORDS);
}

#[test]
fn one_call_with_a_frame_larger_than_the_stack() {
    let sandbox = Sandbox::new(&Limits { stack_bytes: 64 << 10, ..limits() }, Metering::Off).unwrap();
    // So many values that are all needed after a call have to wait somewhere: 16 bytes each.
    let guest = |values: usize| {
        let loads: String = (0..values).map(|at| format!("(v128.load (i32.const {at}))\n")).collect();
        let sums = "i32x4.add\n".repeat(values - 1);
        let call = "(drop (call $alloc (i32.const 8)))";
        format!(
            "(func $on_event (param i32 i32) (i32.const 0) {loads} {call} {sums} (i32x4.extract_lane 0) (i32.store))"
        )
    };
    let fault = fault(&admit_to(&sandbox, &guest(5000)));
    assert_eq!(fault.kind, FaultKind::Stack, "{fault}");
    assert!(matches!(run(&admit_to(&sandbox, &guest(2000)), &events(&["x"]))[..], [Outcome::Skip(_)]));
}

/// The commands give their threads four times what a guest may have.
#[test]
fn endless_recursion_on_a_thread_as_the_commands_have_it() {
    let limits = Limits::default();
    let sandbox = Sandbox::new(&limits, Metering::Off).unwrap();
    let mapping = sandbox.admit(&component(include_str!("guests/recurses.wat"))).unwrap();
    let thread = std::thread::Builder::new().stack_size(limits.stack_bytes * 4);
    let outcomes =
        thread.spawn(move || mapping.run(&no_settings(&mapping), &events(&["x"; 20]))).unwrap().join().unwrap();
    for outcome in &outcomes {
        match outcome {
            Outcome::Fault(fault) => assert!(fault.detail.contains("524288 bytes of stack"), "{fault}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_fault_of_the_stack_leaves_the_thread_fit_for_more() {
    let (hostile, honest) = (admit(include_str!("guests/recurses.wat")), admit(""));
    for _ in 0..20 {
        let _ = run(&hostile, &events(&["x"]));
        assert_eq!(run(&honest, &events(&["x"])), [super::guest::skipped("x", 0)]);
    }
}
