//! When an event happened: from the forms in which Amplitude writes it to RFC
//! 3339 in UTC with milliseconds.
//!
//! Export rows carry `2020-11-24 09:59:55.977000` (UTC, no zone), webhooks
//! `2022-02-28 20:07:01.795` or `2022-10-24T20:07:32.123`, SDKs milliseconds
//! since the epoch. What is finer than a millisecond is cut off.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::DateTime;

/// Reads a date and time with or without a zone; without one it is UTC.
/// Nothing if the text is no such thing.
pub(crate) fn from_text(text: &str) -> Option<String> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let (year, month, day) = three(date, '-', [4, 2, 2])?;
    let (hour, minute, second) = three(clock, ':', [2, 2, 2])?;
    let small = |number: i16| i8::try_from(number).ok();
    let (milliseconds, zone) = fraction(rest)?;
    let moment = DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        milliseconds * 1_000_000,
    )
    .ok()?;
    let ahead = SignedDuration::from_secs(offset(zone)?);
    within_four_digits(moment.checked_sub(ahead).ok()?)
}

/// Reads a JSON number of milliseconds since the epoch. Nothing if it is none,
/// or not between the years 0 and 9999.
pub(super) fn from_milliseconds(number: &str) -> Option<String> {
    of_milliseconds(truncated(number)?)
}

/// The text of a time in milliseconds since the epoch. Nothing if it is after the year 9999.
pub(crate) fn of_unix_ms(milliseconds: u64) -> Option<String> {
    of_milliseconds(i64::try_from(milliseconds).ok()?)
}

/// Milliseconds since the epoch.
pub(crate) fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Now, in milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    unix_ms(SystemTime::now())
}

fn of_milliseconds(since_epoch: i64) -> Option<String> {
    within_four_digits(EPOCH.checked_add(SignedDuration::from_millis(since_epoch)).ok()?)
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The whole part of a JSON number, exactly, if it is one and not too large.
fn truncated(number: &str) -> Option<i64> {
    if let Ok(whole) = number.parse() {
        return Some(whole);
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Where the point goes: so many of the digits are whole.
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent.parse().ok()?)?;
    let Ok(point @ 1..) = usize::try_from(point) else {
        return Some(0);
    };
    let digits = digits.trim_start_matches('0');
    let point = point.saturating_sub(whole.len() + fraction.len() - digits.len());
    // No year has so many milliseconds.
    if point > 18 && !digits.is_empty() {
        return None;
    }
    let kept: String = digits.chars().chain(std::iter::repeat('0')).take(point.min(18)).collect();
    Some(sign * if kept.is_empty() { 0 } else { kept.parse::<i64>().ok()? })
}

fn within_four_digits(moment: DateTime) -> Option<String> {
    (0..=9999).contains(&moment.year()).then(|| written(moment))
}

/// Three numbers of fixed width, separated by one character.
fn three(text: &str, separator: char, widths: [usize; 3]) -> Option<(i16, i16, i16)> {
    let mut parts = text.split(separator).zip(widths).map(|(part, width)| {
        let fits = part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse().ok()).flatten()
    });
    let numbers = (parts.next()??, parts.next()??, parts.next()??);
    Some(numbers)
}

/// The milliseconds of a fraction of a second, and what follows it.
fn fraction(text: &str) -> Option<(i32, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = rest.split_at_checked(length)?;
    let milliseconds = digits.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    (length > 0).then_some((milliseconds, zone))
}

/// The seconds by which a zone is ahead of UTC: `Z`, `+02:00`, `-0330`, `+02`,
/// or nothing.
fn offset(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':')?,
        _ => return None,
    };
    let number = |part: &str| -> Option<i64> {
        let two_digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        two_digits.then(|| part.parse().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn written(moment: DateTime) -> String {
    let mut text = String::with_capacity(24);
    let mut push = |number: i32, width: u32, after: char| {
        for place in (0..width).rev() {
            let digit = number / 10_i32.pow(place) % 10;
            text.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
        }
        text.push(after);
    };
    push(i32::from(moment.year()), 4, '-');
    push(i32::from(moment.month()), 2, '-');
    push(i32::from(moment.day()), 2, 'T');
    push(i32::from(moment.hour()), 2, ':');
    push(i32::from(moment.minute()), 2, ':');
    push(i32::from(moment.second()), 2, '.');
    push(i32::from(moment.millisecond()), 3, 'Z');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_that_amplitude_writes() {
        let cases = [
            ("2020-11-24 09:59:55.977000", "2020-11-24T09:59:55.977Z"),
            ("2022-02-28 20:07:01.795", "2022-02-28T20:07:01.795Z"),
            ("2022-10-24T20:07:32.123", "2022-10-24T20:07:32.123Z"),
            ("2022-10-24T20:07:32", "2022-10-24T20:07:32.000Z"),
            ("2022-10-24T20:07:32.9999999Z", "2022-10-24T20:07:32.999Z"),
            ("2022-10-24T20:07:32.5+02:00", "2022-10-24T18:07:32.500Z"),
            ("2022-12-31t23:30:00-0130", "2023-01-01T01:00:00.000Z"),
            ("1969-12-31 23:59:59.9995", "1969-12-31T23:59:59.999Z"),
            ("9999-12-31T20:00:00+00:01", "9999-12-31T19:59:00.000Z"),
            ("2024-02-29 00:00:00z", "2024-02-29T00:00:00.000Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(from_text(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn passes_over_what_is_no_time() {
        let cases = [
            "",
            "now",
            "2022-10-24",
            "2022-13-01 00:00:00",
            "2023-02-29 00:00:00",
            "2022-10-24 24:00:00",
            "2022-10-24 10:00",
            "2022-10-24 10:00:00.",
            "2022-10-24 10:00:00 UTC",
            "2022-10-24 10:00:00+2",
            "+022-10-24 10:00:00",
            "2022-10-24 1é:00:00",
            "9999-12-31 23:59:59-01:00",
            "2022-10-24 10:00:00+24:00",
        ];
        for text in cases {
            assert_eq!(from_text(text), None, "{text}");
        }
    }

    #[test]
    fn reads_milliseconds_since_the_epoch() {
        let cases = [
            ("1396381378123", Some("2014-04-01T19:42:58.123Z")),
            ("0", Some("1970-01-01T00:00:00.000Z")),
            ("-1", Some("1969-12-31T23:59:59.999Z")),
            ("1396381378123.9", Some("2014-04-01T19:42:58.123Z")),
            ("1396381378123.99999999999999", Some("2014-04-01T19:42:58.123Z")),
            ("-0.9", Some("1970-01-01T00:00:00.000Z")),
            ("1396381378123000e-3", Some("2014-04-01T19:42:58.123Z")),
            ("0.0001396381378123e16", Some("2014-04-01T19:42:58.123Z")),
            ("5e-324", Some("1970-01-01T00:00:00.000Z")),
            ("0e99999", Some("1970-01-01T00:00:00.000Z")),
            ("253402300799999", Some("9999-12-31T23:59:59.999Z")),
            ("1.396381378123e12", Some("2014-04-01T19:42:58.123Z")),
            ("253402300800000", None),
            ("1e400", None),
            ("99999999999999999999", None),
            ("\"1396381378123\"", None),
            ("null", None),
        ];
        for (number, expected) in cases {
            assert_eq!(from_milliseconds(number).as_deref(), expected, "{number}");
        }
    }
}
