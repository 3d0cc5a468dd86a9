//! Rule 8 for the reference: times, by counting days one year after the other.

use super::json::{Decimal, Json};

/// Days from 0000-01-01 to 1970-01-01.
const EPOCH_DAY: i64 = 719_528;
const DAY_MS: i64 = 86_400_000;

/// `event_time`, else `time`, else `client_event_time`, the first that can be read.
pub(super) fn of_event(event: &Json) -> Option<String> {
    let text = |name| read_text(&event.get(name)?.string()?);
    let number = || match event.get("time")? {
        Json::Number(number) => written(Decimal::of(number).truncated()?),
        _ => None,
    };
    text("event_time").or_else(number).or_else(|| text("client_event_time"))
}

/// RFC 3339; a space may stand for the `T`, and no zone means UTC.
fn read_text(text: &str) -> Option<String> {
    if !text.is_ascii() || text.len() < 19 {
        return None;
    }
    let (date_time, rest) = text.split_at(19);
    let number = |from: usize, to: usize| {
        let digits = &date_time[from..to];
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse::<i64>().unwrap())
    };
    let punctuation: [char; 5] = [4, 7, 10, 13, 16].map(|place| date_time.as_bytes()[place].into());
    if punctuation[..2] != ['-', '-'] || !['T', 't', ' '].contains(&punctuation[2]) || punctuation[3..] != [':', ':'] {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=days_in(year)[month as usize - 1]).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let length = rest.bytes().take_while(u8::is_ascii_digit).count();
            (length > 0).then_some(())?;
            rest.split_at(length)
        }
        None => ("", rest),
    };
    let milliseconds: i64 = format!("{fraction}000")[..3].parse().unwrap();
    let days: i64 =
        (0..year).map(year_days).sum::<i64>() + days_in(year)[..month as usize - 1].iter().sum::<i64>() + (day - 1)
            - EPOCH_DAY;
    let local = days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds;
    written(local - offset_minutes(zone)? * 60_000)
}

fn offset_minutes(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let bytes = zone.as_bytes();
    if bytes.len() != 6 || bytes[3] != b':' || ![1, 2, 4, 5].iter().all(|place| bytes[*place].is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (zone[1..3].parse().unwrap(), zone[4..6].parse().unwrap());
    if hours > 23 || minutes > 59 {
        return None;
    }
    match bytes[0] {
        b'+' => Some(hours * 60 + minutes),
        b'-' => Some(-hours * 60 - minutes),
        _ => None,
    }
}

/// As RFC 3339 in UTC with milliseconds, if the year has four digits.
fn written(milliseconds: i64) -> Option<String> {
    let mut day = milliseconds.div_euclid(DAY_MS) + EPOCH_DAY;
    let of_day = milliseconds.rem_euclid(DAY_MS);
    if day < 0 {
        return None;
    }
    let mut year = 0;
    while day >= year_days(year) {
        day -= year_days(year);
        year += 1;
        if year > 9999 {
            return None;
        }
    }
    let mut month = 1;
    for length in days_in(year) {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    Some(format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", day + 1, of_day % 1000))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn year_days(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in(year: i64) -> [i64; 12] {
    [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}
