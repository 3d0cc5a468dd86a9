//! What judges the service: a stand-in for Accoil that records everything, the service as a process of its own, senders with
//! a ledger of what had its 200, and the judgement on what came of it.

pub(crate) mod accoil;
pub(crate) mod disk;
pub(crate) mod expected;
pub(crate) mod footprint;
pub(crate) mod host;
pub(crate) mod load;
pub(crate) mod proxy;
pub(crate) mod raw;
pub(crate) mod tls;
pub(crate) mod verdict;
pub(crate) mod vitals;

pub(crate) use accoil::{Accoil, Reply};
pub(crate) use host::{Host, event, events};
pub(crate) use proxy::{Fault, Proxy};

/// Whether tests run in their long form: kills by the thousand, an hour of soak.
pub(crate) fn is_long() -> bool {
    std::env::var_os("ACCOIL_STREAM_LONG").is_some()
}
