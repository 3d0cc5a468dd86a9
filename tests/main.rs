//! Tests of accoil-stream from outside. Each module is named by what is tested
//! or by what goes wrong; hostile guests are text (`.wat`) beside their tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod authoring;
mod cli;
mod conformance;
mod delivery;
mod faults;
mod mapping;
mod oracle;
mod sandbox;
mod service;
