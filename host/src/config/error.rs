//! What can be wrong with a configuration file: always with file, line and key, never with a value
//! that may be secret.

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
            Self::Tenant { .. } => "config-tenant",
        }
    }
}
