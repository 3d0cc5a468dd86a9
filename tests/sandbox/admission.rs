//! Components that can't run here: refused by name, before anything of them is compiled.

use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{DEFAULT_COMPONENT, Inspection, Refusal};

use super::guest::{assemble, component, limits, refusal, text, text_with};

#[test]
fn every_cut_of_a_component_is_refused() {
    let limits = Limits::default();
    for percent in 0..100 {
        let cut = DEFAULT_COMPONENT.len() * percent / 100;
        let refused = Inspection::of(&DEFAULT_COMPONENT[..cut], &limits).err();
        assert!(matches!(refused, Some(Refusal::Garbage(_) | Refusal::Invalid(_))), "{percent} %: {refused:?}");
    }
}

#[test]
fn no_flipped_byte_makes_the_look_at_a_component_fail_otherwise() {
    let limits = Limits::default();
    let mut bytes = DEFAULT_COMPONENT.to_vec();
    let mut refused = 0;
    for at in (0..bytes.len()).step_by(997) {
        for flip in [0x01, 0x80, 0xff] {
            bytes[at] ^= flip;
            refused += usize::from(Inspection::of(&bytes, &limits).is_err());
            bytes[at] ^= flip;
        }
    }
    assert!(refused > 100, "{refused}");
    assert!(Inspection::of(&bytes, &limits).is_ok());
}

#[test]
fn what_is_larger_than_the_limits_is_refused_by_the_name_of_the_limit() {
    let component = component("");
    let found = Inspection::of(&component, &limits()).unwrap();
    let cases = [
        (Limits { component_bytes: found.size - 1, ..limits() }, "component_bytes"),
        (Limits { core_modules: found.core_modules - 1, ..limits() }, "core_modules"),
        (Limits { functions: found.functions - 1, ..limits() }, "functions"),
        (Limits { function_bytes: found.largest_function - 1, ..limits() }, "function_bytes"),
    ];
    for (limits, name) in cases {
        let refused = Inspection::of(&component, &limits).unwrap_err().to_string();
        assert!(refused.contains(&format!("(limit {name})")), "{refused}");
    }
}

#[test]
fn a_component_with_code_inside_a_component_is_refused() {
    let nested = "(component (core module (func (export \"f\"))))";
    let refused = refusal(&assemble(&text_with("", nested, "")));
    assert!(matches!(refused, Refusal::Nested), "{refused}");
}

#[test]
fn webassembly_beyond_what_guests_may_use_is_refused() {
    let memory64 = text("(memory $wide i64 1)");
    let threads = text("(memory $shared 1 1 shared)");
    let tail_calls = text("(func $again (return_call $again))");
    for guest in [memory64, threads, tail_calls] {
        let refused = refusal(&assemble(&guest));
        assert!(matches!(refused, Refusal::Invalid(_)), "{refused}");
    }
}

/// Words of a refusal go into answers, logs and the audit log.
#[test]
fn a_refusal_repeats_no_more_of_a_component_than_anybody_reads() {
    let exports: String = (0..5000)
        .map(|number| format!("(func (export \"{}{number}\") (canon lift (core func $i \"f\")))", "e".repeat(200)))
        .collect();
    let many =
        format!("(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) {exports})");
    let import = format!("(component (import \"{}\" (func)))", "i".repeat(50_000));
    let control = "(component (core module (func (export \"\\1b[2J\\0a\")) (func (export \"\\1b[2J\\0a\"))))";
    for (text, code) in
        [(many.as_str(), "component-export"), (&import, "component-import"), (control, "component-invalid")]
    {
        let refused = refusal(&assemble(text));
        let words = refused.to_string();
        assert_eq!(refused.code(), code, "{words:.300}");
        assert!(words.len() < 2000, "{} bytes: {words:.300}", words.len());
        assert!(!words.contains(|character: char| character.is_control() && character != '\n'), "{words:?}");
    }
}
