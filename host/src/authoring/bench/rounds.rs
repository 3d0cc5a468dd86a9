//! Two in turn, round by round.

use std::time::{Duration, Instant};

use super::Effort;
use super::side::Side;
use super::spread::Spread;
use crate::event::Event;

/// Fewest rounds, however long they take.
const FEWEST: usize = 3;

/// How long a round of one side is at least: a clock, and whatever else the machine does, says little about less.
const ROUND: Duration = Duration::from_millis(20);

/// How the rounds went.
pub(super) struct Rounds {
    /// How many batches were used, from the first.
    batches: usize,
    /// How often in a round.
    pub(super) passes: usize,
    /// The time of the first side in each round, in parts of that of the other.
    pub(super) ratio: Spread<f64>,
    /// How much longer the first side took for an event, in µs: the median of the rounds.
    pub(super) extra_us: f64,
}

impl Rounds {
    pub(super) fn run<'a>(
        plugin: &mut Side<'a>,
        beside: &mut Side<'a>,
        batches: &[Vec<Event<'_>>],
        effort: Effort,
    ) -> Self {
        let start = Instant::now();
        let (mut used, mut fastest) = (0, Duration::ZERO);
        for batch in batches {
            // More than can be run a few times is not used.
            if used > 0 && start.elapsed() > effort.time / 3 {
                break;
            }
            fastest += plugin.warm_up(batch).min(beside.warm_up(batch));
            used += 1;
        }
        let passes = ROUND.as_nanos().div_ceil(fastest.as_nanos().max(1));
        let passes = usize::try_from(passes).unwrap_or(usize::MAX).max(1);
        let measured = batches.get(..used).unwrap_or(batches);
        let start = Instant::now();
        for round in 0..effort.rounds.max(1) {
            if round >= FEWEST && start.elapsed() > effort.time {
                break;
            }
            // What comes first may find another machine than what comes second.
            let mut order = [&mut *plugin, &mut *beside];
            if round % 2 == 1 {
                order.reverse();
            }
            order.into_iter().for_each(|side| side.round(measured, passes));
        }
        let pairs = || plugin.round_us.iter().zip(&beside.round_us);
        let ratios: Vec<f64> = pairs().map(|(plugin, beside)| plugin / beside).collect();
        let extra: Vec<f64> = pairs().map(|(plugin, beside)| plugin - beside).collect();
        Self { batches: used, passes, ratio: Spread::of(&ratios), extra_us: Spread::of(&extra).p50 }
    }

    /// Those of the batches that were used.
    pub(super) fn batches<'a, 'e>(&self, batches: &'a [Vec<Event<'e>>]) -> &'a [Vec<Event<'e>>] {
        batches.get(..self.batches).unwrap_or(batches)
    }
}
