//! Counting what became of events.

use std::collections::BTreeMap;
use std::fmt;

use super::mapper::Mapped;
use crate::sandbox::Outcome;

/// How many different reasons are counted apart: a mapping could make up one
/// for each event.
const REASONS: usize = 50;

/// Under what the reasons beyond [`REASONS`] are counted.
const OTHERS: &str = "(other reasons)";

/// How many events became what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events read.
    pub events: u64,
    /// Events with something to deliver.
    pub delivered: u64,
    /// Events skipped, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Events rejected, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Faults, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Items that were no event.
    pub invalid: u64,
}

impl Tally {
    /// Counts one item.
    pub fn count(&mut self, mapped: &Mapped) {
        match mapped {
            Mapped::Invalid { .. } => {
                self.invalid += 1;
                return;
            }
            Mapped::Outcome(Outcome::Deliver(_)) => self.delivered += 1,
            Mapped::Outcome(Outcome::Skip(reason)) => count(&mut self.skipped, reason, 1),
            Mapped::Outcome(Outcome::Reject(reason)) => count(&mut self.rejected, reason, 1),
            Mapped::Outcome(Outcome::Fault(fault)) => count(&mut self.faults, fault.kind.name(), 1),
        }
        self.events += 1;
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.delivered += other.delivered;
        self.invalid += other.invalid;
        for (mine, theirs) in [
            (&mut self.skipped, &other.skipped),
            (&mut self.rejected, &other.rejected),
            (&mut self.faults, &other.faults),
        ] {
            theirs.iter().for_each(|(reason, number)| count(mine, reason, *number));
        }
    }
}

fn count(counts: &mut BTreeMap<String, u64>, reason: &str, number: u64) {
    if let Some(count) = counts.get_mut(reason) {
        *count += number;
        return;
    }
    let reason = if counts.len() < REASONS { reason } else { OTHERS };
    *counts.entry(reason.to_owned()).or_default() += number;
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} events: {} delivered", self.events, self.delivered)?;
        for (name, counts) in [("skipped", &self.skipped), ("rejected", &self.rejected), ("faults", &self.faults)] {
            write!(out, ", {} {name}", counts.values().sum::<u64>())?;
        }
        write!(out, "; {} invalid", self.invalid)?;
        for (name, counts) in [("skipped", &self.skipped), ("rejected", &self.rejected), ("fault", &self.faults)] {
            for (reason, number) in counts {
                write!(out, "\n  {name}: {reason:.200}: {number}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bounded_and_sums_are_kept() {
        let mut tally = Tally::default();
        for number in 0..200 {
            tally.count(&Mapped::Outcome(Outcome::Skip(format!("reason {number}"))));
        }
        let mut both = tally.clone();
        both.add(&tally);
        assert_eq!(tally.skipped.len(), REASONS + 1);
        assert_eq!(both.skipped.values().sum::<u64>(), 400);
        assert_eq!(both.events, 400);
    }
}
