//! Reports in the XML that CI systems read, in the form of JUnit as Jenkins, GitLab and others take it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::case::CaseError;
use super::report::{Finding, Report};
use super::text::{lines, usage_line};

/// A document about the cases of a plugin. A file that is no case is an error, a case that did not pass a failure.
#[must_use]
pub fn junit(plugin: &str, reports: &[Report], errors: &[CaseError]) -> String {
    let tests = reports.len() + errors.len();
    let failures = reports.iter().filter(|report| !report.passed()).count();
    let seconds = seconds(reports.iter().map(|report| report.took).sum());
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{}\" time=\"{seconds}\"", errors.len());
    let plugin = escaped(plugin);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing into a string can't fail.
    let _ = writeln!(xml, "<testsuites name=\"accoil-stream test\" {counts}>");
    let _ = writeln!(xml, "  <testsuite name=\"{plugin}\" {counts}>");
    reports.iter().for_each(|report| push_report(&mut xml, &plugin, report));
    for error in errors {
        let (file, name) = (error.file(), error.file().file_stem().unwrap_or_default().to_string_lossy());
        open(&mut xml, &plugin, &name, file, Duration::ZERO);
        let _ = writeln!(xml, "      <error type=\"{}\" message=\"{}\"/>", error.code(), escaped(&error.to_string()));
        xml.push_str("    </testcase>\n");
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn push_report(xml: &mut String, plugin: &str, report: &Report) {
    open(xml, plugin, &report.name, &report.file, report.took);
    if let Some(first) = report.findings.first() {
        let lines = lines(report);
        let message = lines.first().map(|line| line.text.trim()).unwrap_or_default();
        let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        let _ = writeln!(
            xml,
            "      <failure type=\"{}\" message=\"{}\">{}</failure>",
            kind(first),
            escaped(message),
            escaped_text(&text.join("\n"))
        );
    }
    if !report.used.is_empty() {
        xml.push_str("      <system-out>");
        for (event, used) in &report.used {
            let _ = writeln!(xml, "event {event}: {}", escaped_text(&usage_line(report, used)));
        }
        xml.push_str("</system-out>\n");
    }
    xml.push_str("    </testcase>\n");
}

fn open(xml: &mut String, plugin: &str, name: &str, file: &Path, took: Duration) {
    let file = escaped(&file.display().to_string());
    let (name, seconds) = (escaped(name), seconds(took));
    let _ = writeln!(xml, "    <testcase classname=\"{plugin}\" name=\"{name}\" file=\"{file}\" time=\"{seconds}\">");
}

fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}

/// The stable name of what went wrong.
fn kind(finding: &Finding) -> &'static str {
    match finding {
        Finding::NotRun(_) => "not-run",
        Finding::NothingExpected => "nothing-expected",
        Finding::Count { .. } => "count",
        Finding::Differs { .. } => "differs",
        Finding::Unstable { .. } => "unstable",
        Finding::DependsOnBatch { .. } => "depends-on-batch",
        Finding::OverBudget { .. } => "over-budget",
    }
}

/// Text for an attribute, on one line.
fn escaped(text: &str) -> String {
    escaped_text(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Text that XML 1.0 can hold; what it has no form for, most control characters, is written as in Rust's strings.
fn escaped_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => escaped.extend(character.escape_unicode()),
            control if control.is_control() => escaped.extend(control.escape_default()),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_can_not_hold_is_escaped() {
        assert_eq!(
            escaped("<a b=\"c\">&\u{0}\u{1b}[31m\r\n\t\u{85}\u{ffff}é😀"),
            "&lt;a b=&quot;c&quot;&gt;&amp;\\u{0}\\u{1b}[31m\\r&#10;&#9;\\u{85}\\u{ffff}é😀"
        );
    }
}
