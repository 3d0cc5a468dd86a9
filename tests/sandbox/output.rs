//! Answers that are too large, or no answers at all by the rules of the canonical ABI.

use accoil_stream::sandbox::{FaultKind, Outcome, Ran, Refusal};

use super::answer::{Reply, delivers, points, skips};
use super::guest::{admit, assert_fault, component, events, fault, limits, no_settings, refusal, run, soon};

/// The kind holds the words of wasmtime's error as well, for that is how the host knows it.
#[track_caller]
fn assert_too_large(fields: &str) {
    assert_fault(fields, FaultKind::Output, "gave back more than 1048576 bytes");
}

#[track_caller]
fn assert_malformed(fields: &str, words: &str) {
    assert_fault(fields, FaultKind::InvalidOutput, words);
}

#[test]
fn a_string_larger_than_the_output_may_be() {
    let memory = r#"(memory (export "memory") 40)"#;
    assert_too_large(&format!("{memory} {}", points(1, 0, 1_048_577)));
    assert_too_large(&format!("{memory} {}", points(2, 0, 2_600_000)));
}

#[test]
fn a_string_that_ends_beyond_the_memory() {
    assert_malformed(&points(1, 0, 1 << 30), "out of bounds");
    assert_malformed(&points(1, 65_535, 2), "out of bounds");
    assert_malformed(&points(1, 1 << 31, 1 << 31), "out of bounds");
    assert_malformed(&points(1, u32::MAX as usize, u32::MAX as usize), "out of bounds");
    assert_malformed(&points(2, 65_536 + 1, 0), "out of bounds");
}

#[test]
fn a_list_that_ends_beyond_the_memory() {
    assert_malformed(&points(0, 0, 10_000_000), "out of bounds");
    assert_malformed(&points(0, 0, 1 << 31), "out of bounds");
    // 52 bytes each: the size in bytes is a little more than 2^32.
    assert_malformed(&points(0, 0, 82_595_525), "out of bounds");
}

#[test]
fn a_list_that_is_misaligned() {
    assert_malformed(&points(0, 4097, 1), "aligned");
    assert_malformed(include_str!("guests/answers_askew.wat"), "aligned");
}

#[test]
fn an_answer_beyond_the_memory() {
    assert_malformed(include_str!("guests/answers_beyond_memory.wat"), "out of bounds");
}

#[test]
fn ten_million_outcomes() {
    let fault = soon(|| fault(&admit(include_str!("guests/ten_million_outcomes.wat"))));
    assert_eq!(fault.kind, FaultKind::InvalidOutput, "{fault}");
}

#[test]
fn as_many_outcomes_as_memory_has_room_for() {
    assert_too_large(include_str!("guests/outcomes_that_fill_memory.wat"));
}

#[test]
fn strings_that_overlap_and_multiply() {
    assert_too_large(include_str!("guests/overlapping_strings.wat"));
}

#[test]
fn lists_that_overlap_and_multiply() {
    assert_too_large(include_str!("guests/overlapping_lists.wat"));
}

#[test]
fn a_case_that_does_not_exist() {
    assert_malformed(&points(3, 4096, 0), "discriminant");
    assert_malformed(&points(255, 4096, 0), "discriminant");
}

#[test]
fn text_that_is_not_utf8() {
    let texts: [&[u8]; 5] = [b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"];
    for text in texts {
        assert_malformed(&skips(text), "utf-8");
        let reply = Reply { metadata: text, ..Reply::good() };
        assert_malformed(&delivers(&[reply]), "utf-8");
    }
}

#[test]
fn a_place_for_arguments_beyond_the_memory() {
    for place in ["-1", "2147483648", "65537"] {
        let realloc =
            format!(r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const {place}))"#);
        assert_malformed(&realloc, "realloc");
    }
}

#[test]
fn a_place_for_arguments_that_is_misaligned() {
    let realloc = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4097))"#;
    assert_malformed(realloc, "aligned");
}

/// The guest harms itself alone.
#[test]
fn one_place_for_all_arguments() {
    let realloc = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192))"#;
    let outcomes = soon(|| run(&admit(realloc), &events(&["x", "y"])));
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes.iter().all(|outcome| !matches!(outcome, Outcome::Deliver(_))), "{outcomes:?}");
}

#[test]
fn a_description_that_is_too_large() {
    match soon(|| refusal(&component(include_str!("guests/describes_at_length.wat")))) {
        Refusal::Describe(fault) => assert_eq!(fault.kind, FaultKind::Output, "{fault}"),
        other => panic!("{other:?}"),
    }
}

/// What is large, but not too large, costs the guest no more memory than it has.
#[test]
fn as_much_output_as_there_may_be() {
    let memory = r#"(memory (export "memory") 20)"#;
    let mapping = admit(&format!("{memory} {}", points(1, 65_536, 1_000_000)));
    let Ran { outcomes, usage, .. } = mapping.run_with(&no_settings(&mapping), None, &events(&["x"]));
    match &outcomes[..] {
        [Outcome::Fault(fault)] => assert_eq!(fault.to_string(), "invalid output: a reason longer than 1000 bytes"),
        other => panic!("{other:?}"),
    }
    assert!(usage.memory <= limits().memory_bytes);
}
