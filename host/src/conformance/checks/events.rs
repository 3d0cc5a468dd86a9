//! Checks that events of some sort are mapped without a fault.

use crate::conformance::corpus::{self, Sample};
use crate::conformance::report::Verdict;
use crate::conformance::subject::Given;
use crate::conformance::suite::Suite;

/// More than a batch.
const USUAL: usize = 400;

pub(super) fn usual(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    suite.sound(given, &corpus::usual(USUAL))
}

pub(super) fn absent(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    suite.sound(given, &corpus::absent())
}

pub(super) fn largest(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let samples = corpus::largest(suite.subject.limits());
    suite.sound(given, &samples)
}

pub(super) fn deep(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    suite.sound(given, &corpus::deep())
}

pub(super) fn unicode(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    suite.sound(given, &corpus::unicode())
}

pub(super) fn numbers(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    suite.sound(given, &corpus::numbers())
}

pub(super) fn duplicates(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    suite.sound(given, &corpus::duplicates())
}

pub(super) fn types(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    suite.sound(given, &corpus::types())
}

pub(super) fn groups(suite: &mut Suite<'_>, given: &Given) -> Verdict {
    let before = suite.asked;
    let samples: Vec<Sample> = corpus::groups();
    let verdict = suite.sound(given, &samples);
    match verdict {
        Verdict::Pass { .. } if suite.subject.as_mapping().is_none() => {
            Verdict::pass_with(format!("it was asked about {} of {} events", suite.asked - before, samples.len()))
        }
        verdict => verdict,
    }
}
