//! Running a case: in batches as live, again, event by event, and with instructions counted.

use std::borrow::Cow;
use std::time::Instant;

use super::budget::{Budget, Used};
use super::case::Case;
use super::diff;
use super::report::{Finding, Report};
use super::words::words;
use crate::authoring::player::{Played, Player};
use crate::authoring::subject::{Subject, SubjectError};
use crate::event::{Event, Invalid};
use crate::limits::Limits;
use crate::pipeline::Mapped;
use crate::sandbox::{FaultKind, Outcome, PluginKind};

/// Runs a case. An event may take so many instructions.
#[must_use]
pub fn run(subject: &Subject, case: &Case, fuel_per_event: u64) -> Report {
    let start = Instant::now();
    let mut report = Report {
        file: case.file.clone(),
        name: case.name.clone(),
        findings: Vec::new(),
        outcomes: Vec::new(),
        used: Vec::new(),
        budget: Budget::of(&subject.plain, fuel_per_event),
        took: start.elapsed(),
    };
    if let Err(problem) = play(subject, case, &mut report) {
        report.findings.push(Finding::NotRun(problem));
    }
    report.took = start.elapsed();
    report
}

fn play(subject: &Subject, case: &Case, report: &mut Report) -> Result<(), String> {
    if subject.kind() == PluginKind::Mapping && case.mapping_settings.is_some() {
        return Err("`mapping_settings` are those of the mapping beside a selector; this is a mapping".to_owned());
    }
    let mapping_settings = case.mapping_settings.as_deref().unwrap_or("{}");
    let player = |ready| {
        let player = Player::new(ready, &case.settings, mapping_settings);
        player.map_err(|error: SubjectError| format!("[{}] {error}", error.code()))
    };
    let (plain, metered) = (player(&subject.plain)?, player(&subject.metered)?);
    let texts = Texts::read(case);
    let outcomes = plain.in_batches(&texts);
    again(&plain, &texts, &outcomes, report);
    event_by_event(&plain, &metered, &texts, &outcomes, report);
    let mut outcomes = outcomes.into_iter();
    for (index, invalid) in texts.invalid.iter().enumerate() {
        let mapped = match invalid {
            Some(error) => Some(Mapped::invalid(error)),
            None => outcomes.next().map(Mapped::Outcome),
        };
        let mut text = String::new();
        mapped.ok_or_else(|| format!("event {index} has no outcome"))?.push_json(&mut text);
        report.outcomes.push(text);
    }
    expect(case, &texts, report);
    Ok(())
}

/// The events of a case.
struct Texts<'a> {
    /// Those that are some, each with its place among all.
    events: Vec<(usize, Event<'a>)>,
    /// For each of all: why it is none.
    invalid: Vec<Option<Invalid>>,
}

impl<'a> Texts<'a> {
    fn read(case: &'a Case) -> Self {
        let mut texts = Self { events: Vec::new(), invalid: Vec::new() };
        for (index, text) in case.events.iter().enumerate() {
            texts.invalid.push(match Event::read(text.as_bytes()) {
                Ok(mut event) => {
                    event.id.get_or_insert_with(|| Cow::Owned(format!("events[{index}]")));
                    texts.events.push((index, event));
                    None
                }
                Err(error) => Some(error),
            });
        }
        texts
    }

    fn event(&self, index: usize) -> Option<&Event<'a>> {
        self.events.iter().find(|(place, _)| *place == index).map(|(_, event)| event)
    }
}

impl Player<'_> {
    /// What becomes of the events, in batches as live.
    fn in_batches(&self, texts: &Texts<'_>) -> Vec<Outcome> {
        let events: Vec<Event<'_>> = texts.events.iter().map(|(_, event)| event.clone()).collect();
        let batches = batches(&events, self.mapping.limits());
        batches.into_iter().flat_map(|batch| self.play(batch).ran.outcomes).collect()
    }
}

/// Events as large as a mapping gets them at once.
fn batches<'a, 'e>(events: &'a [Event<'e>], limits: &Limits) -> Vec<&'a [Event<'e>]> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, event) in events.iter().enumerate() {
        let size = size(event);
        if index > start && (index - start >= limits.batch_events || bytes + size > limits.batch_bytes) {
            batches.extend(events.get(start..index));
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    batches.extend(events.get(start..).filter(|rest| !rest.is_empty()));
    batches
}

fn size(event: &Event<'_>) -> usize {
    let bags = [&event.event_properties, &event.user_properties, &event.groups, &event.group_properties];
    bags.into_iter().map(|bag| bag.len()).sum::<usize>() + event.attributes.len()
}

/// Looks whether the same comes in fresh instances.
fn again(plain: &Player<'_>, texts: &Texts<'_>, first: &[Outcome], report: &mut Report) {
    let second = plain.in_batches(texts);
    for (((event, _), first), second) in texts.events.iter().zip(first).zip(&second) {
        if let Some(differences) = unlike(first, second) {
            report.findings.push(Finding::Unstable { event: *event, differences });
        }
    }
}

/// Looks what each event uses, and whether its outcome is the same without the others.
fn event_by_event(
    plain: &Player<'_>,
    metered: &Player<'_>,
    texts: &Texts<'_>,
    in_batch: &[Outcome],
    report: &mut Report,
) {
    for ((event, alone), in_batch) in texts.events.iter().zip(in_batch) {
        let Played { ran, took } = plain.play(std::slice::from_ref(alone));
        let mut used = Used::of(plain, &ran.usage, took);
        used.metered(&metered.play(std::slice::from_ref(alone)).ran.usage);
        used.output = ran.outcomes.iter().map(Outcome::size).sum();
        report.used.push((*event, used));
        if let Some(differences) = ran.outcomes.first().and_then(|outcome| unlike(in_batch, outcome)) {
            report.findings.push(Finding::DependsOnBatch { event: *event, differences });
        }
        let over = report.budget.measures(&used).into_iter().filter(|measure| measure.is_over());
        report.findings.extend(over.map(|measure| Finding::OverBudget { event: *event, measure }));
    }
}

/// Where two outcomes differ that should be the same. What the clock decides proves nothing.
fn unlike(first: &Outcome, second: &Outcome) -> Option<Vec<super::Difference>> {
    let is_by_clock = |outcome: &Outcome| matches!(outcome, Outcome::Fault(fault) if matches!(fault.kind, FaultKind::Deadline | FaultKind::CutShort));
    if first == second || is_by_clock(first) || is_by_clock(second) {
        return None;
    }
    let text = |outcome: &Outcome| {
        let mut text = String::new();
        outcome.push_json(&mut text);
        text
    };
    Some(diff::differences(&text(first), &text(second)))
}

/// Holds what came against what is expected.
fn expect(case: &Case, texts: &Texts<'_>, report: &mut Report) {
    let Some(expected) = &case.expected else {
        report.findings.push(Finding::NothingExpected);
        return;
    };
    let (count, events) = (expected.len(), report.outcomes.len());
    if count != events {
        report.findings.push(Finding::Count { expected: count, events });
    }
    for (index, (expected, came)) in expected.iter().zip(&report.outcomes).enumerate() {
        let differences = diff::differences(expected, came);
        if differences.is_empty() {
            continue;
        }
        let event = texts.event(index);
        report.findings.push(Finding::Differs {
            event: index,
            event_type: event.map(|event| event.event_type.clone().into_owned()).unwrap_or_default(),
            words: words(expected, came, event.map_or("null", |event| &event.groups)),
            differences,
        });
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
