//! Reads and writes JSON text (RFC 8259) without building values.
//!
//! An event's properties cross the sandbox as text, and most of that text is
//! only passed on: it has to be checked once, split into members, looked up by
//! name and written again with every digit of its numbers as it came. This
//! crate does that and no more. Host and guests share it, so both read a
//! member's name or a string's escape in the same way.
//!
//! - [`check`] and [`Fields`] take text from outside: they find every fault.
//! - [`members`], [`elements`] and [`kind`] take text that was checked before
//!   and do not look for faults again. On other text they return nonsense, but
//!   they return.
//! - [`sorted_object`] brings an object into the form that is sent: compact,
//!   names in ascending order, each once.
//! - [`push_string`] and [`unescape`] write and read strings.
//!
//! Nothing recurses, so no nesting can exhaust the stack.

mod checked;
mod object;
mod scan;
mod string;
mod trusted;

pub use checked::{Fault, FaultKind, Field, Fields, MAX_DEPTH, check};
pub use object::{SortedObject, compact, sorted_object};
pub use string::{Name, push_string, unescape};
pub use trusted::{Kind, elements, kind, members};
