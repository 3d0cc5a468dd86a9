//! What makes a version: everything that what becomes of an event depends on.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::limits::Limits;

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
}

impl Pin {
    /// The pin of a component, by its digest, with settings and limits.
    pub fn new(mapping: String, settings: &str, limits: &Limits) -> Self {
        let limits = hex_digest(format!("{limits:?}").as_bytes());
        Self { mapping, settings: settings.to_owned(), limits, host_format: HOST_FORMAT }
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

    /// Whether another one has the same mapping and settings, under whatever limits and host format.
    pub fn has_content_of(&self, other: &Self) -> bool {
        self.mapping == other.mapping && self.settings == other.settings
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

/// SHA-256 in hexadecimal.
pub(crate) fn hex_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
