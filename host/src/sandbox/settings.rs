//! Settings of a mapping: a JSON object that fits the mapping's own schema.

use jsonschema::Validator;
use serde_json::Value;

use super::admission::Refusal;

/// Settings that were checked against the schema of the mapping they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    text: String,
}

impl Settings {
    /// The settings as compact JSON text with ascending names.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Settings do not fit the mapping.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// They are not a JSON object.
    #[error("settings must be a JSON object: {0}")]
    NotAnObject(String),
    /// They hold something that can't be checked, such as a number beyond all measure.
    #[error("settings can't be read: {0}")]
    Unreadable(String),
    /// They do not fit the schema.
    #[error("settings at {place}: {problem}")]
    Schema {
        /// A JSON pointer to the place.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

impl SettingsError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "settings-invalid"
    }
}

/// The schema of a mapping's settings, ready to check some.
pub(super) struct Schema {
    validator: Validator,
}

impl Schema {
    /// Reads the schema that a plugin gave.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let schema: Value = serde_json::from_str(text).map_err(|error| Refusal::Schema(error.to_string()))?;
        let validator = jsonschema::validator_for(&schema).map_err(|error| Refusal::Schema(error.to_string()))?;
        Ok(Self { validator })
    }

    pub(super) fn check(&self, text: &str) -> Result<Settings, SettingsError> {
        // The text itself is passed on, for the sake of its numbers' digits.
        let sorted = json_text::sorted_object(text).map_err(|fault| SettingsError::NotAnObject(fault.to_string()))?;
        let value: Value = serde_json::from_str(text).map_err(|error| SettingsError::Unreadable(error.to_string()))?;
        if let Some(error) = self.validator.iter_errors(&value).next() {
            let place = match error.instance_path().as_str() {
                "" => "the top".to_owned(),
                pointer => format!("`{pointer}`"),
            };
            return Err(SettingsError::Schema { place, problem: error.to_string() });
        }
        Ok(Settings { text: sorted.text.into_owned() })
    }
}
