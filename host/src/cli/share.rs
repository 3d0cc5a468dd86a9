//! Shares on the command line: of users, or of events that may differ.

use std::fmt;
use std::str::FromStr;

/// How many parts a whole has.
const WHOLE: u64 = 1_000_000_000;

/// A share in parts of a thousand million, so that `3.2%` and 32 of 1000 are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Share(u64);

impl Share {
    /// For clap: a share of something, which is more than nothing.
    pub(in crate::cli) fn of_some(text: &str) -> Result<Self, &'static str> {
        let share = text.parse().ok().filter(|Self(parts)| *parts > 0);
        share.ok_or("a share is more than 0 and at most 1: write 5% or 0.05")
    }

    /// As a fraction, as the admin API takes it.
    pub(in crate::cli) fn fraction(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "both numbers are small")]
        let fraction = self.0 as f64 / WHOLE as f64;
        fraction
    }

    /// Whether so many of so many are no more than the share.
    pub(in crate::cli) fn allows(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(WHOLE) <= u128::from(self.0) * u128::from(whole)
    }
}

impl FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a share is a number from 0 to 1, or from 0% to 100%";
        let (number, parts) = match text.strip_suffix('%') {
            Some(percent) => (percent.trim_end(), WHOLE / 100),
            None => (text, WHOLE),
        };
        let number: f64 = number.parse().map_err(|_| WRONG)?;
        #[expect(clippy::cast_precision_loss, reason = "both numbers are small")]
        let parts = (number * parts as f64).round();
        #[expect(clippy::cast_precision_loss, reason = "the number is small")]
        if !(0.0..=WHOLE as f64).contains(&parts) || number.is_sign_negative() {
            return Err(WRONG);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at just now")]
        Ok(Self(parts as u64))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (percent, rest) = (self.0 / (WHOLE / 100), self.0 % (WHOLE / 100));
        let digits = format!("{percent}.{rest:07}");
        write!(out, "{}%", digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_fraction_or_in_percent() {
        for (text, printed) in
            [("0", "0%"), ("0.032", "3.2%"), ("3.2%", "3.2%"), ("1", "100%"), ("100 %", "100%"), (".5%", "0.5%")]
        {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), printed);
        }
        for text in ["", "-1", "-0", "1.01", "101%", "NaN", "inf", "1e999", "half", "%", "1%%"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_of_something_is_more_than_nothing_and_sent_as_a_fraction() {
        for (text, expected) in
            [("5%", 0.05), ("0.05", 0.05), ("100%", 1.0), ("1", 1.0), ("0.5 %", 0.005), ("10%", 0.1)]
        {
            assert_eq!(Share::of_some(text).unwrap().fraction().to_bits(), f64::to_bits(expected), "{text}");
        }
        for text in ["", "0", "0%", "0.0", "5", "101%", "-1%", "NaN", "inf", "half"] {
            assert!(Share::of_some(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_share_itself_is_allowed_and_one_more_is_not() {
        for text in ["0.032", "3.2%"] {
            let allow: Share = text.parse().unwrap();
            assert!(allow.allows(32, 1000) && !allow.allows(33, 1000) && allow.allows(0, 0));
        }
        let none: Share = "0".parse().unwrap();
        assert!(none.allows(0, u64::MAX) && !none.allows(1, u64::MAX));
    }
}
