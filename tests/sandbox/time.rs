//! Guests that do not come to an end: the deadline ends them, wherever they are.

use accoil_stream::sandbox::{FaultKind, Refusal};

use super::guest::{BRISK, assemble, component, fault, soon, text_with};

#[track_caller]
fn assert_ended(component: &[u8]) {
    let mapping = BRISK.admit(component).unwrap();
    let fault = soon(|| fault(&mapping));
    assert_eq!(fault.kind, FaultKind::Deadline, "{fault}");
    assert_eq!(fault.detail, "ran longer than 50 ms");
}

/// The guest does not even get so far that it says what it is.
#[track_caller]
fn assert_refused(fields: &str) {
    match soon(|| BRISK.admit(&component(fields))) {
        Err(Refusal::Describe(fault)) => assert_eq!(fault.kind, FaultKind::Deadline, "{fault}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was admitted"),
    }
}

#[test]
fn endless_loop_in_transform() {
    assert_ended(&component(include_str!("guests/loops_in_transform.wat")));
}

#[test]
fn endless_loop_in_realloc() {
    assert_ended(&component(include_str!("guests/loops_in_realloc.wat")));
}

#[test]
fn endless_loop_in_post_return() {
    assert_ended(&component(include_str!("guests/loops_in_post_return.wat")));
}

#[test]
fn endless_loop_in_start() {
    assert_refused(include_str!("guests/loops_in_start.wat"));
}

#[test]
fn endless_loop_in_describe() {
    assert_refused(include_str!("guests/loops_in_describe.wat"));
}

#[test]
fn endless_copies_of_a_large_region() {
    assert_ended(&component(include_str!("guests/copies_without_end.wat")));
}

#[test]
fn endless_fills_of_a_large_region() {
    assert_ended(&component(include_str!("guests/fills_without_end.wat")));
}

#[test]
fn endless_fills_of_a_table() {
    assert_ended(&component(include_str!("guests/fills_a_table_without_end.wat")));
}

#[test]
fn endless_loop_of_host_calls() {
    let text = text_with(
        include_str!("guests/calls_the_host_without_end.wat"),
        r#"(core func $active (canon lower (func $choice "active")))"#,
        r#"(with "choice" (instance (export "active" (func $active))))"#,
    );
    assert_ended(&assemble(&text));
}
