//! The whole story of one event.
//!
//! What the mapping made of it is not stored: a mapping is a pure function, so it is run again under
//! the version that ran.

use serde_json::value::RawValue;

use super::rollout::Ledger;
use super::{Running, Service, ServiceError};
use crate::accoil::{Call, write_request_line};
use crate::outbound::{Destination, render};
use crate::queue::{Ending, Story};
use crate::sandbox::{Choice, Outcome};
use crate::tenant::canonical;
use crate::versions::{Candidate, Pin};

/// What is known about an event.
#[derive(Debug)]
pub struct Explanation {
    /// Whose it is.
    pub tenant: String,
    /// What the store knows.
    pub story: Story,
    /// The version that mapped it, or would now; 0 when there was none yet.
    pub version: u32,
    /// The version that was live for its place in the order. Another one mapped it when its user is
    /// of a canary, or when this one failed on it.
    pub in_force: Option<u32>,
    /// What that version consists of.
    pub pin: Option<Pin>,
    /// Among which groups the account was chosen, and how, if the mapping asked.
    pub choice: Option<Choice>,
    /// The account that was chosen.
    pub chosen: Option<String>,
    /// What the mapping said, if it is not for Accoil.
    pub not_delivered: Option<String>,
    /// The calls.
    pub calls: Vec<ExplainedCall>,
}

/// A call and how it ended.
#[derive(Debug)]
pub struct ExplainedCall {
    /// The request line.
    pub request: String,
    /// The status it was answered with, or why it was not sent; nothing when it is still to be sent.
    pub answer: Option<String>,
}

/// What a mapping makes of an event when it is run again.
pub(super) struct Again {
    pub(super) outcome: Outcome,
    pub(super) choice: Option<Choice>,
    pub(super) calls: Vec<Call>,
}

impl Service {
    /// Tells the story of an event, of one tenant or of whichever has it.
    ///
    /// # Errors
    /// When there is no such tenant or event, or the store can't be read.
    pub async fn explain(&self, id: &str, tenant: Option<&str>) -> Result<Explanation, ServiceError> {
        let (tenant, running, story) = self.find(id, tenant).await?;
        let ledger = self.ledger(running.handle.id()).await?;
        let version = ledger.version_that_maps(&story).unwrap_or_default();
        let mut explanation = Explanation {
            tenant: tenant.clone(),
            version,
            in_force: ledger.at(story.event.seq).map(|activation| activation.version),
            pin: ledger.pin(version),
            choice: None,
            chosen: None,
            not_delivered: None,
            calls: Vec::new(),
            story,
        };
        // A version that can't run any more leaves the story without what it said.
        let Ok(candidate) = self.version(&tenant, &running, &ledger, version).await else { return Ok(explanation) };
        let Ok(again) = self.run_again(&tenant, &explanation.story, candidate).await else { return Ok(explanation) };
        explanation.chosen = match &again.outcome {
            Outcome::Deliver(events) => {
                events.iter().find_map(|event| event.group_traits.first()).map(|group| group.group_id.clone())
            }
            _ => None,
        };
        explanation.choice = again.choice;
        explanation.not_delivered = not_delivered(&again.outcome);
        explanation.calls = explained(&again.calls, &explanation.story);
        Ok(explanation)
    }

    /// The newest event of an id, of one tenant or of whichever has it.
    pub(super) async fn find(&self, id: &str, tenant: Option<&str>) -> Result<(String, Running, Story), ServiceError> {
        let tenants: Vec<(String, Running)> = match tenant {
            Some(name) => vec![(name.to_owned(), self.tenant(name)?)],
            None => self.tenants().into_iter().collect(),
        };
        for (name, running) in tenants {
            if let Some(story) = self.queue().find(running.handle.id(), id).await? {
                return Ok((name, running, story));
            }
        }
        let tenant = tenant.map_or_else(|| "any tenant".to_owned(), str::to_owned);
        Err(ServiceError::UnknownEvent { id: id.to_owned(), tenant })
    }

