//! Times on the command line: a date, or how long ago.

use jiff::{SignedDuration, Timestamp};

/// Reads `2026-01-02T03:04:05Z`, or `90s`, `30m`, `24h`, `7d` for so long before `now`.
pub(super) fn parse(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    ago(text)
        .and_then(|ago| now.checked_sub(ago).ok())
        .ok_or_else(|| "is no time; write 2026-01-02T03:04:05Z, or how long ago: 90s, 30m, 24h, 7d".to_owned())
}

/// For clap.
pub(super) fn parse_now(text: &str) -> Result<Timestamp, String> {
    parse(text, Timestamp::now())
}

/// For clap: `90s`, `30m`, `24h` or `7d`, and not nothing.
pub(in crate::cli) fn span(text: &str) -> Result<SignedDuration, &'static str> {
    let span = ago(text).filter(|span| span.is_positive());
    span.ok_or("is no time that can pass; write 90s, 30m, 24h or 7d")
}

fn ago(text: &str) -> Option<SignedDuration> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(SignedDuration::from_secs(number.parse::<i64>().ok()?.checked_mul(seconds)?))
}

/// As the admin API takes it: RFC 3339, UTC, milliseconds.
pub(in crate::cli) fn written(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_one_unit() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(span(text).unwrap().as_secs(), seconds);
        }
        for text in ["", "0h", "24", "h", "1w", "-1h", "1h30m", "2026-01-02T03:04:05Z"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dates_and_ages_are_read_and_all_else_is_refused() {
        let now: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        for (text, expected) in [
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01T01:00:00.5+01:00", "2026-01-01T00:00:00.500Z"),
            ("90s", "2026-01-02T03:02:35.678Z"),
            ("24h", "2026-01-01T03:04:05.678Z"),
            ("7d", "2025-12-26T03:04:05.678Z"),
        ] {
            assert_eq!(written(parse(text, now).unwrap()), expected);
        }
        for text in ["", "24", "h", "1w", "-1h", "yesterday", "99999999999999999999h", "9999999999999h"] {
            assert!(parse(text, now).is_err(), "{text}");
        }
    }
}
