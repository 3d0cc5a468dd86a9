//! What running a case came to.

use std::path::PathBuf;
use std::time::Duration;

use super::budget::{Budget, Measure, Used};
use super::diff::Difference;

/// What running a case came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// The case's file.
    pub file: PathBuf,
    /// What the case is called.
    pub name: String,
    /// What is not as it should be; nothing, if the case passed.
    pub findings: Vec<Finding>,
    /// What came: one outcome for each event, as JSON text. None, if the case could not be run.
    pub outcomes: Vec<String>,
    /// What each event used that is one, in the order of the events.
    pub used: Vec<(usize, Used)>,
    /// What each may use.
    pub budget: Budget,
    /// How long all of it took.
    pub took: Duration,
}

/// Something that is not as it should be. Events are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The case could not be run.
    NotRun(String),
    /// The case does not say what it expects.
    NothingExpected,
    /// It says so for another number of events.
    Count {
        /// How many outcomes it expects.
        expected: usize,
        /// How many events it has.
        events: usize,
    },
    /// An outcome is another one.
    Differs {
        /// The event.
        event: usize,
        /// Its type.
        event_type: String,
        /// What that means, in words.
        words: Vec<String>,
        /// Where it differs.
        differences: Vec<Difference>,
    },
    /// The same batch gave another outcome when it was run again.
    Unstable {
        /// The event.
        event: usize,
        /// Where the second outcome differs from the first.
        differences: Vec<Difference>,
    },
    /// The event has another outcome when it is run alone.
    DependsOnBatch {
        /// The event.
        event: usize,
        /// Where the outcome differs from that in the batch.
        differences: Vec<Difference>,
    },
    /// An event used more than it may.
    OverBudget {
        /// The event.
        event: usize,
        /// What of.
        measure: Measure,
    },
}

impl Report {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether what came can be written down as what is expected: it came each time.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        let is_about_that = |finding: &Finding| {
            matches!(finding, Finding::NotRun(_) | Finding::Unstable { .. } | Finding::DependsOnBatch { .. })
        };
        !self.findings.iter().any(is_about_that)
    }

    /// Forgets what was expected, since that is now what came.
    pub fn accept(&mut self) {
        let is_other = |finding: &Finding| {
            !matches!(finding, Finding::NothingExpected | Finding::Count { .. } | Finding::Differs { .. })
        };
        self.findings.retain(is_other);
    }
}
