//! Commands for a service that runs: they ask its admin listener, or feed its door.

pub(super) mod admin;
mod client;
pub(super) mod dead_letters;
pub(super) mod explain;
pub(super) mod import;
#[cfg(test)]
mod stand_in;
pub(super) mod status;
pub(super) mod text;
mod time;
