//! Components that are dangerous to compile, as bytes for tests of the program as a process.

use super::guest::component;

/// Ten kilobytes that take minutes to compile.
pub(crate) fn compile_bomb() -> Vec<u8> {
    nested_loops(700, 400)
}

/// Some more that take far more memory to compile than the least that admission may have.
pub(crate) fn memory_bomb() -> Vec<u8> {
    nested_loops(1000, 3000)
}

/// Every one of many variables changes in every one of many loops.
fn nested_loops(depth: usize, variables: usize) -> Vec<u8> {
    let change = |n| format!("(local.set {n} (i32.add (local.get {n}) (local.get {})))", (n + 1) % variables);
    let changes: String = (0..variables).map(change).collect();
    let loops = "(loop ".repeat(depth) + &changes + &"(br_if 0 (local.get 0)))".repeat(depth);
    let locals = "i32 ".repeat(variables - 1);
    component(&format!("(func (param i32) (local {locals}) {loops})"))
}
