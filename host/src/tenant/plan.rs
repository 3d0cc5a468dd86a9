//! What a tenant is told to do, as of its latest configuration.

use std::time::Duration;

use super::gate::GateConfig;
use crate::config::DeliveryConfig;
use crate::outbound::Client;
use crate::outbound::backoff::Backoff;
use crate::versions::Rules;

/// A tenant's orders.
#[derive(Clone)]
pub struct Plan {
    /// Nothing is delivered while this is set.
    pub paused: bool,
    /// Where to deliver.
    pub client: Client,
    /// How to deliver.
    pub delivery: DeliveryConfig,
    /// How long a version that is new is watched.
    pub watch: Duration,
    /// When it is taken back.
    pub rules: Rules,
}

impl Plan {
    pub(super) fn gate(&self) -> GateConfig {
        GateConfig {
            failures: self.delivery.circuit_failures.get(),
            probe: Duration::from_secs(self.delivery.circuit_probe_s.get()),
            requests_per_second: self.delivery.requests_per_second,
        }
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff { first: self.delivery.retry_first(), longest: self.delivery.retry_max() }
    }

    pub(super) fn keep_trying_ms(&self) -> u64 {
        self.delivery.keep_trying_s.get().saturating_mul(1000)
    }
}
