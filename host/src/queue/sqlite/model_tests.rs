//! Random requests, compared with a model that is simple enough to be right.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::support::*;
use crate::queue::{Attempt, Change, DeadFilter, Ending, NewEvent, Queue, Seq, TakeLimits, TenantId};

#[derive(Debug, Clone)]
enum Step {
    Accept { tenant: u8, keys: Vec<u8> },
    Take { tenant: u8, events: usize },
    Settle { tenant: u8, nth: Vec<u8> },
    Die { tenant: u8, nth: Vec<u8> },
    Attempt { tenant: u8, nth: u8 },
    Replay { tenant: u8, limit: usize },
    Drop { tenant: u8, limit: usize },
    Erase { tenant: u8, rest: u64 },
    Pass { hours: u64 },
    Crash,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let tenant = 0..2_u8;
    let nth = prop::collection::vec(any::<u8>(), 1..6);
    prop_oneof![
        6 => (tenant.clone(), prop::collection::vec(0..60_u8, 0..8)).prop_map(|(tenant, keys)| Step::Accept { tenant, keys }),
        5 => (tenant.clone(), 1..9_usize).prop_map(|(tenant, events)| Step::Take { tenant, events }),
        5 => (tenant.clone(), nth.clone()).prop_map(|(tenant, nth)| Step::Settle { tenant, nth }),
        2 => (tenant.clone(), nth).prop_map(|(tenant, nth)| Step::Die { tenant, nth }),
        2 => (tenant.clone(), any::<u8>()).prop_map(|(tenant, nth)| Step::Attempt { tenant, nth }),
        1 => (tenant.clone(), 0..5_usize).prop_map(|(tenant, limit)| Step::Replay { tenant, limit }),
        1 => (tenant.clone(), 0..3_usize).prop_map(|(tenant, limit)| Step::Drop { tenant, limit }),
        1 => (tenant, 0..4_u64).prop_map(|(tenant, rest)| Step::Erase { tenant, rest }),
        1 => (1..30_u64).prop_map(|hours| Step::Pass { hours }),
        1 => Just(Step::Crash),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Debug, Default)]
struct Model {
    accepted: Seq,
    taken: Seq,
    known: BTreeSet<u8>,
    /// Events that have not ended, with the version of their attempt.
    open: BTreeMap<Seq, (String, Option<u32>)>,
    dead: Vec<(Seq, String)>,
}

impl Model {
    /// One of the taken events, whether it has ended or not.
    fn pick(&self, nth: u8) -> Option<Seq> {
        (self.taken > 0).then(|| u64::from(nth) % self.taken + 1)
    }
}

struct Run {
    place: Place,
    queue: Option<super::SqliteQueue>,
    models: [Model; 2],
}

impl Run {
    fn new(history_hours: u32) -> Self {
        let mut place = Place::new();
        // What a window forgets, and when, has tests of its own.
        place.config.dedup_days = 100_000;
        place.config.dead_letter_days = 100_000;
        place.config.history_hours = history_hours;
        let queue = place.open();
        assert_eq!((queue.id("0"), queue.id("1")), (TenantId(1), TenantId(2)));
        Self { place, queue: Some(queue), models: Default::default() }
    }

