//! Printing what came of cases.

use std::io::IsTerminal;

use crate::authoring::cases::{Line, Report, Tone, Used, lines, usage_line};
use crate::cli::{Failure, print, printable};

/// How it is printed.
pub(super) struct Show {
    has_colour: bool,
    /// Whether what each event used is printed.
    each: bool,
}

const RED: &str = "31";
const GREEN: &str = "32";

impl Show {
    /// With colour only where a person looks who has not turned it off (<https://no-color.org>).
    pub(super) fn new(each: bool) -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        Self { has_colour: std::io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb, each }
    }

    pub(super) fn case(&self, report: &Report, is_written: bool) -> Result<(), Failure> {
        let (verdict, colour) = match (report.passed(), is_written) {
            (false, _) => ("FAIL ", RED),
            (true, true) => ("wrote", GREEN),
            (true, false) => ("ok   ", GREEN),
        };
        let file = printable(&report.file.display().to_string());
        let name = match report.file.file_stem() {
            Some(stem) if stem.to_string_lossy() == report.name => String::new(),
            _ => format!(": {}", printable(&report.name).replace('\n', "\\n")),
        };
        let mut text = format!("{} {file}{name}\n", self.painted(colour, verdict));
        for Line { tone, text: line } in lines(report) {
            let line = printable(&line);
            text.push_str(&match tone {
                Tone::Plain => line,
                Tone::Expected => self.painted(RED, &line),
                Tone::Came => self.painted(GREEN, &line),
            });
            text.push('\n');
        }
        if self.each {
            for (event, used) in &report.used {
                text.push_str(&format!("  event {event}: {}\n", usage_line(report, used)));
            }
        } else if !report.used.is_empty() {
            let all: Vec<Used> = report.used.iter().map(|(_, used)| *used).collect();
            text.push_str(&format!("  at most: {}\n", usage_line(report, &Used::most(&all))));
        }
        print(text.as_bytes()).map(drop)
    }

    pub(super) fn summary(&self, passed: usize, failed: usize, errors: usize) -> Result<(), Failure> {
        let mut text = format!("{passed} passed, {failed} failed");
        if errors > 0 {
            text.push_str(&format!(", {errors} could not be read"));
        }
        let colour = if failed + errors > 0 { RED } else { GREEN };
        print(format!("{}\n", self.painted(colour, &text)).as_bytes()).map(drop)
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.has_colour { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_put_around_what_is_told() {
        let show = Show { has_colour: true, each: false };
        assert_eq!(show.painted(RED, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Show { has_colour: false, ..show }.painted(RED, "x"), "x");
    }
}
