//! Getting a tenant's loop going: its versions, what was told before, its place in the queue.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::attempt::Way;
use super::driver::{Driver, Start};
use super::gate::Gate;
use super::{Handle, Plan, Setup, Shared, TenantError};
use crate::metrics::TenantMetrics;
use crate::outbound::Novelty;
use crate::queue::{Fact, QueueError, Space, TenantId, UnixMs};
use crate::versions::Candidate;

/// Under which key the memory of what was told says which destination it is about.
const DESTINATION: &[u8] = b"destination";

/// Commands that may wait for a loop.
const WAITING_COMMANDS: usize = 16;

/// The mapping that the configuration says.
pub struct Configured {
    /// The mapping.
    pub mapping: Candidate,
    /// Who says so.
    pub by: String,
    /// Where.
    pub reason: String,
    /// How long it is watched when it is new.
    pub watch: Duration,
}

/// Starts a tenant's loop.
///
/// # Errors
/// When the store can't be read or written.
pub async fn start(
    setup: Arc<Setup>,
    id: TenantId,
    name: String,
    plan: Plan,
    configured: Configured,
    metrics: TenantMetrics,
) -> Result<Handle, TenantError> {
    let recover_to = position(&setup, id).await?;
    let timeline = super::resume::timeline(&setup, id, &name, recover_to, &configured).await?;
    let in_force = timeline.newest().cloned().ok_or(QueueError::Missing { what: "a version in force".to_owned() })?;
    metrics.version.set(i64::from(in_force.live.number));
    let told = told(&setup, id, &plan).await?;
    let way = Arc::new(Way {
        tenant: Arc::from(name.as_str()),
        client: plan.client.clone(),
        gate: Arc::new(Gate::new(plan.gate())),
        novelty: Arc::new(novelty(&plan, told)),
        metrics: metrics.clone(),
        stopping: Arc::default(),
    });
    let shared = Arc::new(Shared::new(Arc::clone(&way), Arc::clone(&in_force)));
    let (commands, received) = mpsc::channel(WAITING_COMMANDS);
    let driver = Driver::new(Start {
        setup: Arc::clone(&setup),
        id,
        name: name.clone(),
        metrics,
        shared: Arc::clone(&shared),
        plan: Arc::new(plan),
        way,
        timeline,
        in_force,
        recover_to,
    });
    let task = tokio::spawn(driver.run(received));
    Ok(Handle::new(id, name, commands, shared, task, setup))
}

async fn position(setup: &Setup, id: TenantId) -> Result<u64, QueueError> {
    Ok(setup.queue.tenant_stats().await?.get(&id).map_or(0, |stats| stats.taken))
}

/// What was told to the plan's destination, as rows.
async fn told(setup: &Setup, id: TenantId, plan: &Plan) -> Result<Vec<(Vec<u8>, Vec<u8>, UnixMs)>, QueueError> {
    let rows = setup.queue.facts(id, Space::Told).await?;
    let fingerprint = plan.client.destination().fingerprint();
    let is_same = rows.iter().any(|(key, value, _)| key == DESTINATION && value == fingerprint.as_bytes());
    if is_same {
        return Ok(rows);
    }
    clear_told(setup, id, plan).await?;
    Ok(Vec::new())
}

/// Forgets what was told, and notes which destination is spoken to from now on.
pub(super) async fn clear_told(setup: &Setup, id: TenantId, plan: &Plan) -> Result<u64, QueueError> {
    let cleared = setup.queue.clear_facts(id, Space::Told).await?;
    let fingerprint = plan.client.destination().fingerprint();
    let fact = Fact { space: Space::Told, key: DESTINATION.to_vec(), value: Some(fingerprint.into_bytes()) };
    setup.queue.record(id, Vec::new(), vec![fact]).await?;
    Ok(cleared)
}

/// The memory of what was told, as the plan bounds it.
pub(super) fn novelty(plan: &Plan, rows: Vec<(Vec<u8>, Vec<u8>, UnixMs)>) -> Novelty {
    let keep = Duration::from_secs(plan.delivery.remembered_s.get());
    Novelty::restore(plan.delivery.remembered, keep, rows)
}
