//! Runs checks, and keeps what they have in common: the plugin, its settings, and what was seen.

use std::time::{Duration, Instant};

use super::checks::Check;
use super::corpus::Sample;
use super::report::{Checked, Counts, Failure, Report, Slowest, Told, Verdict};
use super::settings;
use super::subject::{Given, Subject, SubjectError};
use crate::event::Event;
use crate::sandbox::{Fault, FaultKind, Outcome, Ran};

/// What a suite may take. A check that would begin later fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many calls that were too slow are made once more, in all: the machine may have been busy with
/// something else.
const SECOND_CHANCES: u32 = 10;

/// A run of the suite.
pub(super) struct Suite<'a> {
    pub(super) subject: &'a Subject,
    base: Result<Given, String>,
    start: Instant,
    check: &'static str,
    chances: u32,
    /// How often a selector was asked.
    pub(super) asked: u64,
    outcomes: Counts,
    slowest: Option<Slowest>,
    memory: usize,
    /// The first fault of going beyond a limit, and in which check.
    pub(super) beyond: Option<(&'static str, Fault)>,
}

impl<'a> Suite<'a> {
    pub(super) fn new(subject: &'a Subject, settings: Option<&str>) -> Result<Self, SubjectError> {
        let base = match settings {
            Some(text) => Ok(subject.given(text).map_err(SubjectError::Settings)?),
            None => subject.given("{}").or_else(|error| {
                let made = settings::least(&subject.description().settings_schema);
                subject.given(&made).map_err(|_| error.to_string())
            }),
        };
        Ok(Self {
            subject,
            base,
            start: Instant::now(),
            check: "",
            chances: SECOND_CHANCES,
            asked: 0,
            outcomes: Counts::default(),
            slowest: None,
            memory: 0,
            beyond: None,
        })
    }

    pub(super) fn verdict(&mut self, check: &Check) -> Verdict {
        if self.start.elapsed() > PATIENCE {
            return Verdict::fail(format!("not run: those before it took {} s", self.start.elapsed().as_secs()));
        }
        self.check = check.name;
        match std::mem::replace(&mut self.base, Err(String::new())) {
            Ok(base) => {
                let verdict = (check.run)(self, &base);
                self.base = Ok(base);
                verdict
            }
            Err(problem) => {
                let verdict = match check.without_settings {
                    Some(run) => run(self),
                    None => Verdict::not_applicable(format!("needs settings to run with (--settings): {problem}")),
                };
                self.base = Err(problem);
                verdict
            }
        }
    }

    pub(super) fn report(self, checks: Vec<Checked>) -> Report {
        let count = |is: fn(&Verdict) -> bool| checks.iter().filter(|checked| is(&checked.verdict)).count();
        Report {
            kind: self.subject.kind(),
            name: self.subject.description().name.clone(),
            version: self.subject.description().version.clone(),
            settings: self.base.ok().map(|given| given.text),
            passed: count(|verdict| matches!(verdict, Verdict::Pass { .. })),
            failed: count(|verdict| matches!(verdict, Verdict::Fail(_))),
            not_applicable: count(|verdict| matches!(verdict, Verdict::NotApplicable { .. })),
            checks,
            outcomes: self.outcomes,
            slowest: self.slowest,
            memory_bytes: self.memory,
            memory_limit: self.subject.budget().1,
        }
    }

