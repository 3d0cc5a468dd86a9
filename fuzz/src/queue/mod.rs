//! The queue against a model, through stops, kills and a disk that fails.

mod disk;
mod model;
mod store;

use accoil_stream::queue::{
    Attempt, Change, DeadFilter, Ending, NewEvent, Queue, QueueError, Seq, TakeLimits, TenantId,
};
use arbitrary::{Arbitrary, Unstructured};

pub use self::disk::may_fail;
use self::model::Model;
use self::store::Store;

/// The most steps of a run.
const STEPS: usize = 40;

/// The most bytes that a tenant may have queued and in dead letters, where that is little.
const LITTLE: u64 = 400;

/// Everything.
const ALL: TakeLimits = TakeLimits { events: 100_000, bytes: 1 << 30 };

/// What is asked of the queue, of one of two tenants.
#[derive(Debug, Arbitrary)]
enum Step {
    /// Events with a key, or without; their bodies have this many bytes more than they need.
    Accept { tenant: bool, events: Vec<(Option<u8>, u8)> },
    /// The next events.
    Take { tenant: bool, events: u8 },
    /// Some of those that were taken are delivered.
    Settle { tenant: bool, nth: Vec<u8> },
    /// Some become dead letters.
    Die { tenant: bool, nth: Vec<u8> },
    /// Delivery of one was tried.
    Attempt { tenant: bool, nth: u8 },
    /// Dead letters are put into the queue again.
    Replay { tenant: bool, limit: u8 },
    /// Dead letters are removed.
    Drop { tenant: bool, limit: u8 },
    /// The store is closed and opened.
    Reopen,
    /// The process is killed, and another one opens what lies on the disk.
    Kill,
    /// The disk takes so many bytes more and no others while events come and one is settled; then the store is opened
    /// on a sound disk.
    Fail { tenant: bool, room: u16, events: Vec<(Option<u8>, u8)>, settled: u8 },
}

/// All that happens to a store.
#[derive(Debug, Arbitrary)]
struct Plan {
    /// Whether tenants may have little.
    little: bool,
    /// For how many hours events are kept that have ended.
    history_hours: u8,
    steps: Vec<Step>,
}

/// Does to a store what the bytes say, and holds it against a model.
///
/// # Panics
///
/// When the store is not what the model is: an event that was accepted is lost, doubled, changed or out of order, or
/// what has ended comes back.
pub fn queue(data: &[u8]) {
    let Ok(plan) = Plan::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let mut run = Run::new(&plan);
    for step in plan.steps.into_iter().take(STEPS) {
        run.step(step);
    }
    run.check();
    run.step(Step::Kill);
    run.end();
}

struct Run {
    store: Store,
    models: [Model; 2],
    /// Of the bodies, so that each is another.
    made: u32,
}

impl Run {
    fn new(plan: &Plan) -> Self {
        let store = Store::new(plan.little.then_some(LITTLE), u32::from(plan.history_hours % 3));
        let ids = ["a", "b"].map(|name| store.queue().tenant(name).wait().expect("a tenant"));
        assert_eq!(ids, [tenant_id(false), tenant_id(true)]);
        let limit = if plan.little { LITTLE } else { u64::MAX };
        Self { store, models: [Model::new(limit), Model::new(limit)], made: 0 }
    }

