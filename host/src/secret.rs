//! Secrets: values that cannot print themselves, and the two ways to name one in the configuration.
//!
//! A secret is never written in the configuration file. The file says where it is, as `"env:NAME"`
//! or `"file:PATH"`; [`SecretSource`] is that reference and [`Secret`] the value. Neither error nor
//! `Debug` ever carries a value, and a literal written by mistake is refused without being
//! repeated.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::de::{self, Deserializer, Visitor};
use zeroize::Zeroizing;

/// The most bytes read from a secret file. Keys are far shorter; a wrong path must not fill the
/// memory.
const FILE_LIMIT: u64 = 64 * 1024;

/// A secret value: `Debug` and `Display` give `[redacted]`, it cannot be serialised, and its memory
/// is wiped on drop.
///
/// It has no `==` on purpose: a secret that a stranger may guess at is compared in constant time.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a value that is to be kept secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself, for the one place that sends or compares it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// Where a secret is kept, as written in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// `"env:NAME"`: the environment variable NAME.
    Environment(String),
    /// `"file:PATH"`: the text of a file, without the newline at its end.
    File(PathBuf),
}

/// Why a secret cannot be had. No variant carries a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text is neither `env:NAME` nor `file:PATH`.
    #[error("{HOW_TO_WRITE}")]
    Literal,
    /// The environment variable is not set, or is no Unicode text.
    #[error("environment variable {name} is {problem}; set it, or name another one as \"env:NAME\"")]
    Environment {
        /// The variable's name.
        name: String,
        /// `not set`, `empty` or `not valid UTF-8`.
        problem: &'static str,
    },
    /// The file cannot be read, or is no secret.
    #[error("secret file {path} {problem}; check the path after \"file:\"")]
    File {
        /// The file's path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

const HOW_TO_WRITE: &str = "a secret is not written in the configuration; write where it is instead: \
     \"env:NAME\" for an environment variable or \"file:PATH\" for a file";

impl SecretError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Literal => "secret-literal",
            Self::Environment { .. } => "secret-environment",
            Self::File { .. } => "secret-file",
        }
    }
}

impl SecretSource {
    /// Reads `env:NAME` or `file:PATH`.
    ///
    /// # Errors
    /// [`SecretError::Literal`] for any other text; the text is not repeated in the error.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            _ => Err(SecretError::Literal),
        }
    }

    /// Fetches the secret. A relative file path is taken from `base`, the folder of the
    /// configuration file.
    ///
    /// # Errors
    /// [`SecretError`] naming the variable or path when it is missing, empty or unreadable.
    pub fn resolve(&self, base: &Path) -> Result<Secret, SecretError> {
        match self {
            Self::Environment(name) => from_environment(name),
            Self::File(path) => from_file(&base.join(path)),
        }
    }
}

fn from_environment(name: &str) -> Result<Secret, SecretError> {
    let problem = |problem| SecretError::Environment { name: name.to_owned(), problem };
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Err(problem("empty")),
        Ok(value) => Ok(Secret::new(value)),
        Err(std::env::VarError::NotPresent) => Err(problem("not set")),
        Err(std::env::VarError::NotUnicode(_)) => Err(problem("not valid UTF-8")),
    }
}

fn from_file(path: &Path) -> Result<Secret, SecretError> {
    let problem = |problem: String| SecretError::File { path: path.display().to_string(), problem };
    let file = std::fs::File::open(path).map_err(|error| problem(format!("cannot be opened ({error})")))?;
    let mut text = Zeroizing::new(String::new());
    // One byte more than allowed tells a file of just the limit from one that goes on.
    file.take(FILE_LIMIT + 1)
        .read_to_string(&mut text)
        .map_err(|error| problem(format!("cannot be read ({error})")))?;
    if text.len() as u64 > FILE_LIMIT {
        return Err(problem(format!("is longer than {FILE_LIMIT} bytes")));
    }
    let value = text.trim_end_matches(['\n', '\r']);
    if value.is_empty() {
        return Err(problem("is empty".to_owned()));
    }
    Ok(Secret::new(value))
}

impl<'de> serde::Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

/// What editors are told: a text that names a variable or a file.
impl schemars::JsonSchema for SecretSource {
    fn schema_name() -> Cow<'static, str> {
        "SecretSource".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(env|file):.+" })
    }
}

/// Takes any kind of value, so that a key written as a bare number is refused in our words: serde's
/// own message for a wrong type repeats the value.
struct SourceVisitor;

macro_rules! refuse {
    ($($method:ident: $kind:ty),*) => {
        $(fn $method<E: de::Error>(self, _: $kind) -> Result<SecretSource, E> { Err(E::custom(HOW_TO_WRITE)) })*
    };
}

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HOW_TO_WRITE)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretSource, E> {
        SecretSource::parse(text).map_err(E::custom)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<SecretSource, A::Error> {
        Err(de::Error::custom(HOW_TO_WRITE))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, _: A) -> Result<SecretSource, A::Error> {
        Err(de::Error::custom(HOW_TO_WRITE))
    }

    refuse!(visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128, visit_f64: f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints_itself() {
        let secret = Secret::new("canary");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "[redacted] [redacted] Some([redacted])");
        assert_eq!(secret.expose(), "canary");
    }

    #[test]
    fn a_literal_is_refused_and_not_repeated() {
        for text in ["canary", "env:", "file:", "https://canary", ""] {
            let message = SecretSource::parse(text).unwrap_err().to_string();
            assert!(message.contains("env:NAME") && !message.contains("canary"), "{message}");
        }
        let error = serde_json::from_str::<SecretSource>("81726354").unwrap_err().to_string();
        assert!(error.contains("env:NAME") && !error.contains("81726354"), "{error}");
    }

    #[test]
    fn a_file_loses_only_its_last_newline() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "can ary \n").unwrap();
        let source = SecretSource::parse("file:key").unwrap();
        assert_eq!(source.resolve(folder.path()).unwrap().expose(), "can ary ");
    }

    #[test]
    fn what_is_missing_or_empty_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        let empty = SecretSource::parse("file:empty").unwrap().resolve(folder.path()).unwrap_err();
        assert!(empty.to_string().contains("empty is empty"), "{empty}");
        let unset = SecretSource::parse("env:ACCOIL_STREAM_NO_SUCH_NAME").unwrap().resolve(folder.path()).unwrap_err();
        assert!(unset.to_string().contains("ACCOIL_STREAM_NO_SUCH_NAME is not set"), "{unset}");
    }
}
