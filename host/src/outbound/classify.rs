//! What an answer means for the call that got it.
//!
//! Accoil documents 202 for every accepted call; limits and errors are not published, so the rest
//! follows HTTP: what may pass by itself is tried again, what the request itself is to blame for is
//! not.

use super::Answer;

/// The judgement on an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx: done. Not a proof of the key: Accoil answers before it checks it.
    Delivered,
    /// 408, 425, 429, 5xx, or no answer at all: try again.
    Retry,
    /// 401 or 403: every call would be answered so, and none is to blame.
    DestinationRefusesKey,
    /// The destination has an address it must not have.
    DestinationForbidden,
    /// Any other answer, redirects included, since they are not followed: trying again would change
    /// nothing.
    Dead,
}

/// Judges an answer.
pub fn classify(answer: &Answer) -> Verdict {
    match answer {
        Answer::Http { status, .. } => match status {
            200..=299 => Verdict::Delivered,
            401 | 403 => Verdict::DestinationRefusesKey,
            408 | 425 | 429 | 500..=599 => Verdict::Retry,
            _ => Verdict::Dead,
        },
        Answer::Network { .. } => Verdict::Retry,
        Answer::AddressRefused { .. } => Verdict::DestinationForbidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_verdict() {
        let of = |status| classify(&Answer::Http { status, retry_after: None, excerpt: String::new() });
        for status in [200, 202, 204, 299] {
            assert_eq!(of(status), Verdict::Delivered, "{status}");
        }
        for status in [408, 425, 429, 500, 503, 599] {
            assert_eq!(of(status), Verdict::Retry, "{status}");
        }
        for status in [401, 403] {
            assert_eq!(of(status), Verdict::DestinationRefusesKey, "{status}");
        }
        for status in [300, 301, 302, 307, 308, 400, 404, 405, 409, 413, 422, 451] {
            assert_eq!(of(status), Verdict::Dead, "{status}");
        }
    }
}
