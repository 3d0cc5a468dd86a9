//! The suite that any plugin must pass: what it finds, and that what is good passes.

mod command;
mod golden;
mod mappings;
mod selectors;
mod wit;

use accoil_stream::conformance::{self, Report, Subject, Verdict};
use accoil_stream::limits::Limits;
use accoil_stream::sandbox::Mapping;

use crate::sandbox::guest::assemble;

const SELECTOR: &str = include_str!("guests/selector.wat");

/// The usual limits, but for a deadline that is kept on a busy machine as well.
fn patient() -> Limits {
    Limits { deadline_ms: 3000, ..Limits::default() }
}

/// A selector around `$on_event`.
fn selector(on_event: &str) -> Vec<u8> {
    let usual = [
        ("{describe}", include_str!("../sandbox/guests/usual/describe.wat")),
        ("{alloc}", include_str!("../sandbox/guests/usual/alloc.wat")),
        ("{realloc}", include_str!("../sandbox/guests/usual/realloc.wat")),
    ];
    let text = usual.iter().fold(SELECTOR.to_owned(), |text, (place, usual)| text.replace(place, usual));
    assemble(&text.replace("{guest}", on_event))
}

fn report(subject: &Subject) -> Report {
    let mut seen = 0;
    let report = conformance::run(subject, None, &mut |progress| {
        assert_eq!(progress.done, seen);
        seen += 1;
    });
    report.unwrap()
}

fn report_of(mapping: Mapping) -> Report {
    report(&Subject::mapping(mapping))
}

/// The names of the checks that fail.
fn failed(report: &Report) -> Vec<&'static str> {
    let failed = report.checks.iter().filter(|checked| matches!(checked.verdict, Verdict::Fail(_)));
    failed.map(|checked| checked.name).collect()
}

/// The names of the checks that say nothing.
fn not_applicable(report: &Report) -> Vec<&'static str> {
    let none = report.checks.iter().filter(|checked| matches!(checked.verdict, Verdict::NotApplicable { .. }));
    none.map(|checked| checked.name).collect()
}

/// How a check fails.
#[track_caller]
fn failure<'a>(report: &'a Report, name: &str) -> &'a conformance::Failure {
    match &report.checks.iter().find(|checked| checked.name == name).unwrap().verdict {
        Verdict::Fail(failure) => failure,
        other => panic!("{other:?}"),
    }
}

/// What a check tells besides that it passed.
#[track_caller]
fn note<'a>(report: &'a Report, name: &str) -> &'a str {
    match &report.checks.iter().find(|checked| checked.name == name).unwrap().verdict {
        Verdict::Pass { note } => note.as_deref().unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}
