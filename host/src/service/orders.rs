//! From a tenant's configuration to orders for its loop.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::ServiceError;
use crate::config::{Component, Config, DeliveryConfig, Tenant};
use crate::outbound::{Client, Destination, Pools};
use crate::sandbox::DEFAULT_COMPONENT;
use crate::tenant::{Plan, Setup};

/// What a tenant's loop is to do, but for what takes long to make.
pub(super) struct Order {
    pub(super) name: String,
    paused: bool,
    client: Client,
    delivery: DeliveryConfig,
    component: Cow<'static, [u8]>,
    settings: String,
    reason: String,
}

impl Order {
    /// Reads what the tenant's configuration names.
    pub(super) fn of(config: &Config, tenant: &Tenant, source: &Path, pools: &Pools) -> Result<Self, ServiceError> {
        let unusable = |error| ServiceError::Destination { tenant: tenant.name.clone(), error };
        let delivery = config.delivery_of(tenant);
        let destination = Destination::new(&tenant.accoil).map_err(unusable)?;
        let client = pools.client(destination, &delivery).map_err(unusable)?;
        let component = match &tenant.mapping.component {
            Component::Default => Cow::Borrowed(DEFAULT_COMPONENT),
            Component::File(path) => {
                let bytes = read(path, config.limits.component_bytes);
                Cow::Owned(bytes.map_err(|error| ServiceError::Component {
                    tenant: tenant.name.clone(),
                    file: path.display().to_string(),
                    problem: error.to_string(),
                })?)
            }
        };
        Ok(Self {
            name: tenant.name.clone(),
            paused: tenant.intake.paused,
            client,
            delivery,
            component,
            settings: tenant.mapping.settings.clone(),
            reason: format!("configured in {}", source.display()),
        })
    }

    /// Tells a component from others without compiling it.
    pub(super) fn component_digest(&self) -> String {
        Sha256::digest(&self.component).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Compiles the component, keeps it in the store, and makes the orders.
    pub(super) async fn plan(self, setup: &Setup) -> Result<Plan, ServiceError> {
        let Self { name, paused, client, delivery, component, settings, reason } = self;
        let library = Arc::clone(&setup.library);
        let component = Arc::new(component);
        let compiled = Arc::clone(&component);
        let candidate = setup.pool.run(move || library.candidate(&compiled, &settings)).await;
        let mapping = candidate
            .ok_or_else(|| ServiceError::Task("compiling a mapping failed inside the host".to_owned()))?
            .map_err(|error| ServiceError::Mapping { tenant: name.clone(), error })?;
        setup
            .keep(&mapping.pin.mapping, &component)
            .await
            .map_err(|error| ServiceError::Queue { tenant: name, error })?;
        Ok(Plan { paused, client, delivery, mapping, reason })
    }
}

/// Reads a component's file, but no more of it than a component may have and one byte, so that a
/// longer one is noticed.
fn read(path: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
    // Opening a pipe would wait for whoever writes to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("is no file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
