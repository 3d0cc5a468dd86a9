//! One run: a seed decides what happens next, until all has been said.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::bug::Bug;
use super::store::Store;
use super::world::{CANDIDATES, Request, Row, Shared, World, lock, run_version, settings};
use crate::admission::Admission;
use crate::config::{AccoilConfig, AuthForm, DeliveryConfig, DialectName};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::outbound::{Answer, Client, Destination};
use crate::queue::{AuditEntry, TenantId, WHOLE};
use crate::sandbox::DEFAULT_COMPONENT;
use crate::secret::Secret;
use crate::tenant::pool::Job;
use crate::tenant::{Configured, Handle, MappingPool, OnlyIf, Plan, Setup, Switch, start};
use crate::versions::{Candidate, Library, Parts, Rules};

/// Steps of a run before it comes to rest.
const STEPS: u32 = 250;

/// Rounds in which it must come to rest.
const ROUNDS: u32 = 1_500;

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Ended {
    events: usize,
    crashes: u32,
    activations: usize,
    rollbacks: usize,
    canaries: usize,
    repinned: usize,
    resent: usize,
    attempts: usize,
}

impl Ended {
    pub(super) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.crashes += other.crashes;
        self.activations += other.activations;
        self.rollbacks += other.rollbacks;
        self.canaries += other.canaries;
        self.repinned += other.repinned;
        self.resent += other.resent;
        self.attempts += other.attempts;
    }

    /// Whether each of these happened.
    pub(super) fn has_everything(&self) -> bool {
        let numbers =
            [self.events, self.activations, self.rollbacks, self.canaries, self.repinned, self.resent, self.attempts];
        self.crashes > 0 && numbers.iter().all(|number| *number > 0)
    }
}

/// Compiled once, for all runs.
static LIBRARY: LazyLock<(Arc<Library>, Vec<Candidate>)> = LazyLock::new(|| {
    // Small batches, so that a take is cut within a version as well.
    let limits = Limits { batch_events: 3, ..Limits::default() };
    let library = Library::new(&limits, Admission::in_process()).unwrap();
    let candidate = |number| library.candidate(&Parts::alone(DEFAULT_COMPONENT, settings(number))).unwrap();
    let candidates = (0..CANDIDATES).map(candidate).collect();
    (Arc::new(library), candidates)
});

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let config = AccoilConfig {
        api_key: Secret::new("key"),
        endpoint: None,
        allow_private_endpoint: false,
        auth: AuthForm::Raw,
        dialect: DialectName::V2,
        combined_url: None,
        ca_file: None,
        in_flight: None,
        requests_per_second: None,
    };
    Client::new(Destination::new(&config).unwrap(), &DeliveryConfig::default()).unwrap()
});

fn candidate(number: u32) -> Candidate {
    LIBRARY.1[number as usize].clone()
}

/// Runs a seed.
///
/// # Errors
/// What does not hold.
pub(super) fn simulate(seed: u64, bug: Option<Bug>) -> Result<Ended, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    fastrand::seed(seed);
    let world: Shared = Arc::new(Mutex::new(World::new(bug, random.usize(1..12))));
    let mut weights = [3, 9, 9, 5, 10, 2, 1, 2];
    weights.iter_mut().for_each(|weight| *weight = random.u32(1..=2 * *weight));
    let crash_in = *random.choice(&[20, 60, 60, 200]).unwrap();
    let candidates = random.choose_multiple(0..CANDIDATES, 3);
    let world_of_life = Arc::clone(&world);
    let mut life = Life {
        random,
        world: world_of_life,
        configured: candidates[0],
        steps: STEPS,
        weights,
        crash_in,
        crash_at: 0,
        candidates,
    };
    loop {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let is_over = runtime.block_on(life.live());
        // All tasks end wherever they are.
        drop(runtime);
        if is_over {
            break;
        }
        let Life { random, world, .. } = &mut life;
        lock(world).crash(|| random.bool());
    }
    let mut world = lock(&world);
    if world.violation.is_none() {
        world.check_all();
    }
    match world.violation.take() {
        Some(violation) => Err(violation),
        None => Ok(life.ended(&world)),
    }
}

