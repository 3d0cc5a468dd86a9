//! Guests that want more memory, or longer tables, than they may have.

use std::time::{Duration, Instant};

use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{FaultKind, Metering, Outcome, Ran, Refusal, Sandbox};

use super::guest::{
    BRISK, SANDBOX, admit, admit_to, assemble, assert_fault, component, events, fault, limits, no_settings, refusal,
    soon, text_with,
};

#[test]
fn memory_that_grows_until_it_can_not() {
    let mapping = admit(include_str!("guests/grows_memory_and_gives_up.wat"));
    let Ran { outcomes, usage, .. } = soon(|| mapping.run_with(&no_settings(&mapping), None, &events(&["x"])));
    match &outcomes[..] {
        [Outcome::Fault(fault)] => assert_eq!(fault.kind, FaultKind::Memory, "{fault}"),
        other => panic!("{other:?}"),
    }
    assert!(usage.memory <= limits().memory_bytes, "{usage:?}");
}

#[test]
fn a_large_component_has_memory_and_time_of_its_own() {
    let (memory_bytes, large_memory_bytes) = (1 << 20, 2 << 20);
    let limits = |large_component_bytes| Limits {
        memory_bytes,
        large_memory_bytes,
        large_component_bytes,
        deadline_ms: 50,
        large_deadline_ms: 700,
        ..limits()
    };
    let run = |fields: &str, large_component_bytes| {
        let sandbox = Sandbox::new(&limits(large_component_bytes), Metering::Off).unwrap();
        let mapping = admit_to(&sandbox, fields);
        let start = Instant::now();
        let ran = mapping.run_with(&no_settings(&mapping), None, &events(&["x"]));
        (ran.usage.memory, start.elapsed())
    };
    let size = component(include_str!("guests/grows_memory_and_gives_up.wat")).len();
    let grown = |from| run(include_str!("guests/grows_memory_and_gives_up.wat"), from).0;
    assert_eq!((grown(size + 1), grown(size)), (memory_bytes, large_memory_bytes));
    let (_, took) = run(include_str!("guests/loops_in_transform.wat"), 1);
    assert!(took >= Duration::from_millis(700), "{took:?}");
}

#[test]
fn memory_that_is_asked_for_again_and_again() {
    let fault = soon(|| fault(&admit_to(&BRISK, include_str!("guests/grows_memory_without_end.wat"))));
    assert_eq!(fault.kind, FaultKind::Deadline, "{fault}");
}

#[test]
fn one_request_for_all_the_memory_there_can_be() {
    assert_fault(include_str!("guests/grows_memory_at_once.wat"), FaultKind::Memory, "bytes of memory");
}

#[test]
fn a_table_that_grows_until_it_can_not() {
    assert_fault(include_str!("guests/grows_a_table.wat"), FaultKind::Memory, "table elements");
}

/// A guest that would never fit.
#[track_caller]
fn assert_refused(component: &[u8], words: &str) {
    let refusal = soon(|| refusal(component));
    match &refusal {
        Refusal::Describe(fault) => assert_eq!(fault.kind, FaultKind::Memory, "{fault}"),
        Refusal::Compile(_) | Refusal::Contract(_) => {}
        other => panic!("{other:?}"),
    }
    assert!(refusal.to_string().contains(words), "{refusal}");
}

#[test]
fn more_memory_from_the_start_than_it_may_have() {
    assert_refused(&component(r#"(memory (export "memory") 65)"#), "memory");
    assert_refused(&component(r#"(memory (export "memory") 65536)"#), "memory");
}

#[test]
fn memories_that_are_too_large_together() {
    let module =
        r#"(core module $large (memory 30)) (core instance (instantiate $large)) (core instance (instantiate $large))"#;
    assert_refused(&assemble(&text_with(r#"(memory (export "memory") 30)"#, module, "")), "memory");
}

#[test]
fn too_many_memories() {
    let module = format!("(core module $small (memory 1)) {}", "(core instance (instantiate $small))".repeat(4));
    assert_refused(&assemble(&text_with("", &module, "")), "memor");
}

#[test]
fn too_many_tables() {
    let module = format!("(core module $small (table 1 funcref)) {}", "(core instance (instantiate $small))".repeat(9));
    assert_refused(&assemble(&text_with("", &module, "")), "table");
}

#[test]
fn too_many_instances() {
    let module = format!("(core module $small) {}", "(core instance (instantiate $small))".repeat(100));
    assert_refused(&assemble(&text_with("", &module, "")), "instance");
}

#[test]
fn a_giant_table() {
    assert_refused(&component("(table 2001 funcref)"), "table");
    assert_refused(&component("(table 4294967295 funcref)"), "table");
}

#[test]
fn as_much_as_it_may_have_is_well() {
    let fields = r#"(memory (export "memory") 64) (table 2000 funcref)"#;
    assert!(SANDBOX.admit(&component(fields)).is_ok());
}
