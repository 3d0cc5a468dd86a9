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

#[allow(
    missing_docs,
    unsafe_code,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "generated from wit/, where everything is documented"
)]
#[rustfmt::skip]
pub mod contract {
    //! Bindings of `wit/`.

    wit_bindgen::generate!({
        path: "../../wit",
        world: "mapping-component",
        pub_export_macro: true,
        default_bindings_module: "default_mapping::contract",
    });
}

mod equality;
mod groups;
mod lookup;
mod mapping;
mod primary;
pub mod settings;
mod traits;
mod user;

pub use contract::accoil::event_stream::types;
pub use mapping::{Choice, NoChoice, map_events};
