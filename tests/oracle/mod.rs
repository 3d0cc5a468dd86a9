//! What judges the service: a stand-in for Accoil that records everything, the service as a process of its own, senders with
//! a ledger of what had its 200, and the judgement on what came of it.

pub(crate) mod accoil;
pub(crate) mod host;
pub(crate) mod load;

pub(crate) use accoil::{Accoil, Reply};
pub(crate) use host::{Host, event, events};
