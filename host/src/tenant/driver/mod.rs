//! The loop of one tenant: takes events, has them mapped, delivers their calls, records what became
//! of them.
//!
//! Every tenant has a loop of its own, with its own bounds, so that a slow, failing or flooding one
//! costs the others nothing but its share of the machine.

mod deliver;
mod settle;
mod switch;
mod take;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::attempt::Way;
use super::recorder::Recorder;
use super::work::Work;
use super::{Command, Plan, Setup, Shared};
use crate::metrics::TenantMetrics;
use crate::outbound::lanes::{Lanes, Ticket};
use crate::queue::{QueueError, Seq, TenantId};
use crate::versions::{InForce, Judge, Timeline, Verdict};
use deliver::Ran;
use switch::Asked;
use take::Taking;

/// The most records that may wait for the disk before nothing new is begun.
const MOST_UNWRITTEN: usize = 8192;

/// How long to wait after the store or the mapping failed: doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A loop that finds nothing to do must not turn faster than this.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);

/// The state of the loop.
pub(super) struct Driver {
    setup: Arc<Setup>,
    id: TenantId,
    name: String,
    metrics: TenantMetrics,
    shared: Arc<Shared>,
    plan: Arc<Plan>,
    way: Arc<Way>,
    timeline: Timeline,
    /// The newest of it.
    in_force: Arc<InForce>,
    /// Hears of all events that the version on trial was run on.
    judge: Judge,
    /// Set from the moment at which the version on trial must not go on until it is taken back.
    condemned: Option<Verdict>,
    /// When the log last said that a selector fails.
    fallbacks_told: Option<Instant>,
    switches: VecDeque<Asked>,
    /// For what was put in force: from which event on, and the first ticket of those events.
    marks: VecDeque<(Seq, Ticket)>,
    arrivals: Arc<Notify>,
    /// The last event that was taken up.
    taken: Seq,
    /// The take position at the start: what has not ended until there comes first.
    recover_to: Seq,
    lanes: Lanes<u64, Seq>,
    /// Events that are held with their calls. Those of `lanes` that are not here are *parked*: they
    /// are loaded again when their turn comes.
    works: HashMap<Seq, Work>,
    /// Parked events that were tried before: how many records must be on disk before what is loaded
    /// is what was tried.
    parked: HashMap<Seq, u64>,
    /// Events whose turn it is, but that wait for a time,
    timers: BTreeMap<(Instant, Seq), Ticket>,
    /// or for the gate.
    held: VecDeque<(Ticket, Seq)>,
    /// Attempts under way. They are part of this task: a task for each would cost more than the
    /// attempt itself, and the requests are written and read by tasks of the connections.
    running: FuturesUnordered<Pin<Box<dyn Future<Output = Ran> + Send>>>,
    recorder: Recorder,
    taking: Option<Taking>,
    /// How many events are taken at once.
    take_size: usize,
    /// The last event that was taken when crowded lanes were last thinned.
    thinned_at: Seq,
    /// There is nothing to take until the queue says so.
    idle: bool,
    /// Nothing is taken or mapped until then.
    pause_until: Instant,
    pause: Duration,
    next_plan: Option<Plan>,
    stopping: bool,
}

/// What a new loop starts from.
pub(super) struct Start {
    pub(super) setup: Arc<Setup>,
    pub(super) id: TenantId,
    pub(super) name: String,
    pub(super) metrics: TenantMetrics,
    pub(super) shared: Arc<Shared>,
    pub(super) plan: Arc<Plan>,
    pub(super) way: Arc<Way>,
    pub(super) timeline: Timeline,
    /// The newest of it.
    pub(super) in_force: Arc<InForce>,
    /// The take position.
    pub(super) recover_to: Seq,
}

impl Driver {
    pub(super) fn new(start: Start) -> Self {
        let Start { setup, id, name, metrics, shared, plan, way, timeline, in_force, recover_to } = start;
        let recorder = Recorder::new(Arc::clone(&setup.queue), id);
        let arrivals = setup.queue.arrivals(id);
        Self {
            setup,
            id,
            name,
            metrics,
            shared,
            way,
            judge: Judge::new(plan.rules),
            plan,
            timeline,
            in_force,
            condemned: None,
            fallbacks_told: None,
            switches: VecDeque::new(),
            marks: VecDeque::new(),
            arrivals,
            taken: 0,
            recover_to,
            lanes: Lanes::new(),
            works: HashMap::new(),
            parked: HashMap::new(),
            timers: BTreeMap::new(),
            thinned_at: 0,
            held: VecDeque::new(),
            running: FuturesUnordered::new(),
            recorder,
            taking: None,
            take_size: take::LEAST_TAKEN,
            idle: false,
            pause_until: Instant::now(),
            pause: FIRST_PAUSE,
            next_plan: None,
            stopping: false,
        }
    }