/// What a seed decides.
struct Life {
    random: fastrand::Rng,
    world: Shared,
    /// The candidate that the configuration says.
    configured: u32,
    steps: u32,
    /// How often each thing happens, in comparison; different with every seed, so that some get far in what
    /// others hardly begin.
    weights: [u32; 8],
    /// In how many steps there is a crash.
    crash_in: u32,
    /// With so many steps left there is another one.
    crash_at: u32,
    /// Those that are deployed.
    candidates: Vec<u32>,
}

/// A loop that runs, or is about to.
struct Running {
    handle: Arc<Mutex<Option<Arc<Handle>>>>,
    starting: tokio::task::JoinHandle<()>,
    jobs: mpsc::UnboundedReceiver<Job>,
}

impl Life {
    /// From a start to a crash, or until there is no more to do: then true.
    async fn live(&mut self) -> bool {
        if lock(&self.world).life > 0 && self.random.u8(..4) == 0 {
            self.configured = self.any_candidate();
        }
        let mut running = self.begin();
        // Somebody waits for the start to deploy something amid the recovery.
        let mut is_eager = self.random.u8(..4) == 0;
        while self.steps > 0 {
            self.steps -= 1;
            // Time passes only when nobody has anything to do.
            sleep(Duration::from_millis(1)).await;
            if running.has_failed(&self.world) {
                return true;
            }
            if self.crashes() {
                return false;
            }
            if is_eager && running.handle.lock().unwrap().is_some() {
                self.switch(&running);
                is_eager = false;
            }
            self.step(&mut running).await;
        }
        self.come_to_rest(&mut running).await;
        true
    }

    fn any_candidate(&mut self) -> u32 {
        *self.random.choice(&self.candidates).unwrap()
    }

    fn begin(&mut self) -> Running {
        let (pool, jobs) = MappingPool::by_hand();
        let queue = Arc::new(Store(Arc::clone(&self.world)));
        let mut setup = Setup::new(queue, pool, Arc::clone(&LIBRARY.0));
        setup.runs = Arc::new(run_version);
        let world = Arc::clone(&self.world);
        let client = CLIENT.clone().speaking_to(move |call| {
            let (reply, answer) = oneshot::channel();
            lock(&world).requests.push(Request { call: call.clone(), reply });
            answer
        });
        let plan = Plan {
            paused: false,
            client,
            delivery: DeliveryConfig {
                in_flight: NonZeroUsize::new(3).unwrap(),
                // So few that events are parked.
                window: NonZeroUsize::new(self.random.usize(2..40)).unwrap(),
                circuit_failures: NonZeroUsize::new(3).unwrap(),
                retry_first_ms: NonZeroU64::MIN,
                retry_max_ms: NonZeroU64::MIN,
                ..DeliveryConfig::default()
            },
            watch: Duration::from_secs(3_600),
            rules: Rules { failures: self.random.u64(1..5), fault_percent: 1, reject_percent: 10 },
        };
        let configured = Configured {
            mapping: candidate(self.configured),
            by: String::new(),
            reason: String::new(),
            watch: Duration::ZERO,
        };
        let handle = Arc::new(Mutex::new(None));
        let made = Arc::clone(&handle);
        let metrics = Metrics::new().tenant("t");
        let starting = tokio::spawn(async move {
            let started = start(Arc::new(setup), TenantId(1), "t".into(), plan, configured, metrics).await.unwrap();
            *made.lock().unwrap() = Some(Arc::new(started));
        });
        Running { handle, starting, jobs }
    }

    /// Now and then, and more often soon after something was put in force.
    fn crashes(&mut self) -> bool {
        if std::mem::take(&mut lock(&self.world).has_switched) && self.random.bool() {
            self.crash_at = self.steps.saturating_sub(self.random.u32(1..30));
        }
        self.random.u32(..self.crash_in) == 0 || self.crash_at == self.steps
    }

    async fn step(&mut self, running: &mut Running) {
        let total: u32 = self.weights.iter().sum();
        let mut point = self.random.u32(..total);
        let is_at = |weight: &u32| {
            let is_here = point < *weight;
            point = point.saturating_sub(*weight);
            is_here
        };
        match self.weights.iter().position(is_at) {
            Some(0) => self.accept(),
            Some(1) => self.write(),
            Some(2) => self.reply(),
            Some(3) => running.map_next(),
            Some(4) => self.answer(),
            Some(5) => self.switch(running),
            Some(6) => sleep(Duration::from_secs(15)).await,
            _ => sleep(Duration::from_millis(50)).await,
        }
    }

