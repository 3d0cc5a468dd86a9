//! Shares of users, in bounded memory.
//!
//! A report knows users by a hash of their id. Up to a bound it knows all of them, and shares are
//! exact. Beyond, it keeps those whose hash ends in so many zero bits that the bound is kept: a
//! sample of *users*, whatever number of events each has, so that a share among them estimates the
//! share among all. With a bound of 65,536 at least 32,000 users or so stay, which puts a share of
//! 3.2 % within 0.2 points (two standard deviations). Which users stay follows from the set of
//! users alone, so merging in any order gives the same.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::summary::{self, share};

/// The user's account is another one on some event.
pub(super) const PRIMARY_GROUP: u8 = 1;
/// Some event of the user differs.
pub(super) const DIFFERS: u8 = 2;

/// The users of whom Accoil is told, with marks.
#[derive(Clone, Debug)]
pub(super) struct Users {
    bound: usize,
    /// Hashes are kept that end in at least so many zero bits.
    zeros: u32,
    marks: HashMap<u64, u8>,
}

impl Users {
    pub(super) fn new(bound: usize) -> Self {
        Self { bound, zeros: 0, marks: HashMap::new() }
    }

    pub(super) fn add(&mut self, user: &str, marks: u8) {
        // Without a random key, so that the parts of a report agree.
        let mut hasher = DefaultHasher::new();
        user.hash(&mut hasher);
        self.add_hash(hasher.finish(), marks);
        self.keep_bound();
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if other.zeros > self.zeros {
            self.zeros = other.zeros;
            self.forget();
        }
        other.marks.iter().for_each(|(hash, marks)| self.add_hash(*hash, *marks));
        self.keep_bound();
    }

    /// What is known of them. Beyond the bound numbers are estimates, shares are those of the sample.
    pub(super) fn summary(&self) -> summary::Users {
        let scaled = |users: u64| users.saturating_mul(1_u64.checked_shl(self.zeros).unwrap_or(u64::MAX));
        let marked = |mark| self.marks.values().filter(|marks| **marks & mark != 0).count() as u64;
        let (known, differing, changed) = (self.marks.len() as u64, marked(DIFFERS), marked(PRIMARY_GROUP));
        summary::Users {
            total: scaled(known),
            exact: self.zeros == 0,
            differing: scaled(differing),
            differing_share: share(differing, known),
            primary_group_changed: scaled(changed),
            primary_group_changed_share: share(changed, known),
        }
    }

    fn add_hash(&mut self, hash: u64, marks: u8) {
        if hash.trailing_zeros() >= self.zeros {
            *self.marks.entry(hash).or_default() |= marks;
        }
    }

    fn keep_bound(&mut self) {
        while self.marks.len() > self.bound {
            self.zeros += 1;
            self.forget();
        }
    }

    fn forget(&mut self) {
        let zeros = self.zeros;
        self.marks.retain(|hash, _| hash.trailing_zeros() >= zeros);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(range: std::ops::Range<u32>, bound: usize) -> Users {
        let mut users = Users::new(bound);
        for number in range {
            users.add(&format!("user {number}"), u8::from(number % 31 == 0) * PRIMARY_GROUP);
        }
        users
    }

    #[test]
    fn exact_up_to_the_bound() {
        let mut known = users(0..1000, 1000);
        known.merge(&users(500..900, 1000));
        let told = known.summary();
        assert_eq!((told.total, told.primary_group_changed, told.differing, told.exact), (1000, 33, 0, true));
        assert_eq!(told.primary_group_changed_share, 0.033);
        known.add("user 0", DIFFERS);
        let told = known.summary();
        assert_eq!((told.total, told.primary_group_changed, told.differing, told.exact), (1000, 33, 1, true));
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn an_estimate_beyond_it() {
        let many = users(0..100_000, 8192);
        assert!(many.marks.len() <= 8192 && many.marks.len() > 3000, "{}", many.marks.len());
        let told = many.summary();
        assert!(!told.exact);
        assert!((told.total as f64 / 100_000.0 - 1.0).abs() < 0.06, "{told:?}");
        assert!((told.primary_group_changed_share - 1.0 / 31.0).abs() < 0.01, "{told:?}");
    }

    #[test]
    fn the_order_of_merging_means_nothing() {
        let parts = [users(0..3000, 512), users(2000..2500, 512), users(4000..4010, 512)];
        let merged = |order: [usize; 3]| {
            let mut all = Users::new(512);
            order.iter().for_each(|index| all.merge(&parts[*index]));
            (all.zeros, all.marks)
        };
        let mut at_once = users(0..3000, 512);
        (4000..4010).for_each(|number| {
            at_once.add(&format!("user {number}"), u8::from(number % 31 == 0) * PRIMARY_GROUP);
        });
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            assert_eq!(merged(order), (at_once.zeros, at_once.marks.clone()));
        }
    }
}
