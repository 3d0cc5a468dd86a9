//! When two JSON texts are the same value.

use json_text::{Kind, elements, kind, members, unescape};

use crate::groups::member;

/// Whether two checked texts hold the same value: numbers by value, strings by
/// content, objects without regard to the order of their members.
pub(crate) fn same_value(left: &str, right: &str) -> bool {
    let sort = kind(left);
    if sort != kind(right) {
        return false;
    }
    match sort {
        Kind::Null => true,
        Kind::Boolean => left.trim() == right.trim(),
        Kind::Number => Decimal::parse(left) == Decimal::parse(right),
        Kind::String => unescape(left.trim()) == unescape(right.trim()),
        Kind::Array => {
            let (left, right): (Vec<_>, Vec<_>) = (elements(left).collect(), elements(right).collect());
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_value(left, right))
        }
        Kind::Object => {
            let has_all = |some, others| {
                members(some).all(|(name, _)| {
                    let name = name.content();
                    let (value, other) = (member(some, &name), member(others, &name));
                    value.zip(other).is_some_and(|(value, other)| same_value(value, other))
                })
            };
            has_all(left, right) && has_all(right, left)
        }
    }
}

/// A number's value, exact however many digits it has: `digits × 10^exponent`
/// with neither leading nor trailing zeros in `digits`.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Self {
        let text = text.trim();
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        let dropped = digits.len() - significant.len();
        let significant = significant.trim_start_matches('0');
        if significant.is_empty() {
            return Self { negative: false, digits: String::new(), exponent: 0 };
        }
        // An exponent beyond i64 only has to differ from smaller ones.
        let limit = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        let exponent = exponent.parse::<i64>().unwrap_or(limit);
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let dropped = i64::try_from(dropped).unwrap_or(i64::MAX);
        Self {
            negative,
            digits: significant.to_owned(),
            exponent: exponent.saturating_sub(places).saturating_add(dropped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::same_value;

    #[test]
    fn numbers_are_equal_by_value() {
        for (left, right) in [("1", "1.0"), ("100", "1e2"), ("-0", "0"), ("0.10", "1E-1"), ("12e-1", "1.2")] {
            assert!(same_value(left, right), "{left} {right}");
        }
        for (left, right) in [("1", "-1"), ("9007199254740993", "9007199254740992"), ("1", "10"), ("1", "\"1\"")] {
            assert!(!same_value(left, right), "{left} {right}");
        }
    }

    #[test]
    fn strings_are_equal_by_content_and_objects_by_member() {
        assert!(same_value(r#""\u0061b""#, r#""ab""#));
        assert!(!same_value(r#""a""#, r#""A""#));
        assert!(same_value(r#"{"a":1,"b":[true,null]}"#, r#"{"b":[true,null],"a":1.0}"#));
        assert!(!same_value(r#"{"a":1}"#, r#"{"a":1,"b":2}"#));
        assert!(!same_value(r#"{"a":1,"b":2}"#, r#"{"a":1}"#));
        assert!(same_value(r#"{"a":1,"a":2}"#, r#"{"a":2}"#), "the last of equal names counts");
        assert!(!same_value("[1,2]", "[2,1]"));
        assert!(!same_value("true", "false"));
    }
}