    fn accept(&mut self) {
        let mut world = lock(&self.world);
        for _ in 0..self.random.u8(1..6) {
            world.rows.push(Row { user: self.random.u32(..3), ended: None, attempt: None });
        }
        world.arrivals.notify_one();
    }

    /// The disk writes some of what waits.
    fn write(&mut self) {
        let mut world = lock(&self.world);
        for _ in 0..self.random.u8(1..4) {
            let Some(write) = world.waiting.pop_front() else { return };
            let reply = write(&mut world);
            world.replies.push(reply);
        }
    }

    fn reply(&mut self) {
        let mut world = lock(&self.world);
        for _ in 0..self.random.u8(1..4) {
            if world.replies.is_empty() {
                return;
            }
            let one = self.random.usize(..world.replies.len());
            world.replies.swap_remove(one)();
        }
    }

    /// The destination answers one of the requests.
    fn answer(&mut self) {
        let mut world = lock(&self.world);
        if world.requests.is_empty() {
            return;
        }
        let one = self.random.usize(..world.requests.len());
        let request = world.requests.swap_remove(one);
        let status = match self.random.u8(..40) {
            0..8 => 500,
            8 => 404,
            _ => 202,
        };
        take_in(&mut world, request, status);
    }

    fn switch(&mut self, running: &Running) {
        let Some(handle) = running.handle.lock().unwrap().clone() else { return };
        let canary = (self.random.u8(..3) == 0).then(|| (candidate(self.any_candidate()), WHOLE / 2));
        let switch = Switch {
            live: candidate(self.any_candidate()),
            canary,
            is_watched: self.random.u8(..4) > 0,
            only_if: OnlyIf::default(),
            audit: AuditEntry {
                tenant: None,
                what: "deploy".to_owned(),
                by: String::new(),
                reason: String::new(),
                detail: "{}".to_owned(),
            },
        };
        let world = Arc::clone(&self.world);
        tokio::spawn(async move {
            if let Ok(switched) = handle.switch(switch).await {
                let mut world = lock(&world);
                let is_written = world.activations.contains(&switched.activation);
                world.check(is_written, || format!("{:?} was reported and is not on disk", switched.activation));
            }
        });
    }

    /// Nothing new comes, and everything that is waited for comes.
    async fn come_to_rest(&mut self, running: &mut Running) {
        for round in 0..ROUNDS {
            sleep(Duration::from_millis(if round % 20 == 19 { 61_000 } else { 11 })).await;
            if running.has_failed(&self.world) {
                return;
            }
            running.map_next();
            let mut world = lock(&self.world);
            while let Some(write) = world.waiting.pop_front() {
                let reply = write(&mut world);
                world.replies.push(reply);
            }
            std::mem::take(&mut world.replies).into_iter().for_each(|reply| reply());
            for request in std::mem::take(&mut world.requests) {
                take_in(&mut world, request, 202);
            }
            if world.have_all_ended() {
                return;
            }
        }
    }

    fn ended(&self, world: &World) -> Ended {
        Ended {
            events: world.rows.len(),
            crashes: world.life,
            activations: world.activations.len(),
            rollbacks: world.activations.iter().filter(|one| one.by == "accoil-stream").count(),
            canaries: world.activations.iter().filter(|one| one.canary.is_some()).count(),
            repinned: world.repinned,
            resent: world.resent,
            attempts: world.attempts,
        }
    }
}

fn take_in(world: &mut World, request: Request, status: u16) {
    match status {
        202 if world.bug == Some(Bug::SettledBeforeDelivered) => {}
        202 => world.receive(&request.call),
        404 => world.refuse(&request.call),
        _ => {}
    }
    // A loop that has ended waits for nothing.
    let _ = request.reply.send(Answer::Http { status, retry_after: None, excerpt: String::new() });
}

impl Running {
    fn map_next(&mut self) {
        if let Ok(job) = self.jobs.try_recv() {
            job();
        }
    }

    /// Whether something does not hold, or the loop is gone.
    fn has_failed(&self, world: &Shared) -> bool {
        let handle = self.handle.lock().unwrap();
        let is_gone = match handle.as_ref() {
            Some(handle) => handle.task.lock().unwrap().as_ref().is_none_or(tokio::task::JoinHandle::is_finished),
            None => self.starting.is_finished(),
        };
        let mut world = lock(world);
        world.check(!is_gone, || "the loop has ended by itself: see the panic above".to_owned());
        world.violation.is_some()
    }
}
