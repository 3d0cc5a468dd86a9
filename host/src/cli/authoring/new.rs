//! `new`: makes the folder of a plugin.

use std::path::Path;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::super::{Exit, Failure, tell};
use crate::authoring::{Language, World, scaffold};

/// Make the folder of a new plugin, ready to build and test
///
/// A plugin is a group selector, which decides which of an event's groups is
/// the account and leaves all else to the default mapping, or a whole mapping.
/// The folder holds a small rule that works, cases for `test`, and a README of
/// one screen that says what to do next.
///
///   accoil-stream new paying-account --lang rust
///   cd paying-account && accoil-stream build
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    /// The plugin's name, and the folder's: a-z, 0-9 and hyphens.
    name: String,

    /// What the plugin decides.
    #[arg(long, value_name = "WORLD", default_value = "group-selector",
          value_parser = PossibleValuesParser::new(World::NAMES).try_map(|name| name.parse::<World>()))]
    world: World,

    /// The language to write it in.
    #[arg(long = "lang", value_name = "LANGUAGE",
          value_parser = PossibleValuesParser::new(Language::NAMES).try_map(|name| name.parse::<Language>()))]
    language: Language,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { name, world, language } = arguments;
    scaffold::create(Path::new(""), name, *world, *language)
        .map_err(|error| Failure::new(Exit::Usage, error.code(), error))?;
    tell(&format!(
        "made {name}, a {} in {}; next: cd {name} && accoil-stream build (README.md says more)",
        world.name(),
        language.name()
    ));
    Ok(Exit::Success)
}
