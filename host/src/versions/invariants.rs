//! What holds of versions, whatever happens in which order: asked by the loop where it costs little
//! (in builds with debug assertions), and by its simulation of every step.

use super::InForce;
use crate::queue::{Activation, Seq};

/// Whether one activation may be put in force after another.
pub(crate) fn may_follow(before: &Activation, after: &Activation) -> bool {
    before.number < after.number && before.from <= after.from
}

/// Whether an activation reaches no event up to `taken`: those keep what was in force for them.
pub(crate) fn begins_after(activation: &Activation, taken: Seq) -> bool {
    activation.from > taken
}

/// Whether events go on in order after the last one that was taken up.
pub(crate) fn go_on_after(taken: Seq, mut seqs: impl Iterator<Item = Seq>) -> bool {
    let mut last = taken;
    seqs.all(|seq| std::mem::replace(&mut last, seq) < seq)
}

/// The versions that an event can be mapped by, as far as what is in force for it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// That of all events but the canary's.
    pub(crate) live: u32,
    /// That of a part of the users.
    pub(crate) canary: Option<u32>,
    /// The one before the live one, while that is watched.
    pub(crate) fallback: Option<u32>,
}

impl From<&InForce> for Choice {
    fn from(in_force: &InForce) -> Self {
        Self {
            live: in_force.live.number,
            canary: in_force.canary.as_ref().map(|(_, version)| version.number),
            fallback: in_force.fallback.as_ref().map(|fallback| fallback.version.number),
        }
    }
}

#[cfg(test)]
impl From<&Activation> for Choice {
    fn from(activation: &Activation) -> Self {
        Self {
            live: activation.version,
            canary: activation.canary.map(|canary| canary.version),
            fallback: activation.fallback.map(|fallback| fallback.version),
        }
    }
}

impl Choice {
    /// Whether an event may have been mapped by a version. `repinned_from` is the version that it
    /// took over from: that must be the one on trial, and the other one the good one.
    pub(crate) fn may_map(self, version: u32, repinned_from: Option<u32>) -> bool {
        match repinned_from {
            None => version == self.live || Some(version) == self.canary,
            Some(tried) => {
                let from_canary = Some(tried) == self.canary && version == self.live;
                from_canary || (tried == self.live && Some(version) == self.fallback)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_good_version_takes_over_and_only_from_the_one_on_trial() {
        let watched = Choice { live: 2, canary: None, fallback: Some(1) };
        let canary = Choice { live: 1, canary: Some(2), fallback: None };
        assert!(watched.may_map(2, None) && watched.may_map(1, Some(2)));
        assert!(!watched.may_map(1, None) && !watched.may_map(2, Some(1)) && !watched.may_map(3, None));
        assert!(canary.may_map(1, None) && canary.may_map(2, None) && canary.may_map(1, Some(2)));
        let both = Choice { live: 2, canary: Some(3), fallback: Some(1) };
        assert!(both.may_map(2, Some(3)) && both.may_map(1, Some(2)));
        assert!(!both.may_map(1, Some(3)) && !both.may_map(3, Some(2)));
        assert!(!canary.may_map(2, Some(1)) && !canary.may_map(3, Some(2)));
    }

    #[test]
    fn order_goes_on_without_repetition() {
        assert!(go_on_after(3, [4, 6].into_iter()) && go_on_after(3, [].into_iter()));
        assert!(!go_on_after(3, [3, 4].into_iter()) && !go_on_after(3, [4, 4].into_iter()));
    }
}
