//! Components that are small, and would take much to check or to compile: refused before that is done.

use accoil_stream::sandbox::Refusal;

use super::guest::{assemble, component, refusal, soon, text_with};

/// Fails unless a component of the size of a photograph is refused like this.
#[track_caller]
fn assert_refused(component: &[u8], code: &str, words: &str) {
    assert!(component.len() < 4 << 20);
    let refused = soon(|| refusal(component));
    assert_eq!(refused.code(), code, "{refused:.1000}");
    assert!(refused.to_string().contains(words), "{refused:.1000}");
}

/// Each element that goes into a table of another instance is compiled, to kilobytes of code.
#[test]
fn elements_without_number() {
    let segment = format!("(elem (i32.const 0) func {})", "$f ".repeat(1000));
    let before = format!(
        r#"(core module $table (table (export "t") 1000 funcref))
        (core instance $table (instantiate $table))
        (core module $elements (import "s" "t" (table 1000 funcref)) (func $f) {})
        (core instance (instantiate $elements (with "s" (instance $table))))"#,
        segment.repeat(500)
    );
    assert_refused(
        &assemble(&text_with("", &before, "")),
        "component-structure",
        "500000 table elements, more than the 2000 that a component may have (limit table_elements)",
    );
}

#[test]
fn elements_of_segments_that_wait() {
    let expressions = format!("(elem funcref {})", "(ref.null func) ".repeat(2001));
    assert_refused(&component(&expressions), "component-structure", "(limit table_elements)");
    let functions = format!("(elem declare func {})", "$alloc ".repeat(2001));
    assert_refused(&component(&functions), "component-structure", "(limit table_elements)");
}

#[test]
fn functions_without_number() {
    let functions = "(func)".repeat(200_001);
    assert_refused(&component(&functions), "component-structure", "(limit functions)");
}

#[test]
fn modules_without_number() {
    let modules = "(core module)".repeat(65);
    assert_refused(&assemble(&text_with("", &modules, "")), "component-structure", "(limit core_modules)");
}

#[test]
fn one_function_without_end() {
    let function = format!("(func {})", "nop ".repeat(1 << 20));
    assert_refused(&component(&function), "component-structure", "(limit function_bytes)");
}

#[test]
fn one_branch_to_a_million_places() {
    let function = format!("(func (param i32) (block (br_table {} (local.get 0))))", "0 ".repeat(1_000_000));
    assert_refused(&component(&function), "component-structure", "(limit function_bytes)");
}

/// A pair of pairs of pairs.
#[test]
fn types_that_double() {
    let pair = |n: usize| format!("(type $t{m} (tuple $t{n} $t{n}))", m = n + 1);
    let types = format!("(type $t0 (tuple u32 u32)){}", (0..40).map(pair).collect::<String>());
    assert_refused(&assemble(&text_with("", &types, "")), "component-invalid", "type size");
}

#[test]
fn locals_without_number() {
    let function = format!("(func (local {}))", "i32 ".repeat(50_001));
    assert_refused(&component(&function), "component-invalid", "too many locals");
}

#[test]
fn more_instances_than_there_may_be() {
    let instances = format!("(core module $c) {}", "(core instance (instantiate $c))".repeat(900));
    match soon(|| refusal(&assemble(&text_with("", &instances, "")))) {
        Refusal::Compile(problem) | Refusal::Contract(problem) => assert!(problem.contains("instance"), "{problem}"),
        other => panic!("{other:?}"),
    }
}
