//! One of the two that are measured.

use std::time::{Duration, Instant};

use super::spread::Spread;
use crate::authoring::player::{Played, Player, fuel};
use crate::event::Event;
use crate::sandbox::{Outcome, SelectorUsage};

/// Most events that are run each by itself.
const SINGLES: usize = 2000;

/// How often an instance is started, and for how long at most.
const STARTS: usize = 200;
const START_TIME: Duration = Duration::from_secs(1);

/// What runs, and what was measured of it so far. Times are in µs.
pub(super) struct Side<'a> {
    plain: Player<'a>,
    metered: Player<'a>,
    /// For an event, of each batch.
    pub(super) batch_us: Vec<f64>,
    /// For an event, of each round.
    pub(super) round_us: Vec<f64>,
    /// Of an event in a call of its own.
    pub(super) single_us: Vec<f64>,
    /// Of an empty batch.
    pub(super) start_us: Vec<f64>,
    /// Of an event in a call of its own.
    pub(super) fuel: Vec<u64>,
    /// For an event, in batches.
    pub(super) fuel_in_batches: u64,
    /// In bytes, of the mapping.
    pub(super) memory: usize,
    /// Events of a pass that it failed on.
    pub(super) faults: usize,
    /// What its selector used in batches, and how long it took for an event in a call of its own.
    pub(super) selector: SelectorUsage,
    pub(super) selector_single_us: Vec<f64>,
    /// Instructions of the selector, and how often it was asked while they were counted.
    pub(super) selector_fuel: (u64, u64),
}

/// In microseconds.
pub(super) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// For each of so many.
#[expect(clippy::cast_precision_loss, reason = "for people to read")]
pub(super) fn each(total: f64, count: usize) -> f64 {
    total / count.max(1) as f64
}

/// Some of the events, from all over.
pub(super) fn singles<'a, 'e>(batches: &'a [Vec<Event<'e>>]) -> Vec<&'a Event<'e>> {
    let count: usize = batches.iter().map(Vec::len).sum();
    let step = count.div_ceil(SINGLES).max(1);
    batches.iter().flatten().step_by(step).collect()
}

impl<'a> Side<'a> {
    pub(super) fn new(plain: Player<'a>, metered: Player<'a>) -> Self {
        Self {
            plain,
            metered,
            batch_us: Vec::new(),
            round_us: Vec::new(),
            single_us: Vec::new(),
            start_us: Vec::new(),
            fuel: Vec::new(),
            fuel_in_batches: 0,
            memory: 0,
            faults: 0,
            selector: SelectorUsage::default(),
            selector_single_us: Vec::new(),
            selector_fuel: (0, 0),
        }
    }

    /// A batch whose time does not count. Says how long it took.
    pub(super) fn warm_up(&mut self, batch: &[Event<'_>]) -> Duration {
        let Played { ran, took } = self.plain.play(batch);
        self.faults += ran.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Fault(_))).count();
        took
    }

    /// A round: all batches, so many times.
    pub(super) fn round(&mut self, batches: &[Vec<Event<'_>>], passes: usize) {
        let (mut total, mut events) = (Duration::ZERO, 0);
        for batch in (0..passes).flat_map(|_| batches) {
            let Played { ran, took } = self.plain.play(batch);
            total += took;
            events += batch.len();
            self.batch_us.push(each(micros(took), batch.len()));
            self.memory = self.memory.max(ran.usage.memory);
            self.selector.calls += ran.usage.selector.calls;
            self.selector.time += ran.usage.selector.time;
            self.selector.memory = self.selector.memory.max(ran.usage.selector.memory);
        }
        self.round_us.push(each(micros(total), events));
    }

    pub(super) fn measure_starts(&mut self) {
        let start = Instant::now();
        while self.start_us.len() < STARTS && start.elapsed() < START_TIME {
            self.start_us.push(micros(self.plain.play(&[]).took));
        }
    }

    /// Both in turn, event by event.
    pub(super) fn measure_singles(sides: [&mut Self; 2], events: &[&Event<'_>], time: Duration) {
        let start = Instant::now();
        let [first, second] = sides;
        for event in events {
            if start.elapsed() > time {
                return;
            }
            first.single(event);
            second.single(event);
        }
    }

    fn single(&mut self, event: &Event<'_>) {
        let Played { ran, took } = self.plain.play(std::slice::from_ref(event));
        self.single_us.push(micros(took));
        if ran.usage.selector.calls > 0 {
            self.selector_single_us.push(micros(ran.usage.selector.time));
        }
    }

    pub(super) fn measure_fuel(&mut self, batches: &[Vec<Event<'_>>], events: &[&Event<'_>], time: Duration) {
        let start = Instant::now();
        for event in events {
            if start.elapsed() > time {
                break;
            }
            self.fuel.push(fuel(&self.metered.play(std::slice::from_ref(event)).ran.usage));
        }
        let start = Instant::now();
        let (mut total, mut count) = (0_u64, 0_u64);
        for batch in batches {
            if start.elapsed() > time {
                break;
            }
            let usage = self.metered.play(batch).ran.usage;
            total = total.saturating_add(fuel(&usage));
            count += batch.len() as u64;
            let (fuel, calls) = &mut self.selector_fuel;
            *fuel = fuel.saturating_add(usage.selector.fuel.unwrap_or_default());
            *calls += usage.selector.calls;
        }
        self.fuel_in_batches = total.checked_div(count).unwrap_or_default();
    }

    /// For an event, the median of the rounds.
    pub(super) fn us_per_event(&self) -> f64 {
        Spread::of(&self.round_us).p50
    }
}
