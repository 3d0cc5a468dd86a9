//! Commands for a service that runs: they ask its admin listener, or feed its door.

pub(super) mod admin;
mod asker;
pub(super) mod audit;
pub(super) mod client;
pub(super) mod dead_letters;
pub(super) mod experiments;
pub(super) mod explain;
pub(super) mod import;
pub(super) mod mappings;
mod offer;
pub(super) mod rerun;
#[cfg(test)]
pub(super) mod stand_in;
pub(super) mod status;
pub(super) mod text;
pub(super) mod time;