    fn queue(&self) -> &super::SqliteQueue {
        self.queue.as_ref().unwrap()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Accept { tenant, keys } => self.accept(tenant, &keys),
            Step::Take { tenant, events } => self.take(tenant, events),
            Step::Settle { tenant, nth } => self.end(tenant, &nth, false),
            Step::Die { tenant, nth } => self.end(tenant, &nth, true),
            Step::Attempt { tenant, nth } => self.attempt(tenant, nth),
            Step::Replay { tenant, limit } => self.replay(tenant, limit),
            Step::Drop { tenant, limit } => {
                let dropped = self.queue().drop_dead_letters(filter(tenant, limit)).wait().unwrap() as usize;
                let model = &mut self.models[usize::from(tenant)];
                assert_eq!(model.dead.drain(..limit.min(model.dead.len())).count(), dropped);
            }
            Step::Erase { tenant, rest } => {
                let is_meant = move |event: &crate::queue::Stored| event.seq % 4 == rest;
                self.queue().erase(id(tenant), Box::new(is_meant)).wait().unwrap();
                self.models[usize::from(tenant)].dead.retain(|(seq, _)| seq % 4 != rest);
            }
            Step::Pass { hours } => self.place.pass(hours * 3_600_000),
            Step::Crash => {
                self.queue.take().unwrap().abandon();
                self.queue = Some(self.place.open());
            }
            Step::Reopen => {
                self.queue = None;
                self.queue = Some(self.place.open());
            }
        }
    }

    fn accept(&mut self, tenant: u8, keys: &[u8]) {
        let new = |key: &u8| NewEvent { id: Some(key.to_string()), key: Some((*key).into()), body: "x".repeat(9) };
        let accepted = self.queue().put(id(tenant), keys.iter().map(new).collect());
        let model = &mut self.models[usize::from(tenant)];
        let mut events = 0;
        for key in keys {
            if model.known.insert(*key) {
                events += 1;
                model.accepted += 1;
                model.open.insert(model.accepted, (key.to_string(), None));
            }
        }
        assert_eq!((accepted.events, accepted.duplicates), (events, keys.len() - events));
    }

    fn take(&mut self, tenant: u8, events: usize) {
        let model = &self.models[usize::from(tenant)];
        let taken =
            self.queue().take(id(tenant), model.taken, TakeLimits { events, bytes: 9 * events }).wait().unwrap();
        let wanted: Vec<_> = model.open.range(model.taken + 1..).take(events).map(|(seq, _)| *seq).collect();
        assert_eq!(seqs(&taken), wanted);
        self.models[usize::from(tenant)].taken = wanted.last().copied().unwrap_or(model.taken);
    }

    fn end(&mut self, tenant: u8, nth: &[u8], dies: bool) {
        let model = &mut self.models[usize::from(tenant)];
        let picked: Vec<_> = nth.iter().filter_map(|nth| model.pick(*nth)).collect();
        for seq in &picked {
            if let Some((event, _)) = model.open.remove(seq)
                && dies
            {
                model.dead.push((*seq, event));
            }
        }
        let change = |seq| if dies { dead(seq, "x") } else { settled(seq) };
        self.queue().note(id(tenant), picked.into_iter().map(change).collect());
    }

    fn attempt(&mut self, tenant: u8, nth: u8) {
        let Some(seq) = self.models[usize::from(tenant)].pick(nth) else { return };
        let attempt = Attempt { version: nth.into(), ..Attempt::default() };
        self.queue().note(id(tenant), vec![Change::Attempted { seq, attempt }]);
        if let Some((_, version)) = self.models[usize::from(tenant)].open.get_mut(&seq) {
            *version = Some(nth.into());
        }
    }

    fn replay(&mut self, tenant: u8, limit: usize) {
        let count = self.queue().replay(filter(tenant, limit)).wait().unwrap() as usize;
        let model = &mut self.models[usize::from(tenant)];
        let again: Vec<_> = model.dead.drain(..limit.min(model.dead.len())).collect();
        assert_eq!(again.len(), count);
        for (_, event) in again {
            model.accepted += 1;
            model.open.insert(model.accepted, (event, None));
        }
    }

    fn check(&self) {
        for (n, model) in self.models.iter().enumerate() {
            let tenant = id(n as u8);
            let stats = self.queue().stats(tenant);
            let numbers = (stats.queued, stats.queued_bytes, stats.taken, stats.accepted, stats.dead, stats.dead_bytes);
            let (open, dead) = (model.open.len() as u64, model.dead.len() as u64);
            assert_eq!(numbers, (open, open * 9, model.taken, model.accepted, dead, dead * 9));
            assert_eq!(stats.oldest.is_some(), open > 0);
            let unsettled = self.queue().unsettled(tenant, 0, MANY).wait().unwrap();
            let found: Vec<_> = unsettled
                .iter()
                .map(|event| (event.seq, (event.id.clone(), event.attempt.as_ref().map(|attempt| attempt.version))))
                .collect();
            let wanted: Vec<_> = model.open.range(..=model.taken).map(|(seq, event)| (*seq, event.clone())).collect();
            assert_eq!(found, wanted);
            assert!(unsettled.iter().all(|event| !event.damaged && event.body == b"xxxxxxxxx"));
            let dead = self.queue().dead_letters(filter(n as u8, usize::MAX)).wait().unwrap();
            let dead: Vec<_> = dead.into_iter().map(|letter| (letter.event.seq, letter.event.id)).collect();
            assert_eq!(dead, model.dead);
            if let Some((seq, (event, _))) = model.open.last_key_value() {
                let story = self.queue().find(tenant, event).wait().unwrap().unwrap();
                assert_eq!((story.event.seq, story.taken), (*seq, *seq <= model.taken));
                assert!(story.settled.is_none());
            }
            if let Some((seq, event)) = model.dead.first() {
                let story = self.queue().find(tenant, event).wait().unwrap().unwrap();
                assert_eq!((story.event.seq, story.settled.unwrap().ending), (*seq, Ending::Dead));
            }
        }
    }
}

fn id(tenant: u8) -> TenantId {
    TenantId(u32::from(tenant) + 1)
}

fn filter(tenant: u8, limit: usize) -> DeadFilter {
    DeadFilter { tenant: Some(id(tenant)), limit: Some(limit), ..DeadFilter::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does(
        steps in prop::collection::vec(step(), 1..60),
        history_hours in prop::sample::select(vec![0_u32, 1, 24]),
    ) {
        let mut run = Run::new(history_hours);
        for step in steps {
            run.step(step);
        }
        run.check();
        run.step(Step::Crash);
        run.check();
    }
}
