//! Reading events from files and pipes: whatever form they are in, however
//! large they are, in bounded memory.
//!
//! [`read`] opens an input, undoes compression (`gzip`, `zip`, by content and
//! not by name) and hands the bytes to [`Framer`], which finds the texts of the
//! single events: one a line, in a JSON array, or in the body of a request to
//! Amplitude's HTTP V2 API. What an event is, it does not know.

mod decode;
mod frame;
mod pipe;
mod source;

pub use frame::{End, Framer, Item, ItemFault};
pub use source::{Error, Input, Progress, Receiver, read};
