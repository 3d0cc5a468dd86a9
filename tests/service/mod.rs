//! The service as a process: real sockets, a real store, real kills. Accoil is a stand-in that
//! records everything and answers as a test wants.

mod accoil;
mod admin;
mod admission;
mod clients;
mod compare_live;
mod damage;
mod dead_letters;
mod destination;
mod disk;
mod disk_errors;
mod host;
mod kill;
mod kill_amid;
mod load;
mod mapping;
mod order;
mod promises;
mod reload;
mod rollout;
mod selectors;
mod shadow;
mod store;
mod swap;
mod traces;
mod trial;
mod uploads;
mod versions_api;

pub(crate) use accoil::{Accoil, Reply};
pub(crate) use host::{Host, event, events};
