//! Percentiles.

use serde::Serialize;

/// How values are spread: that below which a half of them is, and so on.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
pub struct Spread<T> {
    /// The median.
    pub p50: T,
    /// Nine in ten are no more.
    pub p90: T,
    /// 99 in a hundred are no more.
    pub p99: T,
    /// The largest.
    pub max: T,
}

impl<T: Copy + Default + PartialOrd> Spread<T> {
    /// Of some values, by nearest rank; of none, nothing.
    #[must_use]
    pub fn of(values: &[T]) -> Self {
        let mut values = values.to_vec();
        values.sort_by(|left, right| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
        let at = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100).saturating_sub(1);
            values.get(rank).copied().unwrap_or_default()
        };
        Self { p50: at(50), p90: at(90), p99: at(99), max: at(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let values: Vec<u64> = (1..=200).rev().collect();
        assert_eq!(Spread::of(&values), Spread { p50: 100, p90: 180, p99: 198, max: 200 });
        assert_eq!(Spread::of(&[1.5]), Spread { p50: 1.5, p90: 1.5, p99: 1.5, max: 1.5 });
        assert_eq!(Spread::<u64>::of(&[]), Spread::default());
    }
}
