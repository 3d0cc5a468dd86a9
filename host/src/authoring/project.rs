//! `plugin.toml`: what a plugin's folder holds.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Value;

/// The file that makes a folder a plugin's.
pub const MANIFEST: &str = "plugin.toml";

/// Longest name of a plugin, in characters.
const NAME_LENGTH: usize = 64;

/// What a plugin decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// Only which group is the account; the rest is the mapping's.
    GroupSelector,
    /// All that is told to Accoil.
    Mapping,
}

impl World {
    /// All, as they are written.
    pub const NAMES: [&str; 2] = ["group-selector", "mapping"];

    /// As it is written in `plugin.toml` and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GroupSelector => "group-selector",
            Self::Mapping => "mapping",
        }
    }

    /// Its name in `wit/event-stream.wit`.
    #[must_use]
    pub fn in_wit(self) -> &'static str {
        match self {
            Self::GroupSelector => "group-selector",
            Self::Mapping => "mapping-component",
        }
    }
}

impl FromStr for World {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "group-selector" => Ok(Self::GroupSelector),
            "mapping" => Ok(Self::Mapping),
            _ => Err(one_of(&Self::NAMES)),
        }
    }
}

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, with the crate `accoil-plugin` that `new` puts into the folder.
    Rust,
    /// TypeScript or JavaScript, run by QuickJS in the component.
    TypeScript,
    /// Python, run by CPython in the component.
    Python,
    /// C, with bindings that `new` puts into the folder.
    C,
}

impl Language {
    /// All, as they are written.
    pub const NAMES: [&str; 4] = ["rust", "typescript", "python", "c"];

    /// As it is written in `plugin.toml` and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::Python => "python",
            Self::C => "c",
        }
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "rust" => Ok(Self::Rust),
            "typescript" => Ok(Self::TypeScript),
            "python" => Ok(Self::Python),
            "c" => Ok(Self::C),
            _ => Err(one_of(&Self::NAMES)),
        }
    }
}

fn one_of(names: &[&str]) -> String {
    format!("must be one of {}", names.join(", "))
}

/// A plugin's folder, as its `plugin.toml` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Where it is.
    pub folder: PathBuf,
    /// The plugin's name; its component is `NAME.wasm`.
    pub name: String,
    /// What the plugin decides.
    pub world: World,
    /// What it is written in.
    pub language: Language,
}

impl Project {
    /// Reads the `plugin.toml` of a folder.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not say what it must, or says more: with file and key.
    pub fn read(folder: &Path) -> Result<Self, ProjectError> {
        let file = folder.join(MANIFEST);
        let text = std::fs::read_to_string(&file)
            .map_err(|error| ProjectError::Read { file: file.clone(), problem: error.to_string() })?;
        Self::parse(folder, &text)
    }

    fn parse(folder: &Path, text: &str) -> Result<Self, ProjectError> {
        let file = folder.join(MANIFEST);
        let table: toml::Table = toml::from_str(text)
            .map_err(|error| ProjectError::Syntax { file: file.clone(), problem: error.to_string() })?;
        let wrong = |key: &str, problem: &dyn fmt::Display| ProjectError::Key {
            file: file.clone(),
            key: key.to_owned(),
            problem: problem.to_string(),
        };
        let known = ["name", "world", "language"];
        if let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(wrong(key, &format!("unknown key; those known are {}", known.join(", "))));
        }
        let text_of = |key: &str| match table.get(key) {
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(wrong(key, &"must be a string")),
            None => Err(wrong(key, &"is missing")),
        };
        let name = text_of("name")?;
        check_name(name).map_err(|error| wrong("name", &error))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            name: name.to_owned(),
            world: text_of("world")?.parse().map_err(|problem| wrong("world", &problem))?,
            language: text_of("language")?.parse().map_err(|problem| wrong("language", &problem))?,
        })
    }

    /// Where its component is written to.
    #[must_use]
    pub fn component(&self) -> PathBuf {
        self.folder.join(format!("{}.wasm", self.name))
    }
}

/// Checks the name of a plugin. It becomes the name of a folder, of files and of packages in several languages.
///
/// # Errors
///
/// When it is not made of a-z, 0-9 and single hyphens between them, beginning with a letter, at most 64 in all.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_sound = name.len() <= NAME_LENGTH
        && name.bytes().all(is_allowed)
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && !name.contains("--");
    if is_sound { Ok(()) } else { Err(NameError { name: name.to_owned() }) }
}

/// A name that no plugin can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} can't be the name of a plugin: use a-z and 0-9 with single hyphens between them, beginning with a letter, \
     at most {NAME_LENGTH} characters"
)]
pub struct NameError {
    name: String,
}

/// Why a folder is no plugin's.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is no `plugin.toml`, or it can't be read.
    #[error("{} can't be read ({problem}); a plugin's folder has one: accoil-stream new makes such a folder", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// It is no TOML.
    #[error("{}: not valid TOML: {problem}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// A key is missing, unknown, or has a value that can't be used.
    #[error("{}: {key}: {problem}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

impl ProjectError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "plugin-read",
            Self::Syntax { .. } => "plugin-syntax",
            Self::Key { .. } => "plugin-key",
        }
    }
}

#[cfg(test)]
#[path = "project_tests.rs"]
mod tests;
