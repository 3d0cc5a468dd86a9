//! Settings of a mapping: a JSON object that fits the mapping's own schema.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::{Refusal, quoted};
use super::schema_size;

/// Size of one compiled pattern of a schema.
const PATTERN_BYTES: usize = 256 * 1024;

/// Size of settings as text.
const SETTINGS_BYTES: usize = 1024 * 1024;

/// How much of a problem is told: it can quote the schema and the settings.
const PROBLEM_CHARS: usize = 300;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
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
        let refused = |problem: String| Refusal::Schema(quoted(shortened(&problem)));
        let schema: Value = serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
        schema_size::check(&schema).map_err(refused)?;
        // Patterns without look-around and back-references take linear time.
        let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES);
        let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(patterns);
        let validator = options.build(&schema).map_err(|error| refused(error.to_string()))?;
        Ok(Self { validator })
    }

    pub(super) fn check(&self, text: &str) -> Result<Settings, SettingsError> {
        check_size(text)?;
        // The text itself is passed on, for the sake of its numbers' digits.
        let sorted = json_text::sorted_object(text).map_err(|fault| SettingsError::NotAnObject(fault.to_string()))?;
        let value: Value = serde_json::from_str(text).map_err(|error| SettingsError::Unreadable(error.to_string()))?;
        if let Some(error) = self.validator.iter_errors(&value).next() {
            let place = match error.instance_path().as_str() {
                "" => "the top".to_owned(),
                pointer => format!("`{pointer}`"),
            };
            return Err(SettingsError::Schema { place, problem: told(&error) });
        }
        Ok(Settings { text: sorted.text.into_owned() })
    }
}

/// Whether a value fits a schema; nothing if that is no schema that can be used by itself.
pub(crate) fn fits(schema: &Value, value: &Value) -> Option<bool> {
    Schema::parse(&schema.to_string()).ok().map(|schema| schema.validator.is_valid(value))
}

/// Refuses settings that are longer than any have a reason to be.
///
/// # Errors
/// [`SettingsError::Unreadable`].
pub fn check_size(text: &str) -> Result<(), SettingsError> {
    if text.len() <= SETTINGS_BYTES {
        return Ok(());
    }
    Err(SettingsError::Unreadable(format!(
        "they are {} bytes, more than the {SETTINGS_BYTES} that they may have",
        text.len()
    )))
}

fn told(error: &ValidationError<'_>) -> String {
    let problem = error.to_string();
    // Without the value, if that is what makes it long.
    if problem.len() > PROBLEM_CHARS { shortened(&error.masked().to_string()) } else { problem }
}

fn shortened(problem: &str) -> String {
    problem.chars().take(PROBLEM_CHARS).collect()
}
