//! Streams Amplitude events to Accoil through a mapping that is a sandboxed
//! WebAssembly component.
//!
//! The rooms, in the order in which an event meets them; each uses only those
//! before it and the plain types:
//!
//! | room | what happens there |
//! |---|---|
//! | [`input`] | files and pipes are read and cut into the texts of events |
//! | [`ingest`] | requests of senders are taken in |
//! | [`queue`] | what was accepted is kept until it has ended |
//! | [`event`] | a text becomes an event in canonical form |
//! | [`sandbox`] | a mapping, in WebAssembly, says what becomes of it |
//! | [`admission`] | a mapping is compiled and tried, in a process of its own |
//! | [`conformance`] | what any mapping or selector must pass |
//! | [`versions`] | which mapping, with which settings, from which event on |
//! | [`accoil`] | what Accoil is told: plain types |
//! | [`outbound`] | calls are rendered and delivered |
//! | [`authoring`] | what authors of plugins try on their own machine: cases, measures |
//! | [`compare`] | what another mapping would make of it, by meaning |
//! | [`pipeline`] | the loops of `transform` and `send` |
//! | [`tenant`] | the loop of one tenant of the service |
//! | [`service`] | the service as a whole |
//! | [`admin`] | what operators ask and command |
//! | [`authoring`] | plugin folders: made from templates, built to components |
//! | [`cli`] | the commands |
//!
//! Beside the way stand [`config`], [`limits`], [`metrics`], [`secret`], [`server`] and [`traces`],
//! and [`sink`], a stand-in for Accoil to try things on.

pub mod accoil;
pub mod admin;
pub mod admission;
pub mod authoring;
pub mod cli;
pub mod compare;
pub mod config;
pub mod conformance;
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
pub mod service;
pub mod sink;
pub mod tenant;
pub mod test_connection;
pub mod traces;
pub mod versions;
