//! From a tenant's configuration to orders for its loop.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::ServiceError;
use crate::config::{Component, Config, DeliveryConfig, RolloutConfig, SelectorConfig, Tenant};
use crate::outbound::{Client, Destination, Pools};
use crate::sandbox::DEFAULT_COMPONENT;
use crate::tenant::{Configured, Plan, Setup};
use crate::versions::{Candidate, CandidateError, Parts, Rules, SelectorParts, hex_digest};

/// What a tenant's loop is to do, but for what takes long to make.
pub(super) struct Order {
    pub(super) name: String,
    paused: bool,
    client: Client,
    delivery: DeliveryConfig,
    parts: Parts,
    watch: Duration,
    rules: Rules,
    pub(super) shadow_bytes: usize,
    reason: String,
}

impl Order {
    /// Reads what the tenant's configuration names.
    pub(super) fn of(config: &Config, tenant: &Tenant, source: &Path, pools: &Pools) -> Result<Self, ServiceError> {
        let unusable = |error| ServiceError::Destination { tenant: tenant.name.clone(), error };
        let delivery = config.delivery_of(tenant);
        let destination = Destination::new(&tenant.accoil).map_err(unusable)?;
        let client = pools.client(destination, &delivery).map_err(unusable)?;
        let file = |path: &Path| {
            let bytes = read(path, config.limits.component_bytes);
            bytes.map(Arc::from).map_err(|error| ServiceError::Component {
                tenant: tenant.name.clone(),
                file: path.display().to_string(),
                problem: error.to_string(),
            })
        };
        let mapping = match &tenant.mapping.component {
            Component::Default => DEFAULT_COMPONENT.into(),
            Component::File(path) => file(path)?,
        };
        let selector = match &tenant.selector {
            Some(SelectorConfig { component, settings, on_fault }) => {
                Some(SelectorParts { component: file(component)?, settings: settings.clone(), on_fault: *on_fault })
            }
            None => None,
        };
        Ok(Self {
            name: tenant.name.clone(),
            paused: tenant.intake.paused,
            client,
            delivery,
            parts: Parts { mapping, settings: tenant.mapping.settings.clone(), selector },
            watch: config.rollout.watch(),
            rules: rules(&config.rollout),
            shadow_bytes: config.rollout.shadow_bytes,
            reason: format!("configured in {}", source.display()),
        })
    }

    /// Tells components from others without compiling them.
    pub(super) fn components(&self) -> Vec<String> {
        let selector = self.parts.selector.as_ref().map(|selector| &selector.component);
        [Some(&self.parts.mapping), selector].into_iter().flatten().map(|component| hex_digest(component)).collect()
    }

    /// Compiles the components, keeps them in the store, and makes the orders.
    /// With `recent` events it is tried on them before.
    pub(super) async fn plan(
        self,
        setup: &Setup,
        recent: Option<Vec<String>>,
    ) -> Result<(Plan, Configured), ServiceError> {
        let Self { name, paused, client, delivery, parts, watch, rules, reason, shadow_bytes: _ } = self;
        let mapping = match recent {
            None => candidate(setup, parts.clone()).await?,
            Some(recent) => tried(setup, parts.clone(), recent).await?,
        };
        let mapping = mapping.map_err(|error| ServiceError::Mapping { tenant: name.clone(), error })?;
        setup.keep(&mapping.pin, &parts).await.map_err(|error| ServiceError::Queue { tenant: name, error })?;
        let configured = Configured { mapping, by: "configuration".to_owned(), reason, watch };
        Ok((Plan { paused, client, delivery, watch, rules }, configured))
    }
}

/// Makes a version ready on a thread where that does no harm: it can take long.
pub(super) async fn candidate(setup: &Setup, parts: Parts) -> Result<Result<Candidate, CandidateError>, ServiceError> {
    let library = Arc::clone(&setup.library);
    let made = tokio::task::spawn_blocking(move || library.candidate(&parts)).await;
    made.map_err(|error| ServiceError::Task(format!("compiling a mapping failed inside the host: {error}")))
}

/// The same, after a trial run on samples and on these events.
pub(super) async fn tried(
    setup: &Setup,
    parts: Parts,
    recent: Vec<String>,
) -> Result<Result<Candidate, CandidateError>, ServiceError> {
    let library = Arc::clone(&setup.library);
    let made = tokio::task::spawn_blocking(move || library.admit(&parts, recent)).await;
    let made = made.map_err(|error| ServiceError::Task(format!("admission failed inside the host: {error}")))?;
    Ok(made.map(|(candidate, _)| candidate))
}

fn rules(rollout: &RolloutConfig) -> Rules {
    Rules {
        failures: rollout.rollback_failures,
        fault_percent: rollout.rollback_fault_percent,
        reject_percent: rollout.rollback_reject_percent,
    }
}

/// Reads a component's file, but no more of it than a component may have and one byte, so that a
/// longer one is noticed.
pub(super) fn read(path: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
    // Opening a pipe would wait for whoever writes to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("is no file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
