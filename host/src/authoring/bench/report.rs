//! What was measured. The names in the JSON are stable.

use std::time::Duration;

use serde::Serialize;

use super::rounds::Rounds;
use super::side::{Side, each, micros};
use super::spread::Spread;
use crate::event::Event;
use crate::sandbox::PluginKind;

/// What is known of a plugin before anything is measured.
pub(super) struct About {
    pub(super) name: String,
    pub(super) kind: PluginKind,
    pub(super) component_bytes: usize,
    pub(super) admission: Duration,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Name and version of the plugin.
    pub name: String,
    /// Of which world it is.
    pub kind: PluginKind,
    /// Size of its component.
    pub component_bytes: usize,
    /// How long it took to compile it and to ask what it is, in ms, in a process of its own.
    pub admission_ms: u64,
    /// How many events were used.
    pub events: usize,
    /// In how many batches.
    pub batches: usize,
    /// How many rounds there were, for each of the two.
    pub rounds: usize,
    /// How often a round goes through the events.
    pub passes: usize,
    /// The mapping that is measured, or the mapping with the selector that is.
    pub plugin: SideReport,
    /// The mapping beside it, or the same mapping without the selector.
    pub beside: SideReport,
    /// The time of the first in parts of that of the second, in each round.
    pub ratio: Spread<f64>,
    /// How much longer the first takes for an event, in µs: the median of the rounds.
    pub extra_us: f64,
    /// What the selector itself used.
    pub selector: Option<SelectorReport>,
}

/// What was measured of one of the two.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideReport {
    /// On one thread, in batches.
    pub events_per_second: f64,
    /// µs for an event, over batches.
    pub batch_us: Spread<f64>,
    /// µs for an event that is run alone, the start of an instance included.
    pub single_us: Spread<f64>,
    /// µs for a batch without events: the start of an instance and the call.
    pub start_us: Spread<f64>,
    /// Instructions for an event in batches, on average, the selector's included.
    pub fuel_per_event: u64,
    /// Instructions for an event that is run alone.
    pub fuel: Spread<u64>,
    /// The most linear memory of an instance of the mapping.
    pub memory_bytes: usize,
    /// Of the events, how many it failed on.
    pub faults: usize,
}

/// What a selector used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SelectorReport {
    /// How often it was asked, for an event.
    pub calls_per_event: f64,
    /// µs that the mapping waited, for a call, in batches.
    pub call_us: f64,
    /// µs for an instance to start, about: what the first call of a batch takes longer.
    pub start_us: f64,
    /// Instructions for a call.
    pub fuel_per_call: u64,
    /// The most linear memory of an instance.
    pub memory_bytes: usize,
}

impl Report {
    pub(super) fn new(about: About, rounds: &Rounds, batches: &[Vec<Event<'_>>], sides: [&Side<'_>; 2]) -> Self {
        let About { name, kind, component_bytes, admission } = about;
        let [plugin, beside] = sides;
        let events: usize = batches.iter().map(Vec::len).sum();
        let selector = (kind == PluginKind::GroupSelector).then(|| {
            let ran = events * rounds.passes * plugin.round_us.len();
            selector(plugin, ran)
        });
        Self {
            name,
            kind,
            component_bytes,
            admission_ms: u64::try_from(admission.as_millis()).unwrap_or(u64::MAX),
            events,
            batches: batches.len(),
            rounds: plugin.round_us.len(),
            passes: rounds.passes,
            plugin: side(plugin),
            beside: side(beside),
            ratio: rounds.ratio,
            extra_us: rounds.extra_us,
            selector,
        }
    }
}

fn side(side: &Side<'_>) -> SideReport {
    SideReport {
        events_per_second: 1e6 / side.us_per_event().max(f64::MIN_POSITIVE),
        batch_us: Spread::of(&side.batch_us),
        single_us: Spread::of(&side.single_us),
        start_us: Spread::of(&side.start_us),
        fuel_per_event: side.fuel_in_batches,
        fuel: Spread::of(&side.fuel),
        memory_bytes: side.memory,
        faults: side.faults,
    }
}

fn selector(side: &Side<'_>, events: usize) -> SelectorReport {
    let calls = usize::try_from(side.selector.calls).unwrap_or(usize::MAX);
    let call_us = each(micros(side.selector.time), calls);
    let (fuel, counted) = side.selector_fuel;
    SelectorReport {
        calls_per_event: each(number(calls), events),
        call_us,
        start_us: (Spread::of(&side.selector_single_us).p50 - call_us).max(0.0),
        fuel_per_call: fuel.checked_div(counted).unwrap_or_default(),
        memory_bytes: side.selector.memory,
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn number(count: usize) -> f64 {
    count as f64
}
