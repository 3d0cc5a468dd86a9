//! What makes a version: everything that what becomes of an event depends on.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::limits::Limits;
use crate::sandbox::{Chooser, OnFault};

/// Changes when the host itself makes something else of the same event and outcome.
pub const HOST_FORMAT: u32 = 1;

/// The parts of a version. Two versions with the same pin make the same calls of the same event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// SHA-256 of the component, in hexadecimal.
    pub mapping: String,
    /// The settings, compact JSON with ascending names.
    pub settings: String,
    /// Digest of the limits that it runs under.
    pub limits: String,
    /// [`HOST_FORMAT`].
    pub host_format: u32,
    /// The group selector that the mapping asks, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<SelectorPin>,
}

/// The same of a group selector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectorPin {
    /// SHA-256 of the component, in hexadecimal.
    pub component: String,
    /// The settings, compact JSON with ascending names.
    pub settings: String,
    /// Digest of the limits that it runs under.
    pub limits: String,
    /// What becomes of an event on which it fails.
    pub on_fault: OnFault,
}

impl Pin {
    /// The pin of a component, by its digest, with settings and limits.
    pub fn new(mapping: String, settings: &str, limits: &Limits) -> Self {
        let settings = settings.to_owned();
        Self { mapping, settings, limits: limits_digest(limits), host_format: HOST_FORMAT, selector: None }
    }

    /// The same with a selector.
    #[must_use]
    pub fn with_selector(self, selector: Option<SelectorPin>) -> Self {
        Self { selector, ..self }
    }

    /// The pin as JSON text.
    pub fn to_json(&self) -> String {
        // Strings and a number can't fail to serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Pin::to_json`] wrote; `None` for anything else.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether another one has the same mapping, selector and settings, under whatever limits and host format.
    pub fn has_content_of(&self, other: &Self) -> bool {
        let selector =
            |pin: &Self| pin.selector.clone().map(|selector| SelectorPin { limits: String::new(), ..selector });
        self.mapping == other.mapping && self.settings == other.settings && selector(self) == selector(other)
    }

    /// The digests of the components that it needs.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.mapping.as_str()).chain(self.selector.iter().map(|selector| selector.component.as_str()))
    }

    /// What an audit log says of it, digests, beside what else there is to say.
    pub fn told_with<const N: usize>(&self, more: [(&str, serde_json::Value); N]) -> serde_json::Value {
        let selector = self.selector.as_ref();
        let mut told = serde_json::json!({
            "mapping": self.mapping,
            "settings": self.settings_digest(),
            "selector": selector.map(|selector| &selector.component),
            "selector_settings": selector.map(SelectorPin::settings_digest),
            "selector_on_fault": selector.map(|selector| selector.on_fault),
        });
        if let Some(told) = told.as_object_mut() {
            told.extend(more.map(|(name, value)| (name.to_owned(), value)));
        }
        told
    }

    /// SHA-256 over all of it, in hexadecimal.
    pub fn digest(&self) -> String {
        hex_digest(self.to_json().as_bytes())
    }

    /// SHA-256 of the settings, in hexadecimal.
    pub fn settings_digest(&self) -> String {
        hex_digest(self.settings.as_bytes())
    }
}

impl SelectorPin {
    /// The pin of a selector, by the digest of its component.
    pub fn new(component: String, chooser: &Chooser) -> Self {
        Self {
            component,
            settings: chooser.settings().text().to_owned(),
            limits: limits_digest(chooser.selector().limits()),
            on_fault: chooser.on_fault(),
        }
    }

    /// SHA-256 of the settings, in hexadecimal.
    pub fn settings_digest(&self) -> String {
        hex_digest(self.settings.as_bytes())
    }
}

fn limits_digest(limits: &Limits) -> String {
    hex_digest(format!("{limits:?}").as_bytes())
}

/// SHA-256 in hexadecimal.
pub(crate) fn hex_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
