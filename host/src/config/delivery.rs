//! `[delivery]`: how calls are sent and sent again.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[delivery]`: how calls are sent and sent again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryConfig {
    /// Most requests under way at a time.
    pub in_flight: NonZeroUsize,
    /// Most events that wait or are being delivered; beyond them reading is held back.
    pub window: NonZeroUsize,
    /// Users, accounts and memberships whose last delivery is remembered, each.
    pub remembered: NonZeroUsize,
    /// Most milliseconds for a connection, TLS included.
    pub connect_timeout_ms: NonZeroU64,
    /// Most milliseconds for a request, connection included.
    pub request_timeout_ms: NonZeroU64,
    /// Seconds for which `send` tries a call.
    pub give_up_after_s: NonZeroU64,
    /// Seconds for which the service tries a call, the time not counted in which the destination is
    /// paused or known to be down.
    pub keep_trying_s: NonZeroU64,
    /// Most requests a second to one tenant's destination; 0 for no limit.
    pub requests_per_second: u32,
    /// Failures in a row after which the destination is left alone but for a probe now and then.
    pub circuit_failures: NonZeroUsize,
    /// Seconds between those probes.
    pub circuit_probe_s: NonZeroU64,
    /// Seconds for which the service remembers what was delivered.
    pub remembered_s: NonZeroU64,
    /// Milliseconds: the upper bound of the wait after a first failure; it doubles with each
    /// further one.
    pub retry_first_ms: NonZeroU64,
    /// Milliseconds: the upper bound of all waits.
    pub retry_max_ms: NonZeroU64,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            in_flight: count(8),
            window: count(4096),
            remembered: count(100_000),
            connect_timeout_ms: amount(5_000),
            request_timeout_ms: amount(30_000),
            give_up_after_s: amount(5 * 60),
            keep_trying_s: amount(7 * 24 * 60 * 60),
            requests_per_second: 0,
            circuit_failures: count(10),
            circuit_probe_s: amount(10),
            remembered_s: amount(7 * 24 * 60 * 60),
            retry_first_ms: amount(500),
            retry_max_ms: amount(5 * 60 * 1_000),
        }
    }
}

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
}

fn amount(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN)
}

impl DeliveryConfig {
    /// Longest time for a connection.
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms.get())
    }

    /// Longest time for a request.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms.get())
    }

    /// How long a call is tried.
    pub fn give_up_after(&self) -> Duration {
        Duration::from_secs(self.give_up_after_s.get())
    }

    /// Upper bound of the first wait.
    pub fn retry_first(&self) -> Duration {
        Duration::from_millis(self.retry_first_ms.get())
    }

    /// Upper bound of all waits.
    pub fn retry_max(&self) -> Duration {
        Duration::from_millis(self.retry_max_ms.get())
    }
}
