//! A mapping that is offered to a service: a component and its settings.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::cli::mapping::{on_fault, read_component, read_settings};
use crate::cli::{Exit, Failure};
use crate::limits::Limits;
use crate::sandbox::OnFault;

/// Options of a command that offers a mapping.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The mapping's component: a file, or default for the built-in one, or
    /// live for that of the version in force, or sha256:DIGEST for one that the
    /// service has had before. If it is not said, live.
    #[arg(value_name = "COMPONENT", required_unless_present_any = CHANGES)]
    pub(super) component: Option<Named>,

    /// Its settings, a JSON or TOML file; without it those of the version in
    /// force.
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,

    /// The group selector, which chooses the account: a file, live,
    /// sha256:DIGEST, or none. Without it that of the version in force.
    #[arg(long, value_name = "SELECTOR")]
    pub(super) selector: Option<NamedSelector>,

    /// The selector's settings, a JSON or TOML file; without it those of the
    /// version in force, or none.
    #[arg(long, value_name = "FILE")]
    pub(super) selector_settings: Option<PathBuf>,

    /// What becomes of an event on which the selector fails: dead-letter, or
    /// default-rule, with which the mapping's own rule chooses.
    #[arg(long, value_name = "WHAT", value_parser = on_fault)]
    pub(super) on_selector_fault: Option<OnFault>,
}

/// The options that say what changes, if the mapping's component does not.
const CHANGES: [&str; 4] = ["settings", "selector", "selector_settings", "on_selector_fault"];

/// A component as it is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Default,
    Live,
    Digest(String),
    File(PathBuf),
}

/// A group selector as it is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NamedSelector {
    None,
    Live,
    Digest(String),
    File(PathBuf),
}

/// A group selector as the admin API takes it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
enum Selector {
    None,
    Live,
    Digest(String),
    Base64(String),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selector_settings: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selector_on_fault: Option<OnFault>,
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

impl FromStr for NamedSelector {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "none" => Self::None,
            "live" => Self::Live,
            _ if text.starts_with("sha256:") => Self::Digest(text.to_owned()),
            _ => Self::File(text.into()),
        })
    }
}

impl Options {
    #[cfg(test)]
    pub(super) fn of(component: Named) -> Self {
        Self {
            component: Some(component),
            settings: None,
            selector: None,
            selector_settings: None,
            on_selector_fault: None,
        }
    }

    /// Reads the files.
    pub(super) fn read(&self, limits: &Limits) -> Result<Offer, Failure> {
        let component = match &self.component {
            Some(Named::Default) => Component::Default,
            Some(Named::Live) | None => Component::Live,
            Some(Named::Digest(digest)) => Component::Digest(digest.clone()),
            Some(Named::File(path)) => Component::Base64(STANDARD.encode(file(path, limits)?)),
        };
        let selector = match &self.selector {
            None => None,
            Some(NamedSelector::None) => Some(Selector::None),
            Some(NamedSelector::Live) => Some(Selector::Live),
            Some(NamedSelector::Digest(digest)) => Some(Selector::Digest(digest.clone())),
            Some(NamedSelector::File(path)) => Some(Selector::Base64(STANDARD.encode(file(path, limits)?))),
        };
        let read = |path: &Option<PathBuf>| path.as_deref().map(settings).transpose();
        Ok(Offer {
            component,
            settings: read(&self.settings)?,
            selector,
            selector_settings: read(&self.selector_settings)?,
            selector_on_fault: self.on_selector_fault,
        })
    }
}

fn file(path: &Path, limits: &Limits) -> Result<Vec<u8>, Failure> {
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

    fn named(component: &str) -> Options {
        Options::of(component.parse().unwrap())
    }

    fn sent(component: &str, settings: Option<PathBuf>) -> String {
        let options = Options { settings, ..named(component) };
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
    fn a_selector_goes_beside_a_mapping_or_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rule.wasm");
        std::fs::write(&path, "\0asm").unwrap();
        let sent = |options: Options| serde_json::to_string(&options.read(&Limits::default()).unwrap()).unwrap();
        let with = |selector: &str| Options { component: None, selector: selector.parse().ok(), ..named("live") };
        assert_eq!(sent(with("none")), r#"{"component":"live","selector":"none"}"#);
        assert_eq!(sent(with("sha256:ab")), r#"{"component":"live","selector":{"digest":"sha256:ab"}}"#);
        let options = Options { on_selector_fault: Some(OnFault::DefaultRule), ..with(path.to_str().unwrap()) };
        assert_eq!(
            sent(options),
            r#"{"component":"live","selector":{"base64":"AGFzbQ=="},"selector_on_fault":"default-rule"}"#
        );
    }

    #[test]
    fn a_component_that_is_too_large_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wasm");
        std::fs::write(&path, [0; 9]).unwrap();
        let limits = Limits { component_bytes: 8, ..Limits::default() };
        let options = named(path.to_str().unwrap());
        let failure = options.read(&limits).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Refused, "component-too-large"));
    }
}
