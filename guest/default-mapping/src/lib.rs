//! The default mapping: what Amplitude's destination "Accoil (Event Stream)"
//! does, with settings for what teams want different.
//!
//! An event meets these rooms on its way:
//!
//! 1. [`settings`]: what the tenant wants, read once a batch into a plan;
//! 2. `lookup`: the values of the properties that the plan names;
//! 3. `user`: who did it;
//! 4. `groups`: the groups that could be the account, `primary`: which one is;
//! 5. `traits`: what is told about a group;
//! 6. `mapping`: the event's outcome.
//!
//! All of it is plain functions of their arguments, tested natively. The crate
//! `component` beside this one wraps them for the sandbox.
//!
//! A mapping that differs from this one in one thing is a [`Variation`] of it.

mod equality;
mod groups;
mod lookup;
mod mapping;
mod primary;
pub mod settings;
mod traits;
mod user;
mod variation;

pub use accoil_plugin::contract::mapping as contract;
pub use accoil_plugin::contract::selector::accoil::event_stream::types;
pub use mapping::{Choice, HostChoice, NoChoice, map_events};
pub use variation::{DefaultMapping, Variation, describe, vary, vary_one};
