//! Plugin folders: made by `new`, built to components by `build`, tried by `test` and measured by `bench`.
//!
//! A plugin is a component of one of two worlds (see `wit/`), written in a folder of its own: a `plugin.toml` that says
//! what it is ([`Project`]), sources, and cases that say what it should do.

pub mod bench;
pub mod build;
pub mod cases;
mod place;
mod player;
mod project;
pub mod scaffold;
mod subject;

pub use place::Place;
pub use project::{Language, MANIFEST, NameError, Project, ProjectError, World, check_name};
pub use subject::{Other, Subject, SubjectError, on_guest_stack};
