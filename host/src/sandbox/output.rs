//! Looking at what a mapping gave back, as at any input from strangers.

use json_text::sorted_object;

use super::contract::{self, types};
use super::fault::{Fault, FaultKind};
use super::outcome::Outcome;
use super::refusal::beginning;
use crate::accoil::{AccoilEvent, GroupTraits};
use crate::event;
use crate::limits::Limits;

/// Checks one outcome and brings it into the host's form.
pub(super) fn checked(outcome: types::Outcome, event: &contract::Event<'_>, limits: &Limits) -> Outcome {
    let checker = Checker { limits, event_time: event.time };
    let checked = match outcome {
        types::Outcome::Deliver(events) => checker.deliver(events),
        types::Outcome::Skip(reason) => checker.text("a reason", reason).map(Outcome::Skip),
        types::Outcome::Reject(reason) => checker.text("a reason", reason).map(Outcome::Reject),
    };
    checked.unwrap_or_else(|problem| Outcome::Fault(Fault::new(FaultKind::InvalidOutput, problem)))
}

/// Checks the answer of a selector, which was given so many candidates.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn selection(
    selection: types::Selection,
    candidates: usize,
    limits: &Limits,
) -> Result<types::Selection, String> {
    match selection {
        types::Selection::Candidate(index) if index as usize >= candidates => {
            Err(format!("chooses candidate {index}, and there are {candidates}, counted from 0"))
        }
        types::Selection::Custom(group) => {
            let checker = Checker { limits, event_time: None };
            Ok(types::Selection::Custom(types::Group {
                group_id: checker.name("group-id", group.group_id)?,
                group_type: checker.name("group-type", group.group_type)?,
                traits: checker.bag("traits", group.traits)?,
            }))
        }
        sound => Ok(sound),
    }
}

/// How much text an outcome has, in bytes.
pub(super) fn size(outcome: &Outcome) -> usize {
    let group = |group: &GroupTraits| group.group_id.len() + group.traits.len();
    let event = |event: &AccoilEvent| {
        let names = [&event.user_id, &event.event, &event.timestamp];
        let names: usize = names.into_iter().flatten().map(String::len).sum();
        names + event.metadata.len() + event.group_traits.iter().map(group).sum::<usize>()
    };
    match outcome {
        Outcome::Deliver(events) => events.iter().map(event).sum(),
        Outcome::Skip(reason) | Outcome::Reject(reason) => reason.len(),
        Outcome::Fault(fault) => fault.detail.len(),
    }
}

struct Checker<'a> {
    limits: &'a Limits,
    /// When the event happened; most mappings only pass it on.
    event_time: Option<&'a str>,
}

impl Checker<'_> {
    fn deliver(&self, events: Vec<types::AccoilEvent>) -> Result<Outcome, String> {
        if events.is_empty() {
            return Ok(Outcome::Skip("nothing to deliver".to_owned()));
        }
        self.count("Accoil events", events.len(), self.limits.accoil_events)?;
        events.into_iter().map(|event| self.event(event)).collect::<Result<_, _>>().map(Outcome::Deliver)
    }

    fn event(&self, event: types::AccoilEvent) -> Result<AccoilEvent, String> {
        self.count("groups", event.group_traits.len(), self.limits.groups)?;
        let group = |group: types::GroupTraits| {
            Ok(GroupTraits {
                group_id: self.name("group-id", group.group_id)?,
                traits: self.bag("traits", group.traits)?,
            })
        };
        Ok(AccoilEvent {
            user_id: event.user_id.map(|id| self.name("user-id", id)).transpose()?,
            event: event.event.map(|name| self.name("event", name)).transpose()?,
            timestamp: event.timestamp.map(|text| self.timestamp(text)).transpose()?,
            metadata: self.bag("metadata", event.metadata)?,
            group_traits: event.group_traits.into_iter().map(group).collect::<Result<_, String>>()?,
        })
    }

    fn count(&self, what: &str, found: usize, limit: usize) -> Result<(), String> {
        if found > limit {
            return Err(format!("{found} {what}, more than {limit}"));
        }
        Ok(())
    }

    fn text(&self, what: &str, text: String) -> Result<String, String> {
        if text.len() > self.limits.id_bytes {
            return Err(format!("{what} longer than {} bytes", self.limits.id_bytes));
        }
        Ok(text)
    }

    fn name(&self, what: &str, name: String) -> Result<String, String> {
        if name.is_empty() {
            return Err(format!("{what} is empty"));
        }
        self.text(what, name)
    }

    fn bag(&self, what: &str, bag: String) -> Result<String, String> {
        if bag.len() > self.limits.bag_bytes {
            return Err(format!("{what} longer than {} bytes", self.limits.bag_bytes));
        }
        let sorted = sorted_object(&bag).map_err(|fault| format!("{what} is not a JSON object: {fault}"))?;
        match sorted.text {
            std::borrow::Cow::Borrowed(text) if text.len() == bag.len() => Ok(bag),
            text => Ok(text.into_owned()),
        }
    }

    fn timestamp(&self, text: String) -> Result<String, String> {
        if self.event_time == Some(text.as_str()) {
            return Ok(text);
        }
        event::normal_time(&text).ok_or_else(|| format!("timestamp is not RFC 3339: {:?}", beginning(&text, 40)))
    }
}
