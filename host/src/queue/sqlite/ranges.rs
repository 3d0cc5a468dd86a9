//! Sequence numbers that ended out of order.

use std::collections::BTreeMap;

use crate::queue::Seq;

/// Everything up to `low` has ended; beyond it, these ranges have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ended {
    low: Seq,
    ranges: BTreeMap<Seq, Seq>,
}

impl Ended {
    pub(super) fn new(low: Seq) -> Self {
        Self { low, ranges: BTreeMap::new() }
    }

    /// The last one before which all have ended.
    pub(super) fn low(&self) -> Seq {
        self.low
    }

    /// Notes that one has ended.
    pub(super) fn insert(&mut self, seq: Seq) {
        if self.contains(seq) {
            return;
        }
        let (mut start, mut end) = (seq, seq);
        if let Some((&before, &last)) = self.ranges.range(..seq).next_back()
            && last + 1 == seq
        {
            start = before;
        }
        if let Some(last) = self.ranges.remove(&(seq + 1)) {
            end = last;
        }
        self.ranges.insert(start, end);
        self.raise();
    }

    fn raise(&mut self) {
        while let Some(first) = self.ranges.first_entry() {
            if *first.key() > self.low + 1 {
                break;
            }
            self.low = self.low.max(first.remove());
        }
    }

    /// Whether one has ended.
    pub(super) fn contains(&self, seq: Seq) -> bool {
        seq <= self.low || self.ranges.range(..=seq).next_back().is_some_and(|(_, &last)| seq <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn ranges_say_the_same_as_a_set(seqs in proptest::collection::vec(1_u64..40, 0..60)) {
            let mut ended = Ended::new(3);
            let mut set: std::collections::BTreeSet<Seq> = (1..=3).collect();
            for seq in seqs {
                ended.insert(seq);
                set.insert(seq);
                let low = (1..).find(|seq| !set.contains(seq)).unwrap() - 1;
                assert_eq!(ended.low(), low);
                assert!((1..45).all(|seq| ended.contains(seq) == set.contains(&seq)));
            }
        }
    }
}
