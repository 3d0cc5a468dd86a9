//! Bytes that may be held in memory at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes may be held, and how many are.
#[derive(Debug, Default)]
pub(super) struct Budget(AtomicUsize);

/// A share of a budget; given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    budget: Arc<Budget>,
    most: usize,
    bytes: usize,
}

impl Budget {
    /// A share of no bytes yet, of a budget that may have `most`.
    pub(super) fn share(self: &Arc<Self>, most: usize) -> Held {
        Held { budget: Arc::clone(self), most, bytes: 0 }
    }
}

impl Held {
    /// Takes more, unless that would be more than may be held. A first share is given whatever its
    /// size, for else a large request could never pass.
    pub(super) fn grow(&mut self, more: usize) -> bool {
        let before = self.budget.0.fetch_add(more, Ordering::Relaxed);
        if before > self.bytes && before.saturating_add(more) > self.most {
            self.budget.0.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.bytes += more;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let budget = Arc::new(Budget::default());
        let mut first = budget.share(10);
        let mut second = budget.share(10);
        assert!(first.grow(6));
        assert!(!second.grow(5), "11 bytes");
        assert!(second.grow(4));
        drop(first);
        assert!(second.grow(6));
        drop(second);
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn one_alone_may_be_larger() {
        let budget = Arc::new(Budget::default());
        let mut large = budget.share(10);
        assert!(large.grow(8) && large.grow(8));
        assert!(!budget.share(10).grow(1));
    }
}
