//! The service as a process: real sockets and a real store. Accoil is a stand-in that records
//! everything and answers as a test wants.

mod admin;
mod admission;
mod clients;
mod compare_live;
mod dead_letters;
mod mapping;
mod promises;
mod reload;
pub(crate) mod rollout;
mod selectors;
mod shadow;
mod store;
mod traces;
mod trial;
mod uploads;
mod versions_api;
