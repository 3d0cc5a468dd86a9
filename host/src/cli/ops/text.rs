//! Numbers, times and tables for people to read.

use jiff::Timestamp;
use serde::Deserialize;

use crate::cli::printable;

/// The most characters of a cell.
const WIDEST: usize = 80;

/// Units of sizes, each 1024 times the one before.
const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/// How much is shown of a digest, in characters.
const SHORT: usize = 12;

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

/// The group selector of a version.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Selector {
    pub(super) component: String,
    pub(super) settings_digest: String,
    pub(super) on_fault: String,
}

impl Selector {
    /// `group selector 0123456789ab with settings fedcba987654 (dead-letter where it fails)`.
    pub(super) fn text(&self) -> String {
        let (component, settings) = (short(&self.component), short(&self.settings_digest));
        format!("group selector {component} with settings {settings} ({} where it fails)", self.on_fault)
    }
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

/// Whether it is a number, a share, an age or a size, and not a date, an id or a digest.
fn is_number(cell: &str) -> bool {
    let number = cell.trim_start_matches(['<', '>']);
    let digits = number.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(number.len());
    let (digits, unit) = number.split_at_checked(digits).unwrap_or_default();
    let is_unit = match unit {
        "" | "%" | "s" | " B" => true,
        _ => is_size(unit) || is_rest_of_age(unit),
    };
    // A short digest may be nothing but digits; what is counted here has fewer.
    cell == "-" || (!digits.is_empty() && digits.len() < SHORT && is_unit)
}

fn is_size(unit: &str) -> bool {
    unit.strip_prefix(' ').is_some_and(|unit| UNITS.contains(&unit))
}

/// Of `3m12s`, `2h05m` or `4d03h`, what follows the first number.
fn is_rest_of_age(text: &str) -> bool {
    match text.as_bytes() {
        [first, tens, ones, second] => {
            let units = matches!((first, second), (b'm', b's') | (b'h', b'm') | (b'd', b'h'));
            units && tens.is_ascii_digit() && ones.is_ascii_digit()
        }
        _ => false,
    }
}

/// The first digits of a digest, enough to tell it from others.
pub(super) fn short(digest: &str) -> String {
    digest.trim_start_matches("sha256:").chars().take(SHORT).collect()
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
    fn numbers_stand_on_the_right_and_digests_on_the_left() {
        for cell in
            ["-", "0", "17", "3.2%", "<0.01%", ">99.99%", "12s", "3m12s", "2h05m", "4d03h", "0 B", "1.5 KiB", "5.0 TiB"]
        {
            assert!(is_number(cell), "{cell}");
        }
        let others = ["", "012345678901", "0d1234abcdef", "4d03h1234567", "1a", "2026-01-02", "%", "1 event", "1.2.3é"];
        others.iter().for_each(|cell| assert!(!is_number(cell), "{cell}"));
        let row = |digest: &str, n: &str| vec![digest.to_owned(), n.to_owned()];
        let rows = [row("0123456789ab", "7"), row("9876543210fe", "10")];
        assert_eq!(table(&["mapping", "n"], &rows), "mapping        n\n0123456789ab   7\n9876543210fe  10\n");
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
