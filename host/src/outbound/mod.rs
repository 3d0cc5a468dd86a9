//! Requests to Accoil: what an outcome becomes, and how it gets there.
//!
//! The way through the room: [`mod@render`] turns an event into calls; [`mod@deliver`] takes units of calls
//! and keeps at most a window of them; [`lanes`] says whose turn it is; `attempt` walks one unit
//! through its calls, asking [`novelty`] whether a call says anything new and the `brake` whether
//! the destination may be spoken to; [`client`] sends one request; [`classify`] judges the answer;
//! [`retry_after`] and [`backoff`] say when to come again.

pub mod address;
mod attempt;
pub mod backoff;
mod brake;
pub mod classify;
pub mod client;
pub mod deliver;
pub mod endpoint;
#[cfg(test)]
mod endpoint_tests;
mod error;
pub mod lanes;
pub mod novelty;
pub mod outcome;
pub mod render;
pub mod retry_after;
pub mod tls;
pub mod traces;

pub use client::{Answer, Client, Pools};
pub use deliver::deliver;
pub use endpoint::{Destination, Dialect};
pub use error::OutboundError;
pub use novelty::{Decision, Novelty, Row, without_traits};
pub use outcome::{Failure, FailureReason, Outcome, Unit};
pub use render::{calls_of, render};
