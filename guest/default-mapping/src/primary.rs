//! Which of the candidates is the account.

use std::cmp::Ordering;

use crate::equality::same_value;
use crate::groups::{Candidate, member, traits_of};
use crate::settings::{Order, PrimaryGroup};

/// The rules of a tenant, and the group properties they look into.
#[derive(Clone, Copy)]
pub(crate) struct Ranking<'a> {
    rules: &'a PrimaryGroup,
    group_properties: &'a str,
}

impl<'a> Ranking<'a> {
    pub(crate) fn new(rules: &'a PrimaryGroup, group_properties: &'a str) -> Self {
        Self { rules, group_properties }
    }

    /// Which of two candidates comes first.
    pub(crate) fn compare(&self, left: &Candidate<'_>, right: &Candidate<'_>) -> Ordering {
        self.matches(right)
            .cmp(&self.matches(left))
            .then_with(|| self.type_rank(left).cmp(&self.type_rank(right)))
            .then_with(|| compare_ids(self.rules.order, &left.id, &right.id))
            .then_with(|| left.group_type.cmp(&right.group_type))
    }

    fn matches(&self, candidate: &Candidate<'_>) -> bool {
        self.rules.prefer_where.as_ref().is_some_and(|wanted| {
            member(traits_of(self.group_properties, candidate), &wanted.name)
                .is_some_and(|value| same_value(value, wanted.equals.get()))
        })
    }

    fn type_rank(&self, candidate: &Candidate<'_>) -> usize {
        let preferred = &self.rules.prefer_types;
        let rank = preferred.iter().position(|name| *name == candidate.group_type);
        rank.unwrap_or(preferred.len())
    }
}

fn compare_ids(order: Order, left: &str, right: &str) -> Ordering {
    match order {
        // UTF-8 sorts by code point.
        Order::Ascending => left.cmp(right),
        Order::Descending => right.cmp(left),
        Order::Numeric => match (significant_digits(left), significant_digits(right)) {
            (Some(left_value), Some(right_value)) => left_value
                .len()
                .cmp(&right_value.len())
                .then_with(|| left_value.cmp(right_value))
                .then_with(|| left.cmp(right)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => left.cmp(right),
        },
    }
}

/// The digits of an id that is made of ASCII digits, without leading zeros.
fn significant_digits(id: &str) -> Option<&str> {
    let digits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| id.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(order: Order, ids: &[&'static str]) -> Vec<&'static str> {
        let mut ids = ids.to_vec();
        ids.sort_by(|left, right| compare_ids(order, left, right));
        ids
    }

    #[test]
    fn ascending_is_by_code_point() {
        assert_eq!(
            sorted(Order::Ascending, &["😀", "Ａ", "é", "z", "Z", "999", "1000", "-"]),
            ["-", "1000", "999", "Z", "z", "é", "Ａ", "😀"]
        );
        assert_eq!(sorted(Order::Descending, &["1", "3", "2"]), ["3", "2", "1"]);
    }

    #[test]
    fn numeric_takes_digits_by_value_however_many() {
        let huge = "340282366920938463463374607431768211456";
        assert_eq!(
            sorted(Order::Numeric, &["b", huge, "999", "1000", "07", "7", "-1", "1.5", "0", "00", "٣"]),
            ["0", "00", "07", "7", "999", "1000", huge, "-1", "1.5", "b", "٣"]
        );
    }
}