    fn model(&mut self, tenant: bool) -> &mut Model {
        &mut self.models[usize::from(tenant)]
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Accept { tenant, events } => {
                let events = self.new_events(&events);
                let answer = self.store.queue().accept(tenant_id(tenant), events.clone(), Vec::new()).wait();
                self.model(tenant).accept(&events, &answer);
            }
            Step::Take { tenant, events } => {
                let limits = TakeLimits { events: usize::from(events).max(1), ..ALL };
                let after = self.model(tenant).taken;
                let taken = self.store.queue().take(tenant_id(tenant), after, limits).wait().expect("events");
                self.model(tenant).take(&taken, limits.events);
            }
            Step::Settle { tenant, nth } => self.end_some(tenant, &nth, false),
            Step::Die { tenant, nth } => self.end_some(tenant, &nth, true),
            Step::Attempt { tenant, nth } => {
                let Some(seq) = self.model(tenant).pick(nth) else { return };
                let attempt = Attempt { version: nth.into(), ..Attempt::default() };
                self.record(tenant, vec![Change::Attempted { seq, attempt }]);
                self.model(tenant).attempt(seq, nth.into());
            }
            Step::Replay { tenant, limit } => {
                let count = self.store.queue().replay(dead(tenant, limit)).wait().expect("a count");
                self.model(tenant).replay(usize::from(limit), count);
            }
            Step::Drop { tenant, limit } => {
                let count = self.store.queue().drop_dead_letters(dead(tenant, limit)).wait().expect("a count");
                self.model(tenant).drop_dead(usize::from(limit), count);
            }
            Step::Reopen => self.store.reopen(),
            Step::Kill => {
                self.store.kill();
                self.check();
            }
            Step::Fail { tenant, room, events, settled } => self.fail(tenant, room, &events, settled),
        }
    }

    fn new_events(&mut self, wanted: &[(Option<u8>, u8)]) -> Vec<NewEvent> {
        let new = |(key, more): &(Option<u8>, u8)| {
            self.made += 1;
            let body = format!("{{\"n\":{},\"more\":\"{}\"}}", self.made, "x".repeat(usize::from(*more)));
            NewEvent { id: key.map(|key| key.to_string()), key: key.map(u128::from), body }
        };
        wanted.iter().take(20).map(new).collect()
    }

    fn end_some(&mut self, tenant: bool, nth: &[u8], dies: bool) {
        let model = self.model(tenant);
        let picked: Vec<Seq> = nth.iter().filter_map(|nth| model.pick(*nth)).collect();
        picked.iter().for_each(|seq| model.end(*seq, dies));
        self.record(tenant, picked.into_iter().map(|seq| ended(seq, dies)).collect());
    }

    fn record(&self, tenant: bool, changes: Vec<Change>) {
        self.store.queue().record(tenant_id(tenant), changes, Vec::new()).wait().expect("it is written");
    }

    /// What was refused while the disk failed is there as a whole or not at all. What was told about an event that had
    /// been taken is kept, or nobody was told that it is.
    fn fail(&mut self, tenant: bool, room: u16, events: &[(Option<u8>, u8)], settled: u8) {
        let events = self.new_events(events);
        let picked = self.model(tenant).pick(settled);
        let changes = picked.map(|seq| ended(seq, false)).into_iter().collect();
        let queue = self.store.queue();
        let (answer, told) = {
            let _full = disk::Full::after(&self.store.log(), room);
            let answer = queue.accept(tenant_id(tenant), events.clone(), Vec::new()).wait();
            (answer, queue.record(tenant_id(tenant), changes, Vec::new()))
        };
        self.store.reopen();
        let told = told.wait();
        let found = self.store.stats(tenant_id(tenant)).accepted;
        let model = self.model(tenant);
        match answer {
            Err(QueueError::Failing { .. }) if found == model.accepted => {}
            // It reached the disk, and only that was not heard of.
            Err(QueueError::Failing { .. }) => model.accept_unheard(&events, found),
            answer => model.accept(&events, &answer),
        }
        if let Some(seq) = picked {
            let is_open = self.store.queue().load(tenant_id(tenant), seq).wait().expect("a look").is_some();
            assert!(told.is_err() || !is_open, "it was told that {seq} is settled, and it is not");
            if !is_open {
                self.model(tenant).end(seq, false);
            }
        }
        self.check();
    }

    fn check(&self) {
        for (tenant, model) in [false, true].into_iter().zip(&self.models) {
            let stats = self.store.stats(tenant_id(tenant));
            let unsettled = self.store.queue().unsettled(tenant_id(tenant), 0, ALL).wait().expect("events");
            let dead = self.store.queue().dead_letters(dead(tenant, u8::MAX)).wait().expect("dead letters");
            model.check(&stats, &unsettled, &dead);
        }
    }

    /// Whatever was accepted and has not ended comes out, in order, and once.
    fn end(mut self) {
        for tenant in [false, true] {
            let after = self.model(tenant).taken;
            let left = self.store.queue().take(tenant_id(tenant), after, ALL).wait().expect("events");
            self.model(tenant).take(&left, ALL.events);
        }
        self.check();
        self.store.verify();
    }
}

fn tenant_id(tenant: bool) -> TenantId {
    TenantId(1 + u32::from(tenant))
}

fn dead(tenant: bool, limit: u8) -> DeadFilter {
    DeadFilter { tenant: Some(tenant_id(tenant)), limit: Some(limit.into()), ..DeadFilter::default() }
}

fn ended(seq: Seq, dies: bool) -> Change {
    if dies {
        Change::Dead { seq, reason: "x".into(), detail: String::new(), attempt: Attempt::default() }
    } else {
        Change::Settled { seq, version: 1, ending: Ending::Delivered, note: "{}".into() }
    }
}
