//! The header `Retry-After`: seconds or a date (RFC 9110 section 10.2.3), made safe.

use std::time::{Duration, SystemTime};

/// The longest wait a destination can ask for. A header of a year is a mistake, not a wish.
pub const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long the destination asks to be left alone, at most [`LONGEST`]; a date that has passed is
/// no wait.
///
/// Text that is neither seconds nor a date gives `None`: garbage must not hold the queue.
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds still means "very long".
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_capped() {
        let now = httpdate::parse_http_date("Fri, 02 Jan 2026 03:04:05 GMT").unwrap();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (text, wait) in [
            ("0", seconds(0)),
            (" 2 ", seconds(2)),
            ("3600", seconds(3600)),
            ("3601", seconds(3600)),
            ("99999999999999999999999999", seconds(3600)),
            ("Fri, 02 Jan 2026 03:04:35 GMT", seconds(30)),
            ("Fri, 02 Jan 2026 03:04:00 GMT", seconds(0)),
            ("Fri, 02 Jan 2099 03:04:00 GMT", seconds(3600)),
            ("Friday, 02-Jan-26 03:04:35 GMT", seconds(30)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Fri, 99 Jan 2026 03:04:35 GMT", None),
        ] {
            assert_eq!(parse(text, now), wait, "{text:?}");
        }
    }
}
