//! Bindings of `wit/`, one module a world. They are generated beforehand, so that a plugin builds in seconds: the
//! generator and all that it needs is a minute of work. A test of the host generates them again and compares.

#[rustfmt::skip]
pub mod mapping;
#[rustfmt::skip]
pub mod selector;
