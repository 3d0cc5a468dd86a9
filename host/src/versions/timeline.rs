//! What is in force for a tenant's events, from which event on.

use std::sync::Arc;

use super::{Split, Version, invariants};
use crate::queue::{Activation, Seq, UnixMs};

/// What is in force from an event on, ready to run.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The record of it.
    pub activation: Activation,
    /// The version of all events but the canary's.
    pub live: Arc<Version>,
    /// The version of a part of the users.
    pub canary: Option<(Split, Arc<Version>)>,
    /// The version that was live before, as long as the one after it is watched.
    pub fallback: Option<Fallback>,
}

/// A version to go back to.
#[derive(Debug, Clone)]
pub struct Fallback {
    /// The version.
    pub version: Arc<Version>,
    /// Until when the one after it is watched.
    pub until: UnixMs,
}

/// The version that is watched, and the one that takes over what it fails on.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// Which one it is.
    pub which: OnTrial,
    /// The version that is watched.
    pub tried: &'a Arc<Version>,
    /// The one that is known to be good.
    pub good: &'a Arc<Version>,
}

/// Which version is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTrial {
    /// That of a part of the users.
    Canary,
    /// The live one, by the one before it.
    Live,
}

impl InForce {
    /// The version that is judged at a time, if one is: the canary, for as long as there is one.
    pub fn trial(&self, now: UnixMs) -> Option<Trial<'_>> {
        self.trials(now).next()
    }

    /// All versions that are watched at a time: what they fail on is run by another one. The first is
    /// the one that is judged.
    pub fn trials(&self, now: UnixMs) -> impl Iterator<Item = Trial<'_>> {
        let canary = self.canary.as_ref();
        let canary = canary.map(|(_, tried)| Trial { which: OnTrial::Canary, tried, good: &self.live });
        let fallback = self.fallback.as_ref().filter(|fallback| now < fallback.until);
        let live = fallback.map(|to| Trial { which: OnTrial::Live, tried: &self.live, good: &to.version });
        canary.into_iter().chain(live)
    }
}

/// What was and is in force for a tenant's events that have not ended, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Timeline(Vec<Arc<InForce>>);

impl Timeline {
    /// Adds the newest one.
    pub fn push(&mut self, in_force: InForce) {
        debug_assert!(
            self.0.last().is_none_or(|last| invariants::may_follow(&last.activation, &in_force.activation)),
            "what comes later is in force later"
        );
        self.0.push(Arc::new(in_force));
    }

    /// What is in force for an event. For one older than all that is known it is the oldest.
    pub fn at(&self, seq: Seq) -> Option<&Arc<InForce>> {
        self.0.iter().rev().find(|in_force| in_force.activation.from <= seq).or_else(|| self.0.first())
    }

    /// What is in force for the next event.
    pub fn newest(&self) -> Option<&Arc<InForce>> {
        self.0.last()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is in force.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets what is in force for no event from `first` on.
    pub fn forget_before(&mut self, first: Seq) {
        if let Some(index) = self.0.iter().rposition(|in_force| in_force.activation.from <= first) {
            self.0.drain(..index);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::admission::Admission;
    use crate::limits::Limits;
    use crate::sandbox::DEFAULT_COMPONENT;
    use crate::versions::{Candidate, Library, Parts};

    static MAPPING: LazyLock<Candidate> = LazyLock::new(|| {
        let library = Library::new(&Limits::default(), Admission::in_process()).unwrap();
        library.candidate(&Parts::alone(DEFAULT_COMPONENT, "{}")).unwrap()
    });

    fn in_force(number: u64, from: Seq, version: u32) -> InForce {
        let activation = Activation {
            number,
            from,
            at: 0,
            version,
            canary: None,
            fallback: None,
            by: String::new(),
            reason: String::new(),
        };
        let live = Arc::new(Version { number: version, what: MAPPING.clone() });
        InForce { activation, live, canary: None, fallback: None }
    }

    fn timeline(all: &[(u64, Seq, u32)]) -> Timeline {
        let mut timeline = Timeline::default();
        all.iter().for_each(|(number, from, version)| timeline.push(in_force(*number, *from, *version)));
        timeline
    }

    #[test]
    fn of_two_from_the_same_event_on_the_later_one_counts() {
        let timeline = timeline(&[(1, 1, 1), (2, 10, 2), (3, 10, 3), (4, 20, 1)]);
        let at = |seq| timeline.at(seq).map(|in_force| in_force.live.number);
        assert_eq!([at(1), at(9), at(10), at(19), at(20), at(99)], [1, 1, 3, 3, 1, 1].map(Some));
    }

    #[test]
    fn what_no_event_needs_any_more_is_forgotten() {
        let mut timeline = timeline(&[(1, 1, 1), (2, 10, 2), (3, 20, 3)]);
        timeline.forget_before(10);
        assert_eq!(timeline.0.len(), 2);
        timeline.forget_before(1_000);
        assert_eq!(timeline.newest().map(|newest| newest.live.number), Some(3));
        assert_eq!(timeline.at(1).map(|oldest| oldest.live.number), Some(3));
    }
}
