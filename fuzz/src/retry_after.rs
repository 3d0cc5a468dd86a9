//! The header `Retry-After` of a destination that says whatever it likes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use accoil_stream::outbound::retry_after::{LONGEST, parse};

/// The first four bytes are the time in seconds since 1970; what follows is the header.
///
/// # Panics
///
/// When the wait is longer than it may be, depends on white space, grows with time, or is not what was asked for.
pub fn retry_after(data: &[u8]) {
    let Some((clock, header)) = data.split_first_chunk() else { return };
    let now = UNIX_EPOCH + Duration::from_secs(u32::from_le_bytes(*clock).into());
    let Ok(text) = str::from_utf8(header) else { return };
    let wait = parse(text, now);
    assert!(wait.is_none_or(|wait| wait <= LONGEST), "{wait:?}");
    assert_eq!(wait, parse(&format!(" {text}\t"), now), "white space means something");
    let later = parse(text, now + Duration::from_secs(1));
    assert_eq!(later.is_some(), wait.is_some(), "whether it can be read depends on the clock");
    assert!(later <= wait, "the longer one waits, the longer one waits");

    let trimmed = text.trim();
    if !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = trimmed.parse().map_or(LONGEST, Duration::from_secs);
        assert_eq!(wait, Some(seconds.min(LONGEST)), "a number is not read as one");
    }
    asked_for(now, header);
}

/// A date that was written properly is read as the wait that it means.
fn asked_for(now: SystemTime, bytes: &[u8]) {
    let Some(ahead) = bytes.first_chunk() else { return };
    let ahead = Duration::from_secs(u16::from_le_bytes(*ahead).into());
    let date = httpdate::fmt_http_date(now + ahead);
    assert_eq!(parse(&date, now), Some(ahead.min(LONGEST)), "{date}");
}
