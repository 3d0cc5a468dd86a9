//! The command line, as its user meets it: what is printed, what is said, and
//! how it exits.

mod admission;
mod bad_component;
mod bad_input;
mod check;
mod compare;
mod forms;
mod framing;
mod help;
mod live;
mod memory;
mod send;
mod send_again;
mod sink;
pub(crate) mod support;
mod wrong_config;
