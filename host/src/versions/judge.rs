//! When a version that is watched is taken back: for what the mapping does, never for what the
//! destination does, and not before there was enough to judge by.

/// How many events are remembered. Beyond them the older half fades, so that a version that goes
/// bad later is noticed as well.
const REMEMBERED: u64 = 20_000;

/// From what on a version is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// So many failures at the least, and
    pub failures: u64,
    /// such a part of the events as faults, in per cent,
    pub fault_percent: u64,
    /// or as rejects that the version before would not have made.
    pub reject_percent: u64,
}

/// What a version made of events, as far as the version before did better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events that it was run on.
    pub events: u64,
    /// Those that it failed on (a trap, a limit, an invalid output, no time left), and the version
    /// before did not.
    pub faults: u64,
    /// Those that it rejected, and the version before did not.
    pub rejects: u64,
}

/// Judges one version.
#[derive(Debug, Clone)]
pub struct Judge {
    rules: Rules,
    seen: Tally,
}

/// Why a version is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it made of the events that are remembered.
    pub tally: Tally,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tally { events, faults, rejects } = self.tally;
        write!(
            out,
            "of {events} events it failed on {faults} and rejected {rejects} with which the version before had no \
             difficulty"
        )
    }
}

impl Judge {
    /// A judge who has seen nothing yet.
    pub fn new(rules: Rules) -> Self {
        Self { rules, seen: Tally::default() }
    }

    /// What was seen.
    pub fn seen(&self) -> Tally {
        self.seen
    }

    /// Takes more into account, and says whether it is enough.
    pub fn hear(&mut self, more: Tally) -> Option<Verdict> {
        self.seen.events += more.events;
        self.seen.faults += more.faults;
        self.seen.rejects += more.rejects;
        let Tally { events, faults, rejects } = self.seen;
        let Rules { failures, fault_percent, reject_percent } = self.rules;
        let is_over = |count: u64, percent: u64| count >= failures && count * 100 > events * percent;
        let condemned = is_over(faults, fault_percent) || is_over(rejects, reject_percent);
        if condemned {
            return Some(Verdict { tally: self.seen });
        }
        if self.seen.events > REMEMBERED {
            self.seen = Tally { events: events / 2, faults: faults / 2, rejects: rejects / 2 };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge() -> Judge {
        Judge::new(Rules { failures: 5, fault_percent: 1, reject_percent: 10 })
    }

    fn tally(events: u64, faults: u64, rejects: u64) -> Tally {
        Tally { events, faults, rejects }
    }

    #[test]
    fn few_failures_are_not_enough_however_large_their_part() {
        let mut judge = judge();
        assert_eq!(judge.hear(tally(4, 4, 0)), None);
        assert_eq!(judge.hear(tally(1, 1, 0)), Some(Verdict { tally: tally(5, 5, 0) }));
    }

    #[test]
    fn a_small_part_is_not_enough_however_many_they_are() {
        let mut judge = judge();
        for _ in 0..1000 {
            assert_eq!(judge.hear(tally(1000, 10, 100)), None);
        }
        assert!(judge.seen().events <= REMEMBERED + 1000);
    }

    #[test]
    fn one_that_goes_bad_after_a_long_time_is_noticed_soon() {
        let mut judge = judge();
        for _ in 0..1_000 {
            assert_eq!(judge.hear(tally(1000, 0, 0)), None);
        }
        let until = (1..).find(|_| judge.hear(tally(100, 100, 0)).is_some()).unwrap();
        assert!(until <= 3, "{until}");
    }

    #[test]
    fn rejects_have_a_bound_of_their_own() {
        assert_eq!(judge().hear(tally(100, 0, 10)), None);
        assert!(judge().hear(tally(100, 0, 11)).is_some());
        assert!(judge().hear(tally(100, 5, 0)).is_some());
    }
}
