//! What a run of the suite comes to.

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::sandbox::{Outcome, PluginKind};

/// Longer JSON is cut in a report, and then told as a string.
const JSON_BYTES: usize = 64 * 1024;

/// What came of all checks.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Of which world the plugin is.
    pub kind: PluginKind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The settings that all checks ran under which try no others, as JSON text. Nothing if none are
    /// known that fit.
    #[serde(serialize_with = "optional_json")]
    pub settings: Option<String>,
    /// Each check, in the order in which they ran.
    pub checks: Vec<Checked>,
    /// How many passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
    /// How many say nothing about this plugin.
    pub not_applicable: usize,
    /// What became of all events of all checks, each as often as it ran.
    pub outcomes: Counts,
    /// The call that came closest to its deadline.
    pub slowest: Option<Slowest>,
    /// The most linear memory of an instance, in bytes.
    pub memory_bytes: usize,
    /// How much it may have.
    pub memory_limit: usize,
}

/// A check and its verdict.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// Its name, which is stable.
    pub name: &'static str,
    /// What it demands of a plugin.
    pub means: &'static str,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What came of a check.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// The plugin does what is demanded.
    Pass {
        /// What else is worth knowing.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// It does not.
    Fail(Box<Failure>),
    /// The check says nothing about this plugin.
    NotApplicable {
        /// Why.
        why: String,
    },
}

/// How a plugin fails a check.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Failure {
    /// What is wrong.
    pub problem: String,
    /// What is special about the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// The event, as it came: JSON text.
    #[serde(serialize_with = "optional_json", skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The settings: JSON text.
    #[serde(serialize_with = "optional_json", skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// What became of the event, by how it was run: one outcome, or two that should be the same.
    pub outcomes: Vec<Told>,
}

/// An outcome, and how it came about.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// How the event was run.
    pub run: String,
    /// The outcome as JSON text, as `transform` prints it.
    #[serde(serialize_with = "json")]
    pub outcome: String,
}

/// How many events ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Delivered.
    pub deliver: u64,
    /// Skipped.
    pub skip: u64,
    /// Held for broken.
    pub reject: u64,
    /// Failed on.
    pub fault: u64,
}

/// A call of the plugin.
#[derive(Debug, Clone, Serialize)]
pub struct Slowest {
    /// Which one: the name of its event, or of its check and how many events it had.
    pub call: String,
    /// How long it took.
    #[serde(rename = "micros", serialize_with = "micros")]
    pub took: Duration,
    /// Its share of the deadline in percent.
    pub percent: u64,
    /// The deadline in milliseconds.
    pub deadline_ms: u64,
}

impl Counts {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Deliver(_) => &mut self.deliver,
            Outcome::Skip(_) => &mut self.skip,
            Outcome::Reject(_) => &mut self.reject,
            Outcome::Fault(_) => &mut self.fault,
        };
        *count += 1;
    }

    /// All of them.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.deliver + self.skip + self.reject + self.fault
    }
}

impl Report {
    /// Whether nothing failed.
    #[must_use]
    pub fn conforms(&self) -> bool {
        self.failed == 0
    }
}

impl Verdict {
    pub(super) fn pass() -> Self {
        Self::Pass { note: None }
    }

    pub(super) fn pass_with(note: impl Into<String>) -> Self {
        Self::Pass { note: Some(note.into()) }
    }

    pub(super) fn fail(problem: impl Into<String>) -> Self {
        Self::Fail(Box::new(Failure { problem: problem.into(), ..Failure::default() }))
    }

    pub(super) fn not_applicable(why: impl Into<String>) -> Self {
        Self::NotApplicable { why: why.into() }
    }
}

impl Told {
    pub(super) fn new(run: impl Into<String>, outcome: &Outcome) -> Self {
        let mut text = String::new();
        outcome.push_json(&mut text);
        Self { run: run.into(), outcome: text }
    }
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn optional_json<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => json(text, serializer),
        None => serializer.serialize_none(),
    }
}

/// JSON text as what it is, or as a string if it is long.
fn json<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if text.len() > JSON_BYTES {
        let beginning = text.chars().take(JSON_BYTES).collect::<String>();
        return serializer.serialize_str(&beginning);
    }
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => raw.serialize(serializer),
        Err(_) => serializer.serialize_str(text),
    }
}

fn micros<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
}
