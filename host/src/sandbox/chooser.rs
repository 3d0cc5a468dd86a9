//! A group selector with its settings: what the mapping of a tenant asks.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plugin::{Mapping, Selector};
use super::refusal::Refusal;
use super::settings::Settings;

/// What becomes of an event on which the selector fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnFault {
    /// It is kept aside as a dead letter, named as the selector's fault.
    #[default]
    DeadLetter,
    /// The mapping's own rule decides, as without a selector.
    DefaultRule,
}

/// A group selector with its settings.
pub struct Chooser {
    pub(super) selector: Arc<Selector>,
    pub(super) settings: Settings,
    pub(super) on_fault: OnFault,
}

impl Chooser {
    /// A selector with settings that were checked against its schema.
    #[must_use]
    pub fn new(selector: Arc<Selector>, settings: Settings, on_fault: OnFault) -> Self {
        Self { selector, settings, on_fault }
    }

    /// The selector.
    #[must_use]
    pub fn selector(&self) -> &Arc<Selector> {
        &self.selector
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What becomes of an event on which it fails.
    #[must_use]
    pub fn on_fault(&self) -> OnFault {
        self.on_fault
    }

    /// How long an instance of the selector may run.
    pub(super) fn deadline(&self) -> Duration {
        Duration::from_millis(self.selector.limits.deadline_ms)
    }
}

impl Mapping {
    /// Checks that the mapping asks a selector at all.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoChoice`].
    pub fn takes_selector(&self) -> Result<(), Refusal> {
        if self.inspection().asks_selector() { Ok(()) } else { Err(Refusal::NoChoice) }
    }
}
