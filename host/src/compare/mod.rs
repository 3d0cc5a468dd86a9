//! What a candidate mapping would change, by meaning: two outcomes of one event side by side, and a
//! report over any number of them.
//!
//! Pure: whoever has events and both outcomes calls [`Report::add`]. The command `compare` does so
//! for files, with a report a batch that it merges; a mapping that runs in the shadow of another
//! can do so live. A report's memory is bounded ([`Bounds`]) whatever the events hold.
//!
//! *By meaning* is: what Accoil would be told. The order of an object's keys and the way a string
//! is escaped mean nothing. The spelling of a number does (`1.0` is not `1`), since values are
//! passed on to the digit. The words of a skip, a rejection or a fault are told to nobody, so that
//! two skips are the same whatever they say.
//!
//! The way through the room: `diff` says what differs, in terms of [`Kind`]; `report` counts
//! it, with `names` for what has a name and `users` for shares of users; [`summary`] is what is
//! printed and sent.

mod counts;
mod diff;
#[cfg(test)]
mod diff_tests;
mod example;
mod groups;
mod json;
mod kind;
mod names;
#[cfg(test)]
mod properties;
mod report;
#[cfg(test)]
mod report_tests;
pub mod summary;
mod users;

pub use diff::{Change, differences};
pub(crate) use json::{Member, members_that_differ, same};
pub use kind::{Kind, Kinds};
pub use report::{About, Bounds, Report, Sides};
pub use summary::Summary;
