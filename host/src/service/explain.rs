//! The whole story of one event.
//!
//! What the mapping made of it is not stored: a mapping is a pure function, so it is run again under
//! the version that ran.

use serde_json::value::RawValue;

use super::{Service, ServiceError};
use crate::accoil::{Call, write_request_line};
use crate::outbound::{Destination, render};
use crate::queue::{Ending, Story, TenantId};
use crate::sandbox::Outcome;
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
    /// What that version consists of.
    pub pin: Option<Pin>,
    /// Among which groups the account was chosen, as type and id.
    pub candidates: Vec<(String, String)>,
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

impl Service {
    /// Tells the story of an event, of one tenant or of whichever has it.
    ///
    /// # Errors
    /// When there is no such tenant or event, or the store can't be read.
    pub async fn explain(&self, id: &str, tenant: Option<&str>) -> Result<Explanation, ServiceError> {
        let tenants: Vec<(String, TenantId)> = match tenant {
            Some(name) => vec![(name.to_owned(), self.tenant(name)?.handle.id())],
            None => self.tenants().into_iter().map(|(name, running)| (name, running.handle.id())).collect(),
        };
        for (name, number) in &tenants {
            if let Some(story) = self.queue().find(*number, id).await? {
                return self.explain_story(name.clone(), *number, story).await;
            }
        }
        let tenant = tenant.map_or_else(|| "any tenant".to_owned(), str::to_owned);
        Err(ServiceError::UnknownEvent { id: id.to_owned(), tenant })
    }

    async fn explain_story(&self, tenant: String, number: TenantId, story: Story) -> Result<Explanation, ServiceError> {
        let activations = self.queue().activations(number).await?;
        let by_place = activations.iter().rev().find(|activation| activation.from <= story.event.seq);
        let version = ran(&story).or(by_place.map(|activation| activation.version)).unwrap_or_default();
        let activation = activations.iter().find(|activation| activation.version == version).or(by_place);
        let pin = activation.and_then(|activation| Pin::from_json(&activation.pin));
        let candidate = match &pin {
            Some(pin) => self.candidate(pin).await?,
            None => None,
        };
        let mut explanation = Explanation {
            tenant: tenant.clone(),
            version,
            pin,
            candidates: Vec::new(),
            chosen: None,
            not_delivered: None,
            calls: Vec::new(),
            story,
        };
        let config = self.config();
        let destination = config.tenants.iter().find(|other| other.name == tenant);
        let destination = destination.and_then(|tenant| Destination::new(&tenant.accoil).ok());
        if let (Some(candidate), Some(destination)) = (candidate, destination) {
            explanation = self.run_again(explanation, candidate, destination).await;
        }
        Ok(explanation)
    }

    /// The mapping of a pin, compiled; `None` when its component is not kept or does not run here.
    async fn candidate(&self, pin: &Pin) -> Result<Option<Candidate>, ServiceError> {
        let Some(component) = self.queue().component(&pin.mapping).await? else {
            return Ok(None);
        };
        let (library, settings) = (std::sync::Arc::clone(&self.setup.library), pin.settings.clone());
        let candidate = self.setup.pool.run(move || library.candidate(&component, &settings).ok()).await;
        Ok(candidate.flatten())
    }

    async fn run_again(
        &self,
        mut explanation: Explanation,
        candidate: Candidate,
        destination: Destination,
    ) -> Explanation {
        let stored = explanation.story.event.clone();
        let ran = self.setup.pool.run(move || {
            let event = canonical(&stored).ok()?;
            let (outcome, candidates) = candidate.mapping.run_watched(&candidate.settings, &event);
            let mut calls = Vec::new();
            if let Outcome::Deliver(events) = &outcome {
                events.iter().for_each(|event| render(event, &destination.dialect, &mut calls));
            }
            Some((outcome, candidates, calls))
        });
        if let Some((outcome, candidates, calls)) = ran.await.flatten() {
            explanation.candidates = candidates;
            explanation.chosen = match &outcome {
                Outcome::Deliver(events) => {
                    events.iter().find_map(|event| event.group_traits.first()).map(|group| group.group_id.clone())
                }
                _ => None,
            };
            explanation.not_delivered = match outcome {
                Outcome::Deliver(_) => None,
                Outcome::Skip(reason) => Some(format!("skipped: {reason}")),
                Outcome::Reject(reason) => Some(format!("rejected: {reason}")),
                Outcome::Fault(fault) => Some(format!("fault: {fault}")),
            };
            explanation.calls = explained(&calls, &explanation.story);
        }
        explanation
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