    /// Runs one batch, and notes what is to be seen of it.
    pub(super) fn run(&mut self, given: &Given, batch: &[(&Sample, Event<'_>)]) -> Ran {
        let events: Vec<Event<'_>> = batch.iter().map(|(_, event)| event.clone()).collect();
        let (ran, took) = loop {
            let start = Instant::now();
            let ran = self.subject.run(given, &events);
            let is_late = ran.whole.as_ref().is_some_and(is_late) || ran.outcomes.iter().any(is_lost_late);
            if !(is_late && self.has_chance()) {
                break (ran, start.elapsed());
            }
        };
        if ran.whole.is_none() {
            // Otherwise there were several calls.
            let call = match batch {
                [(sample, _)] => sample.name.clone(),
                _ => format!("{}, {} events", self.check, batch.len()),
            };
            self.note_time(call, if self.subject.as_mapping().is_some() { took } else { ran.usage.selector.time });
        }
        self.memory = self.memory.max(match self.subject.as_mapping() {
            Some(_) => ran.usage.memory,
            None => ran.usage.selector.memory,
        });
        self.asked += ran.usage.selector.calls;
        for outcome in &ran.outcomes {
            self.outcomes.add(outcome);
            if let Outcome::Fault(fault) = outcome {
                self.note_fault(fault);
            }
        }
        if let Some(fault) = &ran.whole {
            self.note_fault(fault);
        }
        ran
    }

    /// Whether a call that was too slow may be made once more.
    pub(super) fn has_chance(&mut self) -> bool {
        let has_chance = self.chances > 0;
        self.chances = self.chances.saturating_sub(1);
        has_chance
    }

    fn note_time(&mut self, call: String, took: Duration) {
        if self.slowest.as_ref().is_none_or(|slowest| slowest.took < took) {
            let (deadline_ms, _) = self.subject.budget();
            let percent = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).saturating_mul(100) / deadline_ms.max(1);
            self.slowest = Some(Slowest { call, took, percent, deadline_ms });
        }
    }

    fn note_fault(&mut self, fault: &Fault) {
        let is_beyond =
            matches!(fault.kind, FaultKind::Deadline | FaultKind::Memory | FaultKind::Stack | FaultKind::Output);
        if is_beyond && self.beyond.is_none() {
            self.beyond = Some((self.check, fault.clone()));
        }
    }

    /// Runs these in batches as live, and passes if there is no fault.
    pub(super) fn sound(&mut self, given: &Given, samples: &[Sample]) -> Verdict {
        match self.first_failure(given, samples) {
            Some(failure) => Verdict::Fail(Box::new(failure)),
            None => Verdict::pass(),
        }
    }

    /// Runs these in batches as live, up to the first fault.
    pub(super) fn first_failure(&mut self, given: &Given, samples: &[Sample]) -> Option<Failure> {
        let (most, bytes) = (self.subject.limits().batch_events, self.subject.limits().batch_bytes);
        let mut rest = samples;
        while !rest.is_empty() {
            let mut size = 0;
            let fits = rest.iter().take(most).take_while(|sample| {
                size += sample.text.len();
                size <= bytes
            });
            let (batch, left) = rest.split_at_checked(fits.count().max(1))?;
            rest = left;
            let batch = read(batch);
            let ran = self.run(given, &batch);
            if let Some(failure) = failure_of(given, &batch, &ran) {
                return Some(failure);
            }
        }
        None
    }
}

/// Whether it is a fault of time.
pub(super) fn is_late(fault: &Fault) -> bool {
    fault.kind == FaultKind::Deadline
}

/// Whether an event was lost by such a fault.
pub(super) fn is_lost_late(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Fault(fault) if is_late(fault))
}

/// The events of samples.
pub(super) fn read(samples: &[Sample]) -> Vec<(&Sample, Event<'_>)> {
    samples.iter().filter_map(|sample| Some((sample, event(sample)?))).collect()
}

fn event(sample: &Sample) -> Option<Event<'_>> {
    let mut event = Event::read(sample.text.as_bytes()).ok()?;
    // As the service does for an event that has none.
    event.id.get_or_insert("given-by-the-host".into());
    Some(event)
}

/// What a batch failed on, if it did.
pub(super) fn failure_of(given: &Given, batch: &[(&Sample, Event<'_>)], ran: &Ran) -> Option<Failure> {
    let run = format!("in a batch of {}", batch.len());
    for ((sample, _), outcome) in batch.iter().zip(&ran.outcomes) {
        if let Outcome::Fault(fault) = outcome {
            let told = vec![Told::new(&run, outcome)];
            return Some(failure(given, sample, &fault.to_string(), told));
        }
    }
    let fault = ran.whole.as_ref()?;
    Some(Failure {
        problem: format!("{run} it fails, on each event alone it does not: {fault}"),
        settings: Some(given.text.clone()),
        ..Failure::default()
    })
}

pub(super) fn failure(given: &Given, sample: &Sample, problem: &str, outcomes: Vec<Told>) -> Failure {
    Failure {
        problem: problem.to_owned(),
        sample: Some(sample.name.clone()),
        event: Some(sample.text.clone()),
        settings: Some(given.text.clone()),
        outcomes,
    }
}
