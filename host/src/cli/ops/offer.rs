//! A mapping that is offered to a service: a component and its settings.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::cli::mapping::{read_component, read_settings};
use crate::cli::{Exit, Failure};
use crate::limits::Limits;

/// Options of a command that offers a mapping.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The component: a file, or default for the built-in one, or live for
    /// that of the version in force, or sha256:DIGEST for one that the service
    /// has had before.
    #[arg(value_name = "COMPONENT")]
    pub(super) component: Named,

    /// Its settings, a JSON or TOML file; without it those of the version in
    /// force.
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,
}

/// A component as it is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Default,
    Live,
    Digest(String),
    File(PathBuf),
}

/// A component as the admin API takes it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Component {
    Default,
    Live,
    Digest(String),
    Base64(String),
}

/// A mapping as the admin API takes it. Settings go as they are written, to the digit.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Offer {
    component: Component,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Box<RawValue>>,
}

impl FromStr for Named {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "default" => Self::Default,
            "live" => Self::Live,
            _ if text.starts_with("sha256:") => Self::Digest(text.to_owned()),
            _ => Self::File(text.into()),
        })
    }
}

impl Options {
    /// Reads the files.
    pub(super) fn read(&self, limits: &Limits) -> Result<Offer, Failure> {
        let component = match &self.component {
            Named::Default => Component::Default,
            Named::Live => Component::Live,
            Named::Digest(digest) => Component::Digest(digest.clone()),
            Named::File(path) => Component::Base64(STANDARD.encode(component(path, limits)?)),
        };
        Ok(Offer { component, settings: self.settings.as_deref().map(settings).transpose()? })
    }
}

fn component(path: &Path, limits: &Limits) -> Result<Vec<u8>, Failure> {
    let bytes = read_component(path, limits)?;
    let limit = limits.component_bytes;
    if bytes.len() > limit {
        let problem = format!("{}: has more than the {limit} bytes of limits.component_bytes", path.display());
        return Err(Failure::new(Exit::Refused, "component-too-large", problem));
    }
    Ok(bytes)
}

fn settings(path: &Path) -> Result<Box<RawValue>, Failure> {
    // It was looked at when it was read.
    RawValue::from_string(read_settings(path)?)
        .map_err(|error| Failure::new(Exit::Usage, "settings-file", format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(component: &str, settings: Option<PathBuf>) -> String {
        let options = Options { component: component.parse().unwrap(), settings };
        serde_json::to_string(&options.read(&Limits::default()).unwrap()).unwrap()
    }

    #[test]
    fn components_are_named_or_sent_and_settings_keep_their_digits() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        assert_eq!(sent("default", None), r#"{"component":"default"}"#);
        assert_eq!(sent("live", None), r#"{"component":"live"}"#);
        assert_eq!(sent("sha256:ab", None), r#"{"component":{"digest":"sha256:ab"}}"#);
        let component = write("x.wasm", "\0asm");
        let settings = write("s.json", "{\"a\":1.00,\n\"b\":12345678901234567890123}");
        assert_eq!(
            sent(component.to_str().unwrap(), Some(settings)),
            "{\"component\":{\"base64\":\"AGFzbQ==\"},\"settings\":{\"a\":1.00,\n\"b\":12345678901234567890123}}"
        );
    }

    #[test]
    fn a_component_that_is_too_large_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wasm");
        std::fs::write(&path, [0; 9]).unwrap();
        let limits = Limits { component_bytes: 8, ..Limits::default() };
        let options = Options { component: Named::File(path), settings: None };
        let failure = options.read(&limits).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Refused, "component-too-large"));
    }
}
