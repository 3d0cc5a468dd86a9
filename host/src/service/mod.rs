//! The service as a whole: the store, the tenants' loops, the door, and what changes them.
//!
//! [`Service::start`] brings everything up in an order in which nothing can be lost: the store, the
//! loops, then the door. [`Service::close`], [`Service::finish`] and
//! [`Service::shut`] take it down in the other order.

mod deploy;
mod error;
mod experiments;
mod explain;
mod folder;
mod orders;
mod reload;
mod rerun;
mod rollout;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::watch as signal;
use tokio::task::JoinSet;

pub use deploy::{Deployed, DeployedAll, Deployment, Offer, Offered, OfferedSelector};
pub use error::ServiceError;
pub use experiments::{Experiment, ExperimentStatus};
pub use explain::{ExplainedCall, Explanation};
pub use folder::watch_folder;
pub use rerun::Rerun;
pub use rollout::{Asker, Ledger};
pub use watch::watch;

use crate::admission::Admission;
use crate::config::Config;
use crate::ingest::{Door, Entrant};
use crate::metrics::{Metrics, TenantMetrics};
use crate::queue::{Queue, QueueError, TenantId};
use crate::server::Identity;
use crate::tenant::{self, Handle, MappingPool, Setup};
use crate::versions::Library;

/// Stack of the threads that run guests, in stacks of a guest.
const STACKS: usize = 4;

/// The folder of compiled code within `data_dir`.
const COMPILED: &str = "compiled";

/// Tenants that are started at the same time.
const STARTS: usize = 64;

/// What a running service is made of.
pub struct Service {
    config_path: PathBuf,
    config: ArcSwap<Config>,
    setup: Arc<Setup>,
    metrics: Metrics,
    door: Arc<Door>,
    tenants: Mutex<BTreeMap<String, Running>>,
    closing: signal::Sender<bool>,
    reloading: tokio::sync::Mutex<()>,
    /// The certificate of the event listener.
    identity: Option<Arc<Identity>>,
    /// Why the configuration in its file is not the one in force, if it is not.
    unused_config: Mutex<Option<String>>,
    started: Instant,
}

/// A tenant that is served.
#[derive(Clone)]
pub struct Running {
    /// Its loop.
    pub handle: Arc<Handle>,
    /// What is counted of it.
    pub metrics: TenantMetrics,
    /// Digests of the components' files, to see that one changed.
    components: Vec<String>,
    /// Held while an experiment is started or stopped.
    experimenting: Arc<tokio::sync::Mutex<()>>,
}

impl Service {
    /// Starts everything but the listeners.
    ///
    /// # Errors
    /// [`ServiceError`], which names the tenant where it is about one.
    pub async fn start(
        config: Config,
        queue: Arc<dyn Queue>,
        identity: Option<Arc<Identity>>,
    ) -> Result<Arc<Self>, ServiceError> {
        let admission = Admission::child(&config.admission).with_cache(&config.server.data_dir.join(COMPILED));
        let library = Library::new(&config.limits, admission).map_err(ServiceError::Engine)?;
        let stack = config.limits.stack_bytes.saturating_mul(STACKS).max(2 * 1024 * 1024);
        let pool = MappingPool::start(stack).map_err(ServiceError::Threads)?;
        let setup = Arc::new(Setup::new(Arc::clone(&queue), pool, Arc::new(library)));
        let (closing, closed) = signal::channel(false);
        let metrics = Metrics::new();
        let tenants = start_all(&setup, &config, &metrics).await?;
        let door =
            Door::load(queue, config.limits.event_bytes, closed, config.ingest.clone(), entrants(&config, &tenants))
                .await
                .map_err(ServiceError::Door)?;
        Ok(Arc::new(Self {
            config_path: config.path.clone(),
            config: ArcSwap::from_pointee(config),
            setup,
            metrics,
            door,
            tenants: Mutex::new(tenants),
            closing,
            reloading: tokio::sync::Mutex::new(()),
            identity,
            unused_config: Mutex::default(),
            started: Instant::now(),
        }))
    }

