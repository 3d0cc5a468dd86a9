//! The service as a process: real sockets, a real store, real kills. Accoil is a stand-in that
//! records everything and answers as a test wants.

mod accoil;
mod host;
mod promises;

pub(crate) use accoil::{Accoil, Call, Reply};
pub(crate) use host::{Host, event, events};
