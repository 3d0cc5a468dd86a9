//! One tenant: its events are taken from the queue, mapped, delivered, and what became of them is
//! recorded.
//!
//! [`start()`] sets a tenant's loop going, a [`Handle`] steers it. Within the room: `driver` is the
//! loop; `mapping` turns stored events into `work` on the threads of the [`MappingPool`];
//! `attempt` takes one event's calls to the destination, past the [`gate`]; `recorder` brings the
//! ends to the disk.

mod attempt;
mod driver;
pub mod gate;
mod mapping;
mod plan;
mod pool;
mod recorder;
mod resume;
mod shadow;
#[cfg(test)]
mod simulation;
mod span;
mod start;
mod switch;
mod work;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub(crate) use mapping::canonical;
pub use plan::Plan;
pub use pool::MappingPool;
pub use shadow::{Shadow, ShadowConfig};
pub use start::{Configured, start};
pub use switch::{OnlyIf, Switch, SwitchError, Switched};

use crate::event::Event;
use crate::outbound::Pools;
use crate::queue::{AuditEntry, Queue, QueueError, Seq, TenantId, UnixMs};
use crate::sandbox::Ran;
use crate::versions::{InForce, Library, Parts, Pin, SelectorParts, Tally, Version};
use attempt::Way;

/// What all tenants share.
pub struct Setup {
    /// The durable queue.
    pub queue: Arc<dyn Queue>,
    /// The threads that run mappings.
    pub pool: MappingPool,
    /// What was compiled.
    pub library: Arc<Library>,
    /// Connections to destinations.
    pub pools: Pools,
    /// Requests under way, of all tenants.
    flights: Arc<AtomicUsize>,
    /// Components that are in the store, by digest.
    kept: Mutex<HashSet<String>>,
    /// Runs a version on a batch of events.
    runs: Arc<Runs>,
}

/// Runs a version on a batch of events: an outcome for each, in order.
type Runs = dyn Fn(&Version, &[Event<'_>]) -> Ran + Send + Sync;

impl Setup {
    /// What all tenants share.
    pub fn new(queue: Arc<dyn Queue>, pool: MappingPool, library: Arc<Library>) -> Self {
        Self {
            queue,
            pool,
            library,
            pools: Pools::default(),
            flights: Arc::default(),
            kept: Mutex::default(),
            runs: Arc::new(mapping::in_sandbox),
        }
    }

    /// Keeps the components of a version in the store, so that what it mapped can be told, and its
    /// backlog be mapped, when its files are gone.
    ///
    /// # Errors
    /// When the store can't be written.
    pub async fn keep(&self, pin: &Pin, parts: &Parts) -> Result<(), QueueError> {
        let selector = parts.selector.as_ref().map(|selector| &selector.component);
        for (digest, component) in pin.components().zip([Some(&parts.mapping), selector].into_iter().flatten()) {
            self.keep_component(digest, component).await?;
        }
        Ok(())
    }

    /// What a version is made of, from the store; nothing, when a component is not there.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn parts(&self, pin: &Pin) -> Result<Option<Parts>, QueueError> {
        let Some(mapping) = self.queue.component(&pin.mapping).await? else { return Ok(None) };
        let mut parts = Parts::alone(mapping, pin.settings.as_str());
        if let Some(selector) = &pin.selector {
            let Some(component) = self.queue.component(&selector.component).await? else { return Ok(None) };
            let (settings, on_fault) = (selector.settings.clone(), selector.on_fault);
            parts.selector = Some(SelectorParts { component: component.into(), settings, on_fault });
        }
        Ok(Some(parts))
    }

    async fn keep_component(&self, digest: &str, component: &[u8]) -> Result<(), QueueError> {
        let is_kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if is_kept().contains(digest) {
            return Ok(());
        }
        self.queue.keep_component(digest.to_owned(), component.to_vec()).await?;
        is_kept().insert(digest.to_owned());
        Ok(())
    }
}

/// Requests under way of all tenants from which on a tenant begins no more than
/// [`FLIGHTS_OF_EACH`]: a thousand tenants with all that each may have would be mostly connections.
const MANY_FLIGHTS: usize = 512;

/// Requests that a tenant may always have under way, whatever the others do.
const FLIGHTS_OF_EACH: usize = 2;

/// Counts an event that is under way for as long as it lives.
struct Flight(Arc<AtomicUsize>);

impl Setup {
    fn fly(&self) -> Flight {
        self.flights.fetch_add(1, Ordering::Relaxed);
        Flight(Arc::clone(&self.flights))
    }

    fn are_many_flying(&self) -> bool {
        self.flights.load(Ordering::Relaxed) >= MANY_FLIGHTS
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a tenant's loop does not start.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// The store could not be read or written.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A version that is needed can't be compiled for now.
    #[error(
        "the version in force (component sha256:{mapping}) can't be made ready, and nothing else is put in its place: \
         {problem}; give [admission] more, or start again"
    )]
    NotReady {
        /// Digest of its component.
        mapping: String,
        /// Why.
        problem: String,
    },
}

impl TenantError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Queue(error) => error.code(),
            Self::NotReady { .. } => "version-not-ready",
        }
    }
}

enum Command {
    Follow(Box<Plan>),
    Switch(Box<Switch>, oneshot::Sender<Result<Switched, SwitchError>>),
    ClearTold(oneshot::Sender<Result<u64, QueueError>>),
    Stop,
}

