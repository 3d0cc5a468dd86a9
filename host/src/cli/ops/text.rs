//! Numbers, times and tables for people to read.

use jiff::Timestamp;
use serde::Deserialize;

use crate::cli::printable;

/// The most characters of a cell.
const WIDEST: usize = 80;

/// `12s`, `3m12s`, `2h05m`, `4d03h`.
pub(super) fn age(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// `17 B`, `1.5 KiB`, `3.0 MiB`.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = "KiB";
    for larger in UNITS.iter().skip(1) {
        if amount < 1023.95 {
            break;
        }
        amount /= 1024.0;
        unit = larger;
    }
    format!("{amount:.1} {unit}")
}

/// A moment in an answer: milliseconds since 1970, or RFC 3339.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Moment {
    Milliseconds(i64),
    Text(String),
}

impl Moment {
    /// `2026-01-02T03:04:05Z`.
    pub(super) fn text(&self) -> String {
        let moment = match self {
            Self::Milliseconds(number) => Timestamp::from_millisecond(*number).ok(),
            Self::Text(text) => text.parse().ok(),
        };
        match (moment, self) {
            (Some(moment), _) => moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            (None, Self::Text(text)) => text.clone(),
            (None, Self::Milliseconds(number)) => number.to_string(),
        }
    }
}

/// A text that fits on a line.
pub(in crate::cli) fn cell(text: &str) -> String {
    let text = printable(text).replace('\n', "\\n");
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Lines of aligned columns; those of numbers stand on the right.
pub(in crate::cli) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    let columns: Vec<(usize, bool)> = header
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let cells = || rows.iter().filter_map(|row| row.get(at));
            let width = cells().chain([name]).map(|cell| cell.chars().count()).max().unwrap_or_default();
            (width, cells().all(|cell| is_number(cell)))
        })
        .collect();
    let mut text = String::new();
    for row in std::iter::once(&header).chain(&rows) {
        let mut line = String::new();
        for (cell, (width, right)) in row.iter().zip(&columns) {
            let gap = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = if *right { (gap.as_str(), "") } else { ("", gap.as_str()) };
            line.push_str(&format!("{before}{cell}{after}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Whether it is a number, an age or a size, and not a date or an id.
fn is_number(cell: &str) -> bool {
    cell == "-" || (cell.starts_with(|first: char| first.is_ascii_digit()) && cell.len() <= 12)
}

/// The first digits of a digest, enough to tell it from others.
pub(super) fn short(digest: &str) -> String {
    digest.trim_start_matches("sha256:").chars().take(12).collect()
}

/// `5%`, `0.0001%`: a share to the millionth.
pub(super) fn percent(share: f64) -> String {
    let digits = format!("{:.4}", share * 100.0);
    format!("{}%", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// `1 event`, `2 events`.
pub(in crate::cli) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("{number} {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_have_two_units_at_most() {
        let ages = [(0, "0s"), (59, "59s"), (60, "1m00s"), (192, "3m12s"), (7_500, "2h05m"), (356_400, "4d03h")];
        ages.iter().for_each(|(seconds, text)| assert_eq!(age(*seconds), *text));
        let sizes = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (3 << 20, "3.0 MiB"),
            (5 << 40, "5.0 TiB"),
            (u64::MAX, "16384.0 PiB"),
        ];
        sizes.iter().for_each(|(number, text)| assert_eq!(bytes(*number), *text));
    }

    #[test]
    fn a_table_is_aligned_and_no_cell_breaks_it() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["b\n\u{1b}[31m".to_owned(), "1000".to_owned()]];
        assert_eq!(table(&["name", "n"], &rows), "name              n\na                 1\nb\\n\\u{1b}[31m  1000\n");
        assert_eq!(cell(&"é".repeat(100)).chars().count(), WIDEST + 1);
    }

    #[test]
    fn shares_and_digests_are_short() {
        let shares = [(0.05, "5%"), (1.0, "100%"), (0.000_001, "0.0001%"), (0.29, "29%"), (0.0, "0%")];
        shares.iter().for_each(|(share, text)| assert_eq!(percent(*share), *text));
        assert_eq!((short("sha256:0123456789abcdef"), short("ab")), ("0123456789ab".into(), "ab".into()));
    }

    #[test]
    fn moments_come_in_two_forms() {
        for text in ["1767323045678", "\"2026-01-02T03:04:05.678Z\"", "\"2026-01-02T04:04:05+01:00\""] {
            assert_eq!(serde_json::from_str::<Moment>(text).unwrap().text(), "2026-01-02T03:04:05Z");
        }
        assert_eq!(Moment::Text("soon".into()).text(), "soon");
    }
}
