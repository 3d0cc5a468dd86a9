//! A bounded number at a time; the others wait for their turn, but not for ever.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Turns that can be taken.
pub(super) struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A turn; dropping it gives it back.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    pub(super) fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), freed: Condvar::new() }
    }

    /// Waits for a turn; `None` when none came in time.
    pub(super) fn take(&self, patience: Duration) -> Option<Turn<'_>> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_timeout_while(free, patience, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_turns_there_are_and_each_comes_back() {
        let turns = Turns::new(2);
        let (first, second) = (turns.take(Duration::ZERO), turns.take(Duration::ZERO));
        assert!(first.is_some() && second.is_some());
        assert!(turns.take(Duration::from_millis(1)).is_none());
        std::thread::scope(|threads| {
            let waiting = threads.spawn(|| turns.take(Duration::from_secs(60)).is_some());
            drop(second);
            assert!(waiting.join().unwrap());
        });
        drop(first);
        assert!(turns.take(Duration::ZERO).is_some());
    }
}
