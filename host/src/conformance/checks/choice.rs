//! Checks that a mapping gets along with any selector. A script stands in for one.

use crate::conformance::corpus::{self, Sample};
use crate::conformance::report::{Told, Verdict};
use crate::conformance::subject::Given;
use crate::conformance::suite::{Suite, failure, is_late, is_lost_late, read};
use crate::event::Event;
use crate::sandbox::{Answer, Mapping, Outcome, Script};

/// Usual events that a choice is made for, besides those with groups of every shape.
const EVENTS: usize = 60;

/// All that a selector can answer.
const ANSWERS: [(Answer, &str); 7] = [
    (Answer::None, "says that there is no account"),
    (Answer::Candidate(0), "chooses the first candidate"),
    (Answer::Candidate(1), "chooses the second candidate"),
    (Answer::Candidate(2), "chooses the third candidate"),
    (Answer::Candidate(usize::MAX), "chooses the last candidate"),
    (Answer::Custom, "chooses a group of its own"),
    (Answer::DefaultRule, "leaves the choice to the mapping"),
];

/// A mapping that fails already when it asks is told so once.
const ONLY_ASKED: (Answer, &str) = (Answer::DefaultRule, "is only asked");

type Batch<'a> = Vec<(&'a Sample, Event<'a>)>;

fn samples() -> Vec<Sample> {
    [corpus::groups(), corpus::usual(EVENTS)].concat()
}

/// The mapping, if it can ask, and what it makes of events without a selector.
fn asking<'a>(suite: &mut Suite<'a>, given: &Given, batch: &Batch<'_>) -> Result<(&'a Mapping, Vec<Outcome>), Verdict> {
    let mapping = suite.subject.as_mapping().ok_or_else(|| Verdict::not_applicable("a selector does not ask one"))?;
    if !mapping.inspection().asks_selector() {
        let why = "it does not import group-choice, so it can't be combined with a selector";
        return Err(Verdict::not_applicable(why));
    }
    let outcomes = suite.run(given, batch).outcomes;
    if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Fault(_))) {
        return Err(Verdict::not_applicable("it fails on these events without a selector as well: see groups"));
    }
    Ok((mapping, outcomes))
}

fn verdict(result: Result<Verdict, Verdict>) -> Verdict {
    result.unwrap_or_else(|verdict| verdict)
}

fn fails_asking() -> Verdict {
    Verdict::not_applicable("it fails when it asks: see choice-candidates")
}

/// The outcomes with a script, none of them a fault.
fn scripted(
    suite: &mut Suite<'_>,
    mapping: &Mapping,
    given: &Given,
    (answer, says): (Answer, &str),
    batch: &Batch<'_>,
) -> Result<(Vec<Outcome>, Script), Verdict> {
    let run = |events: &[Event<'_>]| mapping.run_scripted(given.mapping(), answer, events);
    let events: Vec<Event<'_>> = batch.iter().map(|(_, event)| event.clone()).collect();
    let how = format!("with a selector that {says}");
    let failed = |sample: &Sample, outcome: &Outcome| {
        let problem = format!("it fails {how}");
        Verdict::Fail(Box::new(failure(given, sample, &problem, vec![Told::new(&how, outcome)])))
    };
    let whole = loop {
        let ran = run(&events);
        let is_late = match &ran.0 {
            Ok(outcomes) => outcomes.iter().any(is_lost_late),
            Err(fault) => is_late(fault),
        };
        if !(is_late && suite.has_chance()) {
            break ran;
        }
    };
    let (outcomes, script) = match whole {
        (Ok(outcomes), script) => (outcomes, script),
        (Err(fault), _) => {
            for (sample, event) in batch {
                if let (Err(fault), _) = run(std::slice::from_ref(event)) {
                    return Err(failed(sample, &Outcome::Fault(fault)));
                }
            }
            return Err(Verdict::fail(format!("{how}, in a batch of {}: {fault}", batch.len())));
        }
    };
    for ((sample, _), outcome) in batch.iter().zip(&outcomes) {
        if matches!(outcome, Outcome::Fault(_)) {
            return Err(failed(sample, outcome));
        }
    }
    Ok((outcomes, script))
}

pub(super) fn candidates(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let samples = samples();
    let batch = read(&samples);
    let mut asked = || {
        let (mapping, _) = asking(suite, given, &batch)?;
        let (_, script) = scripted(suite, mapping, given, ONLY_ASKED, &batch)?;
        Ok(match script.problem {
            Some((event, problem)) => match batch.get(event) {
                Some((sample, _)) => Verdict::Fail(Box::new(failure(given, sample, &problem, Vec::new()))),
                None => Verdict::fail(problem),
            },
            None if script.asked == 0 => Verdict::not_applicable("it imports group-choice, and never asks"),
            None => Verdict::pass_with(format!("it asks {} times about {} events", script.asked, batch.len())),
        })
    };
    verdict(asked())
}

pub(super) fn default_rule(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let samples = samples();
    let batch = read(&samples);
    let mut compared = || {
        let (mapping, without) = asking(suite, given, &batch)?;
        let (with, _) = scripted(suite, mapping, given, ONLY_ASKED, &batch).map_err(|_| fails_asking())?;
        for (((sample, _), without), with) in batch.iter().zip(&without).zip(&with) {
            if without != with {
                let told = vec![
                    Told::new("without a selector", without),
                    Told::new("with one that leaves the choice to the mapping", with),
                ];
                return Err(Verdict::Fail(Box::new(failure(given, sample, "the outcomes differ", told))));
            }
        }
        Ok(Verdict::pass())
    };
    verdict(compared())
}

pub(super) fn answers(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let samples = samples();
    let batch = read(&samples);
    let mut answered = || {
        let (mapping, _) = asking(suite, given, &batch)?;
        scripted(suite, mapping, given, ONLY_ASKED, &batch).map_err(|_| fails_asking())?;
        let (mut named, mut kept) = (0, 0);
        for answer in ANSWERS {
            let (outcomes, script) = scripted(suite, mapping, given, answer, &batch)?;
            for (outcome, id) in outcomes.iter().zip(&script.chosen) {
                if let Some(id) = id {
                    named += 1;
                    kept += usize::from(is_account(outcome, id));
                }
            }
        }
        // A mapping may have reasons of its own, so this is only told.
        Ok(Verdict::pass_with(format!("of {named} groups that were chosen, {kept} are the account")))
    };
    verdict(answered())
}

fn is_account(outcome: &Outcome, id: &str) -> bool {
    let Outcome::Deliver(events) = outcome else { return false };
    events.iter().any(|event| event.group_traits.first().is_some_and(|group| group.group_id == id))
}
