//! How long a call waits after a failure: exponential with full jitter, so that calls that failed
//! together do not come back together.

use std::time::Duration;

/// The waits between the attempts of one call.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The upper bound of the first wait. A fifth of it is the lower bound of every wait.
    pub first: Duration,
    /// The upper bound of all waits.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after `failures` failed attempts (1 is the first): anywhere between a fifth of
    /// `first` and a bound that doubles with each failure.
    pub fn wait(&self, failures: u32, random: &mut fastrand::Rng) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let upper = self.first.saturating_mul(1 << doublings).min(self.longest);
        let lower = (self.first / 5).min(upper);
        lower + (upper - lower).mul_f64(random.f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(300) };

    fn bounds(failures: u32) -> (Duration, Duration) {
        let mut random = fastrand::Rng::with_seed(7);
        let waits: Vec<_> = (0..10_000).map(|_| BACKOFF.wait(failures, &mut random)).collect();
        (*waits.iter().min().unwrap(), *waits.iter().max().unwrap())
    }

    #[test]
    fn waits_fill_the_room_up_to_a_doubling_bound() {
        for (failures, upper) in [(1, 500), (2, 1000), (3, 2000), (10, 256_000), (11, 300_000), (u32::MAX, 300_000)] {
            let (low, high) = bounds(failures);
            let upper = Duration::from_millis(upper);
            assert!(low >= Duration::from_millis(100) && low < upper / 4, "{failures}: {low:?}");
            assert!(high <= upper && high > upper.mul_f64(0.95), "{failures}: {high:?}");
        }
    }
}