/// What is seen of a loop from outside.
struct Shared {
    way: ArcSwap<Way>,
    in_force: ArcSwap<InForce>,
    rolled_back: Mutex<Option<RolledBack>>,
    judged: Mutex<Tally>,
    shadow: ArcSwapOption<Shadow>,
}

/// A version that was taken back by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// When.
    pub at: UnixMs,
    /// The version that failed.
    pub condemned: u32,
    /// The version that is in force since.
    pub to: u32,
    /// The first event that it is in force for.
    pub from: Seq,
    /// Why.
    pub reason: String,
}

/// The state of a tenant's destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationState {
    /// Why it is left alone, if it is.
    pub closed: Option<gate::Closed>,
    /// How long until it is spoken to again.
    pub opens_in: Option<Duration>,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

/// Steers a tenant's loop.
pub struct Handle {
    id: TenantId,
    name: String,
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
    setup: Arc<Setup>,
}

impl Handle {
    fn new(
        id: TenantId,
        name: String,
        commands: mpsc::Sender<Command>,
        shared: Arc<Shared>,
        task: JoinHandle<()>,
        setup: Arc<Setup>,
    ) -> Self {
        Self { id, name, commands, shared, task: Mutex::new(Some(task)), setup }
    }

    /// The tenant's number in the store.
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives it new orders. They are followed as soon as nothing is under way that they concern.
    pub async fn follow(&self, plan: Plan) {
        // A loop that has ended follows nothing any more.
        let _ = self.commands.send(Command::Follow(Box::new(plan))).await;
    }

    /// Forgets what was told to the destination, so that everything is told again.
    ///
    /// # Errors
    /// When the store can't be written, or the loop has ended.
    pub async fn clear_told(&self) -> Result<u64, QueueError> {
        let (done, cleared) = oneshot::channel();
        self.commands.send(Command::ClearTold(done)).await.map_err(|_| QueueError::Closed)?;
        cleared.await.unwrap_or(Err(QueueError::Closed))
    }

    /// What is in force for the next event.
    pub fn in_force(&self) -> Arc<InForce> {
        self.shared.in_force.load_full()
    }

    /// What the version that is watched made of events so far, as far as that is remembered.
    pub fn judged(&self) -> Tally {
        *self.shared.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last version that was taken back by itself since the start.
    pub fn rolled_back(&self) -> Option<RolledBack> {
        self.shared.rolled_back.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what is in force, from the next event that is taken on. Whoever stops waiting for it
    /// does not stop it.
    ///
    /// # Errors
    /// [`SwitchError`]: then what was in force still is.
    pub async fn switch(&self, switch: Switch) -> Result<Switched, SwitchError> {
        let (done, switched) = oneshot::channel();
        let asked = Command::Switch(Box::new(switch), done);
        self.commands.send(asked).await.map_err(|_| QueueError::Closed)?;
        switched.await.unwrap_or(Err(SwitchError::Queue(QueueError::Closed)))
    }

    /// Puts the mapping of a new configuration in force, if it is another one than when the
    /// configuration was last taken over. Gives the switch, if there was one.
    ///
    /// # Errors
    /// [`SwitchError`]: then what was in force still is.
    pub async fn configure(&self, configured: Configured) -> Result<Option<Switched>, SwitchError> {
        if !resume::is_new(&self.setup, self.id, &configured.mapping).await? {
            return Ok(None);
        }
        let audit = AuditEntry {
            tenant: Some(self.name.clone()),
            what: "configure".to_owned(),
            by: configured.by,
            reason: configured.reason,
            detail: "{}".to_owned(),
        };
        let live = configured.mapping.clone();
        let switch = Switch { live, canary: None, is_watched: true, only_if: OnlyIf::default(), audit };
        let switched = self.switch(switch).await?;
        resume::remember(&self.setup, self.id, &configured.mapping).await?;
        Ok(Some(switched))
    }

    /// Has a candidate run beside what is in force, or none.
    pub fn run_beside(&self, shadow: Option<Arc<Shadow>>) {
        self.shared.shadow.store(shadow);
    }

    /// The candidate that runs beside.
    pub fn shadow(&self) -> Option<Arc<Shadow>> {
        self.shared.shadow.load_full()
    }

    /// The state of its destination.
    pub fn destination(&self) -> DestinationState {
        let gate = &self.shared.way.load().gate;
        DestinationState {
            closed: gate.closed(),
            opens_in: gate.opens_at().map(|at| at.saturating_duration_since(Instant::now())),
            last_error: gate.last_error(),
        }
    }

    /// Begins nothing new, lets what is under way end for at most `patience`, and ends the loop.
    pub async fn stop(&self, patience: Duration) {
        // A loop that has ended needs no telling.
        let _ = self.commands.send(Command::Stop).await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else {
            return;
        };
        let abort = task.abort_handle();
        if tokio::time::timeout(patience, task).await.is_err() {
            tracing::warn!(tenant = self.name, "deliveries under way were cut; they are made again at the next start");
            abort.abort();
        }
    }
}

impl Shared {
    fn new(way: Arc<Way>, in_force: Arc<InForce>) -> Self {
        let in_force = ArcSwap::new(in_force);
        Self {
            way: ArcSwap::new(way),
            in_force,
            rolled_back: Mutex::default(),
            judged: Mutex::default(),
            shadow: ArcSwapOption::empty(),
        }
    }

    fn note_judged(&self, seen: Tally) {
        *self.judged.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    fn note_rollback(&self, rolled_back: RolledBack) {
        *self.rolled_back.lock().unwrap_or_else(PoisonError::into_inner) = Some(rolled_back);
    }
}
