//! The commands for people who write plugins: one file each.

pub(super) mod build;
pub(super) mod new;
