//! `check --conformance`: runs the suite that any plugin must pass, and prints its report.

use std::fmt::Write as _;
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Exit, Failure, mapping, print, printable};
use crate::admission::AdmissionError;
use crate::config::AdmissionConfig;
use crate::conformance::{self, Checked, Failure as Failed, Progress, Report, Subject, Verdict};
use crate::limits::Limits;
use crate::sandbox::{DEFAULT_COMPONENT, Inspection, Metering, PluginKind, Sandbox};

/// How much of an event, of settings and of an outcome is shown.
const SHOWN_CHARS: usize = 500;

pub(super) fn run(component: &Path, settings: Option<&Path>, is_json: bool) -> Result<Exit, Failure> {
    let limits = Limits::default();
    let bytes = mapping::read_component(component, &limits)?;
    let text = settings.map(mapping::read_settings).transpose()?;
    let sandbox =
        Sandbox::new(&limits, Metering::Off).map_err(|error| Failure::new(Exit::Refused, error.code(), error))?;
    let subject = admitted(component, &limits, &sandbox, &bytes)?;
    let bar = bar();
    let report = conformance::run(&subject, text.as_deref(), &mut |Progress { check, done, of }| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
        bar.set_message(check);
    });
    bar.finish_and_clear();
    let report = report.map_err(|error| {
        let place = settings.unwrap_or(component).display();
        Failure::new(Exit::Refused, error.code(), format!("{place}: {error}"))
    })?;
    let printed = if is_json { as_json(&report) } else { printable(&as_text(&report)) };
    print(printed.as_bytes())?;
    Ok(if report.conforms() { Exit::Success } else { Exit::Incomplete })
}

fn admitted(component: &Path, limits: &Limits, sandbox: &Sandbox, bytes: &[u8]) -> Result<Subject, Failure> {
    let refused = |code: &'static str, problem: &dyn std::fmt::Display| {
        Failure::new(Exit::Refused, code, format!("{}: {problem}", component.display()))
    };
    let admission = mapping::admission(&AdmissionConfig::default());
    let kind = Inspection::of(bytes, limits).map_err(|refusal| refused(refusal.code(), &refusal))?.kind();
    let of_admission = |error: AdmissionError| refused(error.code(), &error);
    if kind != Some(PluginKind::GroupSelector) {
        return admission.admit(sandbox, bytes).map(Subject::mapping).map_err(of_admission);
    }
    let selector = admission.admit_selector(sandbox, bytes).map_err(of_admission)?;
    let default = admission.admit(sandbox, DEFAULT_COMPONENT).map_err(of_admission)?;
    Subject::selector(selector, default).map_err(|error| refused(error.code(), &error))
}

/// Shown where a person looks, and hidden elsewhere.
fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
    // The template is sound.
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} checks, {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn as_json(report: &Report) -> String {
    // A report holds nothing that can't be JSON.
    serde_json::to_string(report).unwrap_or_default() + "\n"
}

fn as_text(report: &Report) -> String {
    let mut text = String::new();
    // Writing into a string can't fail.
    let _ = writeln!(text, "name         {} {}", report.name, report.version);
    let _ = writeln!(text, "kind         {}", report.kind.name());
    let _ = writeln!(text, "settings     {}\n", shown(report.settings.as_deref().unwrap_or("none that fit are known")));
    report.checks.iter().for_each(|checked| push_check(&mut text, checked));
    let counts = report.outcomes;
    let rejected = (counts.reject * 100).checked_div(counts.events()).unwrap_or_default();
    let _ = writeln!(
        text,
        "\noutcomes     {} deliver, {} skip, {} reject ({rejected} %), {} fault",
        counts.deliver, counts.skip, counts.reject, counts.fault
    );
    if let Some(slowest) = &report.slowest {
        let millis = slowest.took.as_secs_f64() * 1000.0;
        let _ = writeln!(text, "slowest      {millis:.1} ms, {} % of the deadline: {}", slowest.percent, slowest.call);
    }
    let (used, limit) = (report.memory_bytes / 1024, report.memory_limit / 1024);
    let _ = writeln!(text, "memory       {used} of {limit} KiB");
    let _ = writeln!(
        text,
        "checks       {}: {} pass, {} fail, {} not applicable",
        report.checks.len(),
        report.passed,
        report.failed,
        report.not_applicable
    );
    let _ = writeln!(text, "verdict      {}", if report.conforms() { "conforms" } else { "does not conform" });
    text
}

fn push_check(text: &mut String, Checked { name, means, verdict }: &Checked) {
    let (word, more) = match verdict {
        Verdict::Pass { note } => ("pass", note.clone().unwrap_or_default()),
        Verdict::Fail(_) => ("FAIL", String::new()),
        Verdict::NotApplicable { why } => ("n/a ", why.clone()),
    };
    let _ = writeln!(text, "{word} {name:<23} {means}{}", if more.is_empty() { more } else { format!(" ({more})") });
    if let Verdict::Fail(failed) = verdict {
        push_failure(text, failed);
    }
}

fn push_failure(text: &mut String, failed: &Failed) {
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "       {name}: {}", shown(value));
    };
    line("problem", &failed.problem);
    for (name, value) in [("about", &failed.sample), ("event", &failed.event), ("settings", &failed.settings)] {
        if let Some(value) = value {
            line(name, value);
        }
    }
    for told in &failed.outcomes {
        line(&told.run, &told.outcome);
    }
}

/// In one line, and not too long.
fn shown(text: &str) -> String {
    let line = text.replace('\n', "\\n");
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}… ({} bytes)", line.get(..end).unwrap_or_default(), text.len()),
        None => line,
    }
}
