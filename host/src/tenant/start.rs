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
use crate::queue::{Activation, Fact, QueueError, Space, TenantId, UnixMs};
use crate::versions::{Candidate, Pin, Versions};

/// Under which key the memory of what was told says which destination it is about.
const DESTINATION: &[u8] = b"destination";

/// Commands that may wait for a loop.
const WAITING_COMMANDS: usize = 16;

/// Starts a tenant's loop.
///
/// # Errors
/// When the store can't be read or written, or a version that is still needed can't be compiled.
pub async fn start(
    setup: Arc<Setup>,
    id: TenantId,
    name: String,
    plan: Plan,
    metrics: TenantMetrics,
) -> Result<Handle, TenantError> {
    let recover_to = position(&setup, id).await?;
    let mut versions = Versions::default();
    for activation in needed_versions(&setup, id, recover_to).await? {
        let candidate = load(&setup, &name, &activation, &plan).await?;
        versions.push(&activation, candidate);
    }
    let activation = activate(&setup, id, None, &plan.mapping, &plan.reason).await?;
    versions.push(&activation, plan.mapping.clone());
    let told = told(&setup, id, &plan).await?;
    let way = Arc::new(Way {
        client: plan.client.clone(),
        gate: Arc::new(Gate::new(plan.gate())),
        novelty: Arc::new(novelty(&plan, told)),
        metrics: metrics.clone(),
        stopping: Arc::default(),
    });
    let shared = Arc::new(Shared::new(Arc::clone(&way), &activation, &plan.mapping.pin));
    let (commands, received) = mpsc::channel(WAITING_COMMANDS);
    let driver = Driver::new(Start {
        setup,
        id,
        name: name.clone(),
        metrics,
        shared: Arc::clone(&shared),
        plan: Arc::new(plan),
        way,
        versions,
        recover_to,
    });
    let task = tokio::spawn(driver.run(received));
    Ok(Handle::new(id, name, commands, shared, task))
}

async fn position(setup: &Setup, id: TenantId) -> Result<u64, QueueError> {
    Ok(setup.queue.tenant_stats().await?.get(&id).map_or(0, |stats| stats.taken))
}

/// The versions that events run under which were taken and have not ended.
async fn needed_versions(setup: &Setup, id: TenantId, recover_to: u64) -> Result<Vec<Activation>, QueueError> {
    let one = crate::queue::TakeLimits { events: 1, bytes: 1 };
    let Some(first) = setup.queue.unsettled(id, 0, one).await?.first().map(|event| event.seq) else {
        return Ok(Vec::new());
    };
    let all = setup.queue.activations(id).await?;
    let oldest = all.iter().rposition(|activation| activation.from <= first).unwrap_or(0);
    Ok(all.into_iter().skip(oldest).filter(|activation| activation.from <= recover_to).collect())
}

/// Makes a version of an earlier run ready again. Where that can't be, as under other limits, the
/// events run under the mapping that is in force now.
async fn load(setup: &Setup, name: &str, activation: &Activation, plan: &Plan) -> Result<Candidate, QueueError> {
    let Some(pin) = Pin::from_json(&activation.pin) else {
        return Ok(plan.mapping.clone());
    };
    if pin == plan.mapping.pin {
        return Ok(plan.mapping.clone());
    }
    let component = setup.queue.component(&pin.mapping).await?;
    let library = Arc::clone(&setup.library);
    let settings = pin.settings.clone();
    let loaded = match component {
        Some(bytes) => setup.pool.run(move || library.candidate(&bytes, &settings).map_err(|e| e.to_string())).await,
        None => Some(Err("its component is not in the store".to_owned())),
    };
    let problem = match loaded {
        Some(Ok(candidate)) if candidate.pin == pin => return Ok(candidate),
        Some(Ok(_)) => "it was made under other limits or by another host format".to_owned(),
        Some(Err(problem)) => problem,
        None => "compiling it failed inside the host".to_owned(),
    };
    tracing::error!(
        tenant = name,
        version = activation.version,
        from = activation.from,
        "events of this version are mapped by the version in force now instead: {problem}"
    );
    Ok(plan.mapping.clone())
}

/// Puts a mapping in force after the event `after`, or after the take position.
pub(super) async fn activate(
    setup: &Setup,
    id: TenantId,
    after: Option<u64>,
    mapping: &Candidate,
    reason: &str,
) -> Result<Activation, QueueError> {
    setup.queue.activate(id, after, mapping.pin.to_json(), reason.to_owned()).await
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
