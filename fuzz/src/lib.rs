//! What may come from strangers, made up by libFuzzer.
//!
//! Each target is a function here that takes any bytes and panics when a promise is broken. The programs in
//! `fuzz_targets/` hand them what libFuzzer makes up; the tests of the project hand them what is kept in `corpus/` and
//! `regressions/`. See `README.md`.

mod components;
mod configuration;
mod event;
mod kept;
mod outcome;
mod queue;
mod reply;
mod retry_after;
mod upload;

pub use components::made;
pub use configuration::configuration;
pub use event::event;
pub use kept::{Target, kept};
pub use outcome::outcome;
pub use queue::{may_fail, queue};
pub use retry_after::retry_after;
pub use upload::{admitted, upload};
