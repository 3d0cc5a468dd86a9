//! Plugin folders: made by `new`, built to components by `build`.
//!
//! A plugin is a component of one of two worlds (see `wit/`), written in a folder of its own: a `plugin.toml` that says
//! what it is ([`Project`]), sources, and cases that say what it should do.

pub mod build;
mod project;
pub mod scaffold;

pub use project::{Language, MANIFEST, NameError, Project, ProjectError, World, check_name};
