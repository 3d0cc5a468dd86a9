//! Which users are in a part of them.

use sha2::{Digest, Sha256};

use crate::event::Event;
use crate::queue::WHOLE;

/// A part of the users: the same ones for as long as the seed is the same, and all of a smaller part
/// in a larger one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    seed: String,
    share: u32,
}

impl Split {
    /// A part of `share` millionths. Different seeds choose different users.
    pub fn new(seed: impl Into<String>, share: u32) -> Self {
        Self { seed: seed.into(), share }
    }

    /// The part, in millionths.
    pub fn share(&self) -> u32 {
        self.share
    }

    /// Whether an event is of this part: by its user id, or else its device id. One that has neither
    /// is of no part but the whole.
    pub fn takes(&self, event: &Event<'_>) -> bool {
        match event.user_id.as_deref().or(event.device_id.as_deref()) {
            _ if self.share >= WHOLE => true,
            Some(id) => self.takes_id(id),
            None => false,
        }
    }

    /// The first 64 bits of SHA-256 over the seed's length, the seed and the id, as a fraction.
    fn takes_id(&self, id: &str) -> bool {
        let digest = Sha256::new()
            .chain_update((self.seed.len() as u64).to_be_bytes())
            .chain_update(&self.seed)
            .chain_update(id)
            .finalize();
        let point = digest.iter().take(8).fold(0_u64, |point, byte| (point << 8) | u64::from(*byte));
        u128::from(point) * u128::from(WHOLE) < u128::from(self.share) << 64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_is_as_large_as_it_says() {
        for share in [1_000, 32_000, 250_000, 999_000] {
            let split = Split::new("seed", share);
            let taken = (0..100_000).filter(|user| split.takes_id(&format!("user-{user}"))).count();
            let expected = f64::from(share) / 10.0;
            // Five standard deviations of a binomial count.
            let tolerance = 5.0 * (expected * (1.0 - f64::from(share) / 1e6)).sqrt();
            assert!((taken as f64 - expected).abs() < tolerance, "{taken} for {share}");
        }
    }

    #[test]
    fn whom_it_takes_is_the_same_for_ever() {
        let taken: Vec<u32> = (0..40).filter(|id| Split::new("a", 200_000).takes_id(&id.to_string())).collect();
        assert_eq!(taken, TAKEN);
        let other: Vec<u32> = (0..40).filter(|id| Split::new("b", 200_000).takes_id(&id.to_string())).collect();
        assert_ne!(other, TAKEN);
    }

    /// As the function gave it when it was written: a user must not change sides with a release.
    const TAKEN: [u32; 8] = [2, 5, 11, 14, 15, 23, 29, 35];

    proptest! {
        #[test]
        fn a_larger_part_holds_the_smaller_one(id in ".*", share in 0..WHOLE, more in 0..WHOLE) {
            let (small, large) = (Split::new("s", share), Split::new("s", share.saturating_add(more).min(WHOLE)));
            prop_assert!(!small.takes_id(&id) || large.takes_id(&id));
        }
    }

    #[test]
    fn the_device_stands_in_for_a_user_and_nobody_is_of_no_part() {
        let split = Split::new("s", WHOLE - 1);
        let of = |text: &'static str| split.takes(&Event::read(text.as_bytes()).unwrap());
        assert!(of(r#"{"event_type":"e","user_id":"u"}"#));
        assert_eq!(of(r#"{"event_type":"e","device_id":"d"}"#), split.takes_id("d"));
        assert!(!of(r#"{"event_type":"e"}"#));
        assert!(Split::new("s", WHOLE).takes(&Event::read(br#"{"event_type":"e"}"#).unwrap()));
    }
}
