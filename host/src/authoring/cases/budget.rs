//! What an event used, beside what it may use.

use std::time::Duration;

use crate::authoring::player::{Player, fuel};
use crate::authoring::subject::Ready;
use crate::sandbox::{PluginKind, Usage};

/// What an event may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The time of a call.
    pub time: Duration,
    /// Instructions for an event (`[admission] fuel_per_event`).
    pub fuel: u64,
    /// Linear memory of an instance, in bytes.
    pub memory: usize,
    /// What a call gives back, in bytes.
    pub output: usize,
}

/// What an event used, in a call of its own. Of a selector's time and memory it is the selector's; instructions are
/// counted of both together, as at admission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// How long it took.
    pub time: Duration,
    /// Instructions.
    pub fuel: u64,
    /// The most linear memory, in bytes.
    pub memory: usize,
    /// What was given back, in bytes.
    pub output: usize,
}

/// One of the things that are limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// What it is.
    pub what: &'static str,
    /// The unit of the numbers.
    pub unit: &'static str,
    /// How much was used.
    pub used: u64,
    /// How much there is.
    pub limit: u64,
}

impl Budget {
    pub(super) fn of(ready: &Ready, fuel_per_event: u64) -> Self {
        let limits = ready.selector.as_ref().map_or(ready.mapping.limits(), |selector| selector.limits());
        Self {
            time: Duration::from_millis(limits.deadline_ms),
            fuel: fuel_per_event,
            memory: limits.memory_bytes,
            output: ready.mapping.limits().output_bytes,
        }
    }

    /// Each thing that is limited.
    #[must_use]
    pub fn measures(&self, used: &Used) -> [Measure; 4] {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        [
            Measure { what: "time", unit: "µs", used: micros(used.time), limit: micros(self.time) },
            Measure { what: "fuel", unit: "", used: used.fuel, limit: self.fuel },
            Measure { what: "memory", unit: "bytes", used: used.memory as u64, limit: self.memory as u64 },
            Measure { what: "output", unit: "bytes", used: used.output as u64, limit: self.output as u64 },
        ]
    }
}

impl Measure {
    /// Whether more was used than there is.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.used > self.limit
    }

    /// How much of the limit was used: `<1%`, `42%`.
    #[must_use]
    pub fn share(&self) -> String {
        let percent = u128::from(self.used) * 100 / u128::from(self.limit.max(1));
        if percent == 0 && self.used > 0 { "<1%".to_owned() } else { format!("{percent}%") }
    }
}

impl Used {
    /// Of a call that was not metered.
    pub(super) fn of(player: &Player<'_>, usage: &Usage, took: Duration) -> Self {
        match player.kind() {
            PluginKind::Mapping => Self { time: took, memory: usage.memory, ..Self::default() },
            PluginKind::GroupSelector => {
                Self { time: usage.selector.time, memory: usage.selector.memory, ..Self::default() }
            }
        }
    }

    /// With what the same call used when instructions were counted.
    pub(super) fn metered(&mut self, usage: &Usage) {
        self.fuel = fuel(usage);
    }

    /// The most of each.
    #[must_use]
    pub fn most(all: &[Self]) -> Self {
        all.iter().fold(Self::default(), |most, each| Self {
            time: most.time.max(each.time),
            fuel: most.fuel.max(each.fuel),
            memory: most.memory.max(each.memory),
            output: most.output.max(each.output),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_and_what_is_over_is_known() {
        let measure = |used, limit| Measure { what: "fuel", unit: "", used, limit };
        for (used, limit, share, is_over) in
            [(0, 10, "0%", false), (1, 1000, "<1%", false), (10, 10, "100%", false), (11, 10, "110%", true)]
        {
            assert_eq!((measure(used, limit).share().as_str(), measure(used, limit).is_over()), (share, is_over));
        }
    }
}
