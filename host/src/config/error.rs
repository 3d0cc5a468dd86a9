//! What can be wrong with a configuration file: always with file, line and key, never with a value
//! that may be secret.

use std::fmt;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{file} cannot be read ({problem}); check the path after --config")]
    Read {
        /// The file.
        file: String,
        /// What the system said.
        problem: String,
    },
    /// It is no TOML.
    #[error("{file}:{line}: not valid toml: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A key nobody reads.
    #[error("{file}:{line}: unknown key {key}; {advice}")]
    UnknownKey {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The key with its table.
        key: String,
        /// The nearest known key, or all of them.
        advice: String,
    },
    /// A value that cannot be used, or one that is missing.
    #[error("{file}:{line}: {key}: {problem}")]
    Value {
        /// The file.
        file: String,
        /// The line, from 1; that of the table for a missing key.
        line: usize,
        /// The key with its table.
        key: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A table for something that this program was built without.
    #[error(
        "{file}:{line}: {key}: this program was built without it; build it with `--features {feature}`, or remove it"
    )]
    NotBuilt {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The table.
        key: String,
        /// The feature of the build.
        feature: &'static str,
    },
    /// The tenant asked for is not there, or none was named.
    #[error("{file}: {}; tenants are: {names}", asked.as_ref().map_or_else(
        || "has several tenants, and none was chosen".to_owned(), |name| format!("has no tenant {name:?}")))]
    Tenant {
        /// The file.
        file: String,
        /// The name asked for.
        asked: Option<String>,
        /// The names there are.
        names: String,
    },
}

impl ConfigError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "config-read",
            Self::Syntax { .. } => "config-syntax",
            Self::UnknownKey { .. } => "config-unknown-key",
            Self::Value { .. } => "config-value",
            Self::NotBuilt { .. } => "config-not-built",
            Self::Tenant { .. } => "config-tenant",
        }
    }

    /// The line it is about, from 1; 0 when it is about the file as a whole.
    pub fn line(&self) -> usize {
        match self {
            Self::Syntax { line, .. }
            | Self::UnknownKey { line, .. }
            | Self::Value { line, .. }
            | Self::NotBuilt { line, .. } => *line,
            Self::Read { .. } | Self::Tenant { .. } => 0,
        }
    }
}

/// All that was found wrong in a file: at least one thing, in the order of the lines.
#[derive(Debug)]
pub struct Problems {
    first: ConfigError,
    more: Vec<ConfigError>,
}

impl Problems {
    pub(super) fn of(errors: Vec<ConfigError>) -> Option<Self> {
        let mut errors = errors.into_iter();
        errors.next().map(|first| Self { first, more: errors.collect() })
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The stable code of the first of them.
    pub fn code(&self) -> &'static str {
        self.first.code()
    }

    /// The first of them.
    pub fn into_first(self) -> ConfigError {
        self.first
    }
}

impl From<ConfigError> for Problems {
    fn from(first: ConfigError) -> Self {
        Self { first, more: Vec::new() }
    }
}

/// One problem a line.
impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(out)?;
        self.more.iter().try_for_each(|error| write!(out, "\n{error}"))
    }
}

impl std::error::Error for Problems {}
