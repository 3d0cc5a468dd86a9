//! A script in place of a selector: it gives every event the same answer, and looks at what it is asked.
//!
//! It shows whether a mapping gets along with any selector, without one at hand.

use std::time::Duration;

use json_text::sorted_object;

use super::contract::{Group, Selection};
use super::fault::Fault;
use super::outcome::Outcome;
use super::plugin::Mapping;
use super::run::lower;
use super::settings::Settings;
use crate::event::Event;

/// Longer ids are not remembered.
const ID_BYTES: usize = 4096;

/// What a script answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The mapping's own rule decides.
    #[default]
    DefaultRule,
    /// The event belongs to no account.
    None,
    /// The candidate with this index; the last one, if there are not so many.
    Candidate(usize),
    /// A group that is not among the candidates.
    Custom,
}

/// A script, and what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Script {
    answer: Answer,
    /// Of each event of the batch: the id of the group that was chosen. Nothing if the script was not
    /// asked about the event, or named no group.
    pub(crate) chosen: Vec<Option<String>>,
    /// How often it was asked.
    pub(crate) asked: u64,
    /// What was first found wrong with a question, and about which event it was.
    pub(crate) problem: Option<(usize, String)>,
}

impl Script {
    fn new(answer: Answer, events: usize) -> Self {
        Self { answer, chosen: vec![None; events], ..Self::default() }
    }

    pub(super) fn choose(&mut self, event: u32, candidates: &[Group]) -> Selection {
        self.asked += 1;
        if self.problem.is_none() {
            let problem = problem(event, self.chosen.len(), candidates);
            self.problem = problem.map(|problem| (event as usize, problem));
        }
        let (selection, id) = selected(self.answer, candidates);
        if let Some(chosen) = self.chosen.get_mut(event as usize) {
            *chosen = id.filter(|id| id.len() <= ID_BYTES);
        }
        selection
    }
}

fn selected(answer: Answer, candidates: &[Group]) -> (Selection, Option<String>) {
    match answer {
        Answer::DefaultRule => (Selection::DefaultRule, None),
        Answer::None => (Selection::None, None),
        Answer::Candidate(index) => {
            let index = index.min(candidates.len().saturating_sub(1));
            match (candidates.get(index), u32::try_from(index)) {
                (Some(group), Ok(number)) => (Selection::Candidate(number), Some(group.group_id.clone())),
                _ => (Selection::DefaultRule, None),
            }
        }
        Answer::Custom => {
            let (group_id, group_type) = ("conformance-custom".to_owned(), "Conformance".to_owned());
            let group = Group { group_id: group_id.clone(), group_type, traits: r#"{"plan":"custom"}"#.to_owned() };
            (Selection::Custom(group), Some(group_id))
        }
    }
}

fn problem(event: u32, events: usize, candidates: &[Group]) -> Option<String> {
    if event as usize >= events {
        return Some(format!("asks about event {event} of a batch of {events}, counted from 0"));
    }
    candidates.iter().enumerate().find_map(|(index, group)| {
        if group.group_id.is_empty() {
            return Some(format!("the group-id of candidate {index} is empty"));
        }
        let fault = sorted_object(&group.traits).err()?;
        Some(format!("the traits of candidate {index} are not a JSON object: {fault}"))
    })
}

impl Mapping {
    /// Maps a batch as a whole, with a script to ask. A fault costs the whole batch.
    pub(crate) fn run_scripted(
        &self,
        settings: &Settings,
        answer: Answer,
        events: &[Event<'_>],
    ) -> (Result<Vec<Outcome>, Fault>, Script) {
        let lowered: Vec<_> = events.iter().map(lower).collect();
        let _slot = self.slots.take();
        let mut store = self.store(None, Duration::ZERO, &lowered);
        store.data_mut().script = Some(Script::new(answer, lowered.len()));
        let answer = self.call_in(&mut store, settings, &lowered);
        let script = store.data_mut().script.take().unwrap_or_default();
        (self.ended(answer, None, &mut store, &lowered).answer, script)
    }
}
