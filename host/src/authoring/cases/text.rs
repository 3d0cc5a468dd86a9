//! What running a case came to, in lines for people.

use super::budget::{Measure, Used};
use super::diff::Difference;
use super::report::{Finding, Report};

/// How many places of an event are told; of more, only how many.
const PLACES: usize = 20;

/// How many lines of one side of a place are told.
const LINES: usize = 40;

/// A line, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Says something.
    Plain,
    /// Was expected.
    Expected,
    /// Came.
    Came,
}

/// What is not as it should be in a case. There is nothing in a case that passed.
#[must_use]
pub fn lines(report: &Report) -> Vec<Line> {
    let mut lines = Vec::new();
    report.findings.iter().for_each(|finding| push_finding(&mut lines, finding));
    lines
}

fn push_finding(lines: &mut Vec<Line>, finding: &Finding) {
    match finding {
        Finding::NotRun(problem) => say(lines, format!("  not run: {problem}")),
        Finding::NothingExpected => {
            say(lines, "  has no `expected`: run test --update to write what comes now, then read it".to_owned());
        }
        Finding::Count { expected, events } => {
            say(lines, format!("  expects {expected} outcomes for {events} events"));
        }
        Finding::Differs { event, event_type, words, differences } => {
            let of_type = if event_type.is_empty() { String::new() } else { format!(" ({event_type})") };
            let words = if words.is_empty() { "the outcome is another one".to_owned() } else { words.join("; ") };
            say(lines, format!("  event {event}{of_type}: {words}"));
            push_differences(lines, differences);
        }
        Finding::Unstable { event, differences } => {
            say(lines, format!("  event {event}: the outcome differs from run to run of the same batch"));
            push_differences(lines, differences);
        }
        Finding::DependsOnBatch { event, differences } => {
            say(lines, format!("  event {event}: depends on other events of its batch; alone it is not as among them"));
            push_differences(lines, differences);
        }
        Finding::OverBudget { event, measure } => {
            say(lines, format!("  event {event}: over budget: {}", measured(measure)));
        }
    }
}

fn say(lines: &mut Vec<Line>, text: String) {
    lines.push(Line { tone: Tone::Plain, text });
}

fn push_differences(lines: &mut Vec<Line>, differences: &[Difference]) {
    for Difference { path, expected, came } in differences.iter().take(PLACES) {
        say(lines, format!("    {}", if path.is_empty() { "(all of it)" } else { path }));
        push_side(lines, Tone::Expected, '-', expected.as_deref());
        push_side(lines, Tone::Came, '+', came.as_deref());
    }
    let more = differences.len().saturating_sub(PLACES);
    if more > 0 {
        say(lines, format!("    … and {more} more places"));
    }
}

fn push_side(lines: &mut Vec<Line>, tone: Tone, sign: char, text: Option<&str>) {
    let all = text.map(str::lines).into_iter().flatten();
    lines.extend(all.clone().take(LINES).map(|line| Line { tone, text: format!("    {sign} {line}") }));
    let more = all.count().saturating_sub(LINES);
    if more > 0 {
        lines.push(Line { tone, text: format!("    {sign} … and {more} more lines") });
    }
}

/// What was used, of what there is, on one line; nothing if the case could not be run.
#[must_use]
pub fn usage_line(report: &Report, used: &Used) -> String {
    let measured = report.budget.measures(used).map(|measure| short(&measure));
    measured.join(", ")
}

/// `time 12 µs (<1%)`.
fn short(measure: &Measure) -> String {
    format!("{} {} ({})", measure.what, amount(measure.used, measure.unit), measure.share())
}

/// `time 12 µs of 200000 µs (<1%)`.
fn measured(measure: &Measure) -> String {
    let Measure { what, unit, used, limit } = measure;
    format!("{what} {} of {} ({})", amount(*used, unit), amount(*limit, unit), measure.share())
}

fn amount(number: u64, unit: &str) -> String {
    match unit {
        "" => number.to_string(),
        "bytes" if number >= 10 * 1024 => format!("{} KiB", number.div_ceil(1024)),
        unit => format!("{number} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_differences_are_cut() {
        let place =
            |index: usize| Difference { path: format!("[{index}]"), expected: Some("x\n".repeat(50)), came: None };
        let differences: Vec<_> = (0..25).map(place).collect();
        let mut lines = Vec::new();
        push_differences(&mut lines, &differences);
        assert_eq!(lines.len(), PLACES * (LINES + 2) + 1);
        assert_eq!(lines.last().unwrap().text, "    … and 5 more places");
        assert_eq!(lines.get(41).unwrap().text, "    - … and 10 more lines");
    }

    #[test]
    fn amounts_have_units() {
        let amounts = [(12, ""), (12, "µs"), (900, "bytes"), (1_200_000, "bytes")].map(|(n, unit)| amount(n, unit));
        assert_eq!(amounts, ["12", "12 µs", "900 bytes", "1172 KiB"]);
    }
}
