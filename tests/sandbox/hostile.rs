//! Components that are dangerous to compile, as bytes for tests of the program as a process.

use super::guest::component;

/// Ten kilobytes that take minutes to compile: every one of many variables changes in every one of many loops.
pub(crate) fn compile_bomb() -> Vec<u8> {
    let (depth, variables) = (700, 400);
    let change = |n| format!("(local.set {n} (i32.add (local.get {n}) (local.get {})))", (n + 1) % variables);
    let changes: String = (0..variables).map(change).collect();
    let loops = "(loop ".repeat(depth) + &changes + &"(br_if 0 (local.get 0)))".repeat(depth);
    let locals = "i32 ".repeat(variables - 1);
    component(&format!("(func (param i32) (local {locals}) {loops})"))
}

/// Much code that takes far more memory to compile than the least that admission may have.
pub(crate) fn memory_bomb() -> Vec<u8> {
    let body = "(i32.store (local.get 0) (i32.add (local.get 0) (i32.load (local.get 0))))".repeat(200);
    component(&format!("(func (param i32) {body})").repeat(1500))
}
