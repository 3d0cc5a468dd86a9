//! Checks that it means nothing how events are cut into batches.

use fastrand::Rng;

use crate::conformance::corpus::{self, Sample};
use crate::conformance::report::{Told, Verdict};
use crate::conformance::subject::Given;
use crate::conformance::suite::{Suite, failure, read};
use crate::event::Event;
use crate::sandbox::Outcome;

/// Events that are run again and again.
const EVENTS: usize = 120;

/// How often they are cut, and how often they are shuffled.
const ROUNDS: usize = 3;

type Batch<'a> = Vec<(&'a Sample, Event<'a>)>;

/// The outcomes that all others must equal; a verdict when there is nothing to compare.
fn expected(suite: &mut Suite<'_>, given: &Given, batch: &Batch<'_>) -> Result<Vec<Outcome>, Verdict> {
    let outcomes = suite.run(given, batch).outcomes;
    if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Fault(_))) {
        return Err(Verdict::not_applicable("it fails on these events already: see usual-events"));
    }
    Ok(outcomes)
}

/// Runs a batch, and fails on the first event that ends otherwise than expected.
fn compared<'b>(
    suite: &mut Suite<'_>,
    given: &Given,
    how: &str,
    batch: &[(&Sample, Event<'_>)],
    expected: impl Iterator<Item = &'b Outcome>,
) -> Result<(), Verdict> {
    let outcomes = suite.run(given, batch).outcomes;
    for (((sample, _), outcome), expected) in batch.iter().zip(&outcomes).zip(expected) {
        if outcome != expected {
            let told = vec![Told::new(format!("first, in a batch of {EVENTS}"), expected), Told::new(how, outcome)];
            let problem = "the same event has two outcomes";
            return Err(Verdict::Fail(Box::new(failure(given, sample, problem, told))));
        }
    }
    Ok(())
}

fn verdict(result: Result<(), Verdict>) -> Verdict {
    result.err().unwrap_or_else(Verdict::pass)
}

pub(super) fn repeated(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let samples = corpus::usual(EVENTS);
    let batch = read(&samples);
    let again = |suite: &mut Suite<'_>| {
        let expected = expected(suite, given, &batch)?;
        (0..ROUNDS).try_for_each(|_| compared(suite, given, "the same batch again", &batch, expected.iter()))
    };
    verdict(again(suite))
}

pub(super) fn no_state(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let (samples, others) = (corpus::usual(EVENTS), corpus::types());
    let (batch, others) = (read(&samples), read(&others));
    let between = |suite: &mut Suite<'_>| {
        let expected = expected(suite, given, &batch)?;
        let _ = suite.run(given, &others);
        compared(suite, given, "the same batch, after another one", &batch, expected.iter())
    };
    verdict(between(suite))
}

pub(super) fn cutting(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let samples = corpus::usual(EVENTS);
    let batch = read(&samples);
    verdict(cut(suite, given, &batch))
}

fn cut(suite: &mut Suite<'_>, given: &Given, batch: &Batch<'_>) -> Result<(), Verdict> {
    let expected = expected(suite, given, batch)?;
    for (one, outcome) in batch.iter().zip(&expected) {
        compared(suite, given, "alone", std::slice::from_ref(one), std::iter::once(outcome))?;
    }
    let mut chance = Rng::with_seed(2);
    for _ in 0..ROUNDS {
        let (mut rest, mut outcomes) = (batch.as_slice(), expected.iter());
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(chance.usize(1..=20).min(rest.len()));
            rest = left;
            let how = format!("in a batch of {}", piece.len());
            compared(suite, given, &how, piece, outcomes.by_ref().take(piece.len()))?;
        }
    }
    let mut pairs: Vec<_> = batch.iter().cloned().zip(&expected).collect();
    for _ in 0..ROUNDS {
        chance.shuffle(&mut pairs);
        let shuffled: Batch<'_> = pairs.iter().map(|(one, _)| one.clone()).collect();
        let outcomes = pairs.iter().map(|(_, outcome)| *outcome);
        compared(suite, given, "in the same batch in another order", &shuffled, outcomes)?;
    }
    Ok(())
}

pub(super) fn empty(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    match suite.run(given, &[]).whole {
        None => Verdict::pass(),
        Some(fault) => Verdict::fail(fault.to_string()),
    }
}

pub(super) fn full(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let samples = corpus::full_batch(suite.subject.limits());
    suite.sound(given, &samples)
}
