//! A batch of texts through a mapping.

use std::sync::Arc;

use json_text::push_string;

use super::batch::{Batch, Place};
use super::chunk::chunks;
use crate::event::Invalid;
use crate::input::ItemFault;
use crate::sandbox::{Chooser, Mapping, Outcome, Settings};

/// What became of one text.
#[derive(Debug)]
pub enum Mapped {
    /// It was an event, and this is its outcome.
    Outcome(Outcome),
    /// It was no event.
    Invalid {
        /// The stable code of the reason.
        code: &'static str,
        /// The reason.
        reason: String,
    },
}

impl Mapped {
    /// Appends it as the JSON object that `transform` prints.
    pub fn push_json(&self, out: &mut String) {
        match self {
            Self::Outcome(outcome) => outcome.push_json(out),
            Self::Invalid { reason, .. } => {
                out.push_str("{\"outcome\":\"invalid\",\"reason\":");
                push_string(out, reason);
                out.push('}');
            }
        }
    }

    pub(crate) fn invalid(error: &Invalid) -> Self {
        Self::Invalid { code: error.code(), reason: error.to_string() }
    }

    pub(super) fn too_long(fault: &ItemFault) -> Self {
        Self::Invalid { code: fault.code(), reason: fault.to_string() }
    }
}

/// A mapping with the settings of a tenant.
pub struct Mapper<'a> {
    mapping: &'a Mapping,
    settings: &'a Settings,
    chooser: Option<&'a Arc<Chooser>>,
}

impl<'a> Mapper<'a> {
    /// A mapper, with the selector that the mapping asks.
    #[must_use]
    pub fn new(mapping: &'a Mapping, settings: &'a Settings, chooser: Option<&'a Arc<Chooser>>) -> Self {
        Self { mapping, settings, chooser }
    }

    /// Maps a batch and gives what became of each of its items, in order, with
    /// its place and its text. An item that is the body of a request gives one
    /// answer for each of its events.
    pub fn map<'b>(&self, batch: &'b Batch, each: &mut dyn FnMut(Place<'b>, &'b [u8], Mapped)) {
        chunks(batch, self.mapping.limits(), &mut |chunk| {
            let mut outcomes = self.mapping.run_with(self.settings, self.chooser, &chunk.events).outcomes.into_iter();
            for (place, text, invalid) in chunk.entries.drain(..) {
                match invalid.or_else(|| outcomes.next().map(Mapped::Outcome)) {
                    Some(mapped) => each(place, text, mapped),
                    None => debug_assert!(false, "an outcome is missing"),
                }
            }
        });
    }
}