    /// The door.
    pub fn door(&self) -> &Arc<Door> {
        &self.door
    }

    /// The store.
    pub fn queue(&self) -> &Arc<dyn Queue> {
        &self.setup.queue
    }

    /// The metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Why what the configuration's file says now is not in force, if it is not.
    pub fn unused_config(&self) -> Option<String> {
        self.unused_config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For how long it has been running.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The tenants that are served, by name.
    pub fn tenants(&self) -> BTreeMap<String, Running> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One tenant.
    ///
    /// # Errors
    /// [`ServiceError::UnknownTenant`].
    pub fn tenant(&self, name: &str) -> Result<Running, ServiceError> {
        self.tenants().remove(name).ok_or_else(|| ServiceError::UnknownTenant { name: name.to_owned() })
    }

    /// Becomes true when the service closes.
    pub fn closing(&self) -> signal::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Refuses what comes from now on.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Lets deliveries under way end, for at most `patience`.
    pub async fn finish(&self, patience: Duration) {
        let mut stopping = JoinSet::new();
        for running in self.tenants().into_values() {
            stopping.spawn(async move { running.handle.stop(patience).await });
        }
        while stopping.join_next().await.is_some() {}
    }

    /// Closes the store. The listeners are to be gone before.
    pub async fn shut(&self) {
        let queue = Arc::clone(&self.setup.queue);
        // It blocks while it writes; when that panics there is nothing left to do.
        let _ = tokio::task::spawn_blocking(move || queue.close()).await;
    }
}

async fn start_all(
    setup: &Arc<Setup>,
    config: &Config,
    metrics: &Metrics,
) -> Result<BTreeMap<String, Running>, ServiceError> {
    let mut started = BTreeMap::new();
    let mut starting = JoinSet::new();
    for tenant in &config.tenants {
        if starting.len() >= STARTS
            && let Some(one) = starting.join_next().await
        {
            take(&mut started, one)?;
        }
        let order = orders::Order::of(config, tenant, &config.path, &setup.pools)?;
        starting.spawn(start_one(Arc::clone(setup), order, metrics.tenant(&tenant.name)));
    }
    while let Some(one) = starting.join_next().await {
        take(&mut started, one)?;
    }
    Ok(started)
}

type Started = Result<Result<(String, Running), ServiceError>, tokio::task::JoinError>;

fn take(started: &mut BTreeMap<String, Running>, one: Started) -> Result<(), ServiceError> {
    let (name, running) = one.map_err(|error| ServiceError::Task(error.to_string()))??;
    started.insert(name, running);
    Ok(())
}

/// Starts one tenant's loop.
async fn start_one(
    setup: Arc<Setup>,
    order: orders::Order,
    metrics: TenantMetrics,
) -> Result<(String, Running), ServiceError> {
    let name = order.name.clone();
    let failed = |error: QueueError| ServiceError::Queue { tenant: name.clone(), error };
    let id: TenantId = setup.queue.tenant(&order.name).await.map_err(failed)?;
    let (components, shadow_bytes) = (order.components(), order.shadow_bytes);
    let shared = Arc::clone(&setup);
    let (plan, configured) = order.plan(&setup, None).await?;
    let handle = tenant::start(setup, id, name.clone(), plan, configured, metrics.clone())
        .await
        .map_err(|error| ServiceError::Tenant { tenant: name.clone(), error })?;
    let running = Running { handle: Arc::new(handle), metrics, components, experimenting: Arc::default() };
    experiments::resume(&shared, &running, shadow_bytes).await?;
    Ok((name, running))
}

/// Who may send events.
fn entrants(config: &Config, tenants: &BTreeMap<String, Running>) -> Vec<Entrant> {
    let entrant = |tenant: &crate::config::Tenant| {
        let running = tenants.get(&tenant.name)?;
        Some(Entrant { id: running.handle.id(), name: tenant.name.clone(), intake: tenant.intake.clone() })
    };
    config.tenants.iter().filter_map(entrant).collect()
}
