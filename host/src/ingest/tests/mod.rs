//! The door over real sockets, with a queue in memory behind it.

mod answers;
mod attaching;
mod limits;
mod properties;
mod remembering;
mod routes;
mod support;
