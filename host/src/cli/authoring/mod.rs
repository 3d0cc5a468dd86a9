//! The commands for people who write plugins.

pub(super) mod bench;
pub(super) mod build;
pub(super) mod new;
mod rules;
pub(super) mod test;