    /// Runs a mapping on an event, with the calls that it makes in the tenant's dialect.
    pub(super) async fn run_again(
        &self,
        tenant: &str,
        story: &Story,
        candidate: Candidate,
    ) -> Result<Again, ServiceError> {
        let config = self.config();
        let configured = config.tenants.iter().find(|other| other.name == tenant);
        let configured = configured.ok_or_else(|| ServiceError::UnknownTenant { name: tenant.to_owned() })?;
        let destination = Destination::new(&configured.accoil)
            .map_err(|error| ServiceError::Destination { tenant: tenant.to_owned(), error })?;
        let stored = story.event.clone();
        let ran = self.setup.pool.run(move || {
            let event = canonical(&stored).map_err(|(_, problem)| problem)?;
            let (outcome, choice) = candidate.run_watched(&event);
            let mut calls = Vec::new();
            if let Outcome::Deliver(events) = &outcome {
                events.iter().for_each(|event| render(event, &destination.dialect, &mut calls));
            }
            Ok(Again { outcome, choice, calls })
        });
        match ran.await {
            Some(Ok(again)) => Ok(again),
            Some(Err(problem)) => Err(ServiceError::State { tenant: tenant.to_owned(), problem }),
            None => Err(ServiceError::Task("mapping failed inside the host".to_owned())),
        }
    }
}

/// What a mapping said about an event that is not for Accoil.
pub(super) fn not_delivered(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Deliver(_) => None,
        Outcome::Skip(reason) => Some(format!("skipped: {reason}")),
        Outcome::Reject(reason) => Some(format!("rejected: {reason}")),
        Outcome::Fault(fault) => Some(format!("fault: {fault}")),
    }
}

impl Ledger {
    /// The version that mapped an event; or that would, if it was taken now.
    pub(super) fn version_that_maps(&self, story: &Story) -> Option<u32> {
        let event = canonical(&story.event).ok();
        ran(story).or_else(|| self.version_of(story.event.seq, event.as_ref()))
    }
}

/// The version that ran.
fn ran(story: &Story) -> Option<u32> {
    let settled = story.settled.as_ref().map(|settled| settled.version);
    let tried = story.event.attempt.as_ref().map(|attempt| attempt.version);
    let dead = story.dead.as_ref().map(|dead| dead.attempt.version);
    dead.or(settled).or(tried).filter(|version| *version > 0)
}

/// The calls, each with how it ended as far as that is known.
fn explained(calls: &[Call], story: &Story) -> Vec<ExplainedCall> {
    let answers = answers(story);
    let attempt = story.dead.as_ref().map(|dead| &dead.attempt).or(story.event.attempt.as_ref());
    let line = |call: &Call| {
        let mut line = String::new();
        write_request_line(call, &mut line);
        line
    };
    let explain = |(index, call): (usize, &Call)| {
        let request = line(call);
        let was_delivered = attempt.is_some_and(|attempt| attempt.delivered.lines().any(|sent| sent == request));
        let is_tried = attempt.is_some_and(|attempt| attempt.calls.lines().next() == Some(request.as_str()));
        let answer = match (answers.get(index), attempt) {
            (Some(answer), _) => Some(answer.clone()),
            (None, Some(_)) if was_delivered => Some("delivered".to_owned()),
            (None, Some(attempt)) if is_tried => Some(match attempt.status {
                Some(status) => format!("{status} after {} attempts", attempt.attempts),
                None => format!("{} after {} attempts", attempt.answer, attempt.attempts),
            }),
            _ => None,
        };
        ExplainedCall { request, answer }
    };
    calls.iter().enumerate().map(explain).collect()
}

/// The answers of a delivered event, from its note.
fn answers(story: &Story) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Note<'a> {
        #[serde(borrow, default)]
        answers: Vec<&'a RawValue>,
    }
    let settled = story.settled.as_ref().filter(|settled| settled.ending == Ending::Delivered);
    let note = settled.and_then(|settled| serde_json::from_str::<Note<'_>>(&settled.note).ok());
    let words = |answer: &RawValue| answer.get().trim_matches('"').to_owned();
    note.map(|note| note.answers.into_iter().map(words).collect()).unwrap_or_default()
}
