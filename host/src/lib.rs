//! Streams Amplitude events to Accoil through a mapping that is a sandboxed
//! WebAssembly component.
//!
//! The rooms, in the order in which an event meets them; each uses only those
//! before it and the plain types:
//!
//! | room | what happens there |
//! |---|---|
//! | [`input`] | files and pipes are read and cut into the texts of events |
//! | [`ingest`] | events are taken in over HTTP |
//! | [`queue`] | what was accepted is kept until it has ended |
//! | [`event`] | a text becomes an event in canonical form |
//! | [`sandbox`] | a mapping, in WebAssembly, says what becomes of it |
//! | [`accoil`] | what Accoil is told: plain types |
//! | [`outbound`] | calls are rendered and delivered |
//! | [`pipeline`] | the loops that move events through these rooms |
//! | [`cli`] | the commands |
//!
//! Beside the way stand [`config`], [`limits`], [`secret`] and [`server`], and [`sink`], a
//! stand-in for Accoil to try things on.

pub mod accoil;
pub mod cli;
pub mod config;
pub mod event;
pub mod ingest;
pub mod input;
pub mod limits;
pub mod metrics;
pub mod outbound;
pub mod pipeline;
pub mod queue;
pub mod sandbox;
pub mod secret;
pub mod server;
pub mod sink;
pub mod tenant;
pub mod test_connection;
pub mod versions;
