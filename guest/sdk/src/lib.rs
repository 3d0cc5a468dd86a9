//! What a plugin of accoil-stream is written with.
//!
//! A plugin is a type that implements [`Selector`] (which group is the account) or [`Mapping`] (all that is told to
//! Accoil), and one line that exports it:
//!
//! ```
//! use accoil_plugin::{Event, Group, NoSettings, Selection, Selector};
//!
//! struct LargestSeats;
//!
//! impl Selector for LargestSeats {
//!     const NAME: &str = "largest-seats";
//!     const SUMMARY: &str = "The account is the first group with more than ten seats.";
//!     type Settings = NoSettings;
//!
//!     fn select(_: &NoSettings, _: &Event, candidates: &[Group]) -> Selection {
//!         Selection::first(candidates, |group| group.trait_number("seats").is_some_and(|seats| seats > 10.0))
//!     }
//! }
//!
//! accoil_plugin::selector!(LargestSeats);
//! # fn main() {}
//! ```
//!
//! Bags of properties cross the sandbox as JSON text. [`Json`] looks into such a text without building values, and
//! [`Object`] writes one; numbers keep their digits. [`testing`] runs a plugin natively, in `cargo test`.
//!
//! A plugin is a pure function: there is no clock, no randomness, no file and no network in the sandbox, and nothing is
//! remembered from one batch to the next.

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::allow_attributes_without_reason,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "generated from wit/, where everything is documented"
)]
pub mod contract;

mod candidates;
mod choice;
mod export;
mod json;
#[cfg(any(target_arch = "wasm32", test))]
mod memory;
mod object;
mod plugin;
pub mod testing;
mod types;

pub use choice::Choice;
pub use contract::selector::accoil::event_stream::types::{
    AccoilEvent, Description, Event, Group, GroupTraits, Outcome, Selection,
};
#[doc(hidden)]
pub use export::{Choose, Kept, Select, describe_mapping, describe_selector, map, select};
pub use json::Json;
pub use object::Object;
pub use plugin::{Mapping, NoSettings, Selector};

/// That of every component that is written with this crate.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static MEMORY: memory::Memory = memory::Memory::new();

/// What is allocated now stays allocated for as long as the instance lives.
fn keep_memory() {
    #[cfg(target_arch = "wasm32")]
    MEMORY.keep();
}
