//! `[rollout]`: how new versions of mappings are watched, and candidates tried beside them.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[rollout]`: how new versions of mappings are watched, and candidates tried beside them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RolloutConfig {
    /// Seconds for which a new version is watched: what it fails on is run by the version before,
    /// and when that is too much, that version is put in force again. 0: it is not watched.
    pub watch_s: u64,
    /// Least failures for a version to be taken back, and
    pub rollback_failures: u64,
    /// more than such a part of its events as faults, in per cent,
    pub rollback_fault_percent: u64,
    /// or as rejects that the version before would not have made.
    pub rollback_reject_percent: u64,
    /// A folder that is watched, for development, relative to this file: a component that is saved there
    /// as `TENANT.wasm` is deployed to that tenant, with the settings of `TENANT.json` beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch_dir: Option<PathBuf>,
    /// Most bytes of events that wait for a candidate that runs beside; what is more is not compared.
    pub shadow_bytes: usize,
}

impl Default for RolloutConfig {
    fn default() -> Self {
        Self {
            watch_s: 60 * 60,
            rollback_failures: 5,
            rollback_fault_percent: 1,
            rollback_reject_percent: 10,
            watch_dir: None,
            shadow_bytes: 8 * 1024 * 1024,
        }
    }
}

impl RolloutConfig {
    /// How long a new version is watched.
    pub fn watch(&self) -> Duration {
        Duration::from_secs(self.watch_s)
    }
}