    /// Runs until it is told to stop, or the store is closed.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            if let Err(error) = self.follow_next_plan().await {
                tracing::error!(tenant = self.name, code = error.code(), "the new configuration waits: {error}");
                self.rest_a_while();
            }
            self.make_switches().await;
            self.start_taking();
            self.start_attempts();
            if self.stopping && self.running.is_empty() {
                break;
            }
            let wakes_at = self.wakes_at();
            tokio::select! {
                command = commands.recv() => self.obey(command).await,
                Some(taken) = take::next(&mut self.taking) => {
                    self.taking = None;
                    self.take_in(taken);
                }
                Some(ran) = self.running.next(), if !self.running.is_empty() => {
                    self.took_place(ran);
                    // What can be read or written now comes first, so that a turn of the loop serves many answers:
                    // one turn each would have the threads of the runtime wake each other for every event.
                    yield_now().await;
                    while let Some(Some(ran)) = self.running.next().now_or_never() {
                        self.took_place(ran);
                    }
                }
                written = self.recorder.written() => {
                    if let Err(error) = written {
                        tracing::warn!(tenant = self.name, code = error.code(), "records are not written: {error}");
                        return;
                    }
                }
                () = self.arrivals.notified(), if self.idle => self.idle = false,
                () = sleep_until(wakes_at) => {}
            }
        }
        self.recorder.finish().await;
    }

    async fn obey(&mut self, command: Option<Command>) {
        match command {
            Some(Command::Follow(plan)) => self.next_plan = Some(*plan),
            Some(Command::Switch(switch, done)) => self.switches.push_back((switch, done)),
            Some(Command::ClearTold(done)) => {
                let cleared = super::start::clear_told(&self.setup, self.id, &self.plan).await;
                if cleared.is_ok() {
                    self.way = Arc::new(self.way.with_novelty(super::start::novelty(&self.plan, Vec::new())));
                    self.shared.way.store(Arc::clone(&self.way));
                }
                // Who asked may have gone.
                let _ = done.send(cleared);
            }
            Some(Command::Stop) | None => {
                self.stopping = true;
                self.way.stopping.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Follows new orders, at a moment at which nothing is under way that they concern.
    async fn follow_next_plan(&mut self) -> Result<(), QueueError> {
        let Some(plan) = &self.next_plan else {
            return Ok(());
        };
        let is_other_way = plan.client.destination().fingerprint() != self.plan.client.destination().fingerprint();
        if (is_other_way && !self.running.is_empty()) || self.pause_until > Instant::now() {
            return Ok(());
        }
        let plan = Arc::new(plan.clone());
        let novelty = if is_other_way {
            super::start::clear_told(&self.setup, self.id, &plan).await?;
            Some(super::start::novelty(&plan, Vec::new()))
        } else {
            None
        };
        self.way = Arc::new(self.way.follow(&plan, novelty));
        self.shared.way.store(Arc::clone(&self.way));
        self.plan = plan;
        self.next_plan = None;
        Ok(())
    }

    /// Whether anything new may begin.
    fn may_begin(&self) -> bool {
        !self.stopping && !self.plan.paused && self.next_plan.is_none()
    }

    fn rest_a_while(&mut self) {
        self.pause_until = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// When there is something to do that nothing else announces.
    fn wakes_at(&self) -> Instant {
        let now = Instant::now();
        let pause = Some(self.pause_until).filter(|until| *until > now);
        let gate = self.way.gate.opens_at();
        let timer = self.timers.first_key_value().map(|((due, _), _)| *due);
        // While the gate is closed, a timer that has run out changes nothing; and when nothing can start, the end of
        // what is under way wakes the loop.
        let start = if self.can_start() { gate.or(timer) } else { None };
        let far = now + LONGEST_PAUSE;
        // What is due now was begun before this was asked, unless a probe is under way.
        [pause, start].into_iter().flatten().min().unwrap_or(far).clamp(now + SHORTEST_SLEEP, far)
    }
}
