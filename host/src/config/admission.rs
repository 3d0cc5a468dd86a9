//! `[admission]`: what taking in a component may cost.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[admission]`: what taking in a component may cost. It is compiled and tried in a process of its
/// own, which is stopped when it goes beyond this.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdmissionConfig {
    /// Most bytes of memory of that process.
    pub memory_bytes: u64,
    /// Most seconds of processor time.
    pub cpu_s: u64,
    /// Most seconds by the clock, for compiling as well as for waiting for a turn before.
    pub wall_s: u64,
    /// How many of a tenant's recent events a new component is tried on, beside built-in samples.
    pub recent_events: usize,
    /// Per cent of the events it is tried on that a component may fail on.
    pub faults_percent: u64,
    /// Most WebAssembly instructions for an event, on average over the events it is tried on.
    pub fuel_per_event: u64,
    /// Most bytes of compiled code that are kept in `data_dir`, so that a start need not compile; 0
    /// keeps none.
    pub cache_bytes: u64,
}

impl Default for AdmissionConfig {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            memory_bytes: 2048 * MIB,
            cpu_s: 120,
            wall_s: 240,
            recent_events: 200,
            faults_percent: 20,
            fuel_per_event: 50_000_000,
            cache_bytes: 512 * MIB,
        }
    }
}

impl AdmissionConfig {
    /// Longest time by the clock.
    pub fn wall(&self) -> Duration {
        Duration::from_secs(self.wall_s)
    }
}
