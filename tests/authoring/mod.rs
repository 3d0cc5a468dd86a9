//! Plugin folders: what `new` makes and `build` builds, with the real tools.
//!
//! `.ci/authoring` installs the tools for C, TypeScript and Python. Where they are not, tests that need them say so and end, unless
//! `ACCOIL_STREAM_AUTHORING=required` asks that they run.

mod bindings;
mod build;
mod examples;
mod first_rule;
mod json_in_c;
mod new;
mod runs;
mod rust;
mod scripts;
mod support;
