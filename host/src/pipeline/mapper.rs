//! A batch of texts through a mapping.

use std::borrow::Cow;

use json_text::{Kind, elements, kind, members};

use super::batch::{Batch, Place};
use crate::event::{Event, Invalid};
use crate::input::ItemFault;
use crate::sandbox::{Mapping, Outcome, Settings};

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
    fn invalid(error: &Invalid) -> Self {
        Self::Invalid { code: error.code(), reason: error.to_string() }
    }

    fn too_long(fault: &ItemFault) -> Self {
        Self::Invalid { code: fault.code(), reason: fault.to_string() }
    }
}

/// A mapping with the settings of a tenant.
pub struct Mapper<'a> {
    mapping: &'a Mapping,
    settings: &'a Settings,
}

impl<'a> Mapper<'a> {
    /// A mapper.
    #[must_use]
    pub fn new(mapping: &'a Mapping, settings: &'a Settings) -> Self {
        Self { mapping, settings }
    }

    /// Maps a batch and gives what became of each of its items, in order, with
    /// its place and its text. An item that is the body of a request gives one
    /// answer for each of its events.
    pub fn map<'b>(&self, batch: &'b Batch, each: &mut dyn FnMut(Place<'b>, &'b [u8], Mapped)) {
        let limits = self.mapping.limits();
        let mut pending = Pending::default();
        for (place, text) in batch.items() {
            match text {
                Err(fault) => pending.push_invalid(place, &[], Mapped::too_long(&fault)),
                Ok(text) => pending.push(place, text),
            }
            if pending.events.len() >= limits.batch_events || pending.bytes >= limits.batch_bytes {
                self.flush(&mut pending, each);
            }
        }
        self.flush(&mut pending, each);
    }

    fn flush<'b>(&self, pending: &mut Pending<'b>, each: &mut dyn FnMut(Place<'b>, &'b [u8], Mapped)) {
        let mut outcomes = self.mapping.run(self.settings, &pending.events).into_iter();
        for (place, text, invalid) in pending.entries.drain(..) {
            match invalid.or_else(|| outcomes.next().map(Mapped::Outcome)) {
                Some(mapped) => each(place, text, mapped),
                None => debug_assert!(false, "an outcome is missing"),
            }
        }
        pending.events.clear();
        pending.bytes = 0;
    }
}

/// Items that wait to be mapped together.
#[derive(Default)]
struct Pending<'a> {
    events: Vec<Event<'a>>,
    bytes: usize,
    /// Every item; those that are no event have their answer already.
    entries: Vec<(Place<'a>, &'a [u8], Option<Mapped>)>,
}

impl<'a> Pending<'a> {
    fn push_invalid(&mut self, place: Place<'a>, text: &'a [u8], mapped: Mapped) {
        self.entries.push((place, text, Some(mapped)));
    }

    fn push(&mut self, place: Place<'a>, text: &'a [u8]) {
        match Event::read(text) {
            Ok(event) => self.push_event(place, text, event, None),
            Err(error) => match events_within(text, &error) {
                Some(events) => {
                    for (index, element) in events.into_iter().enumerate() {
                        let element = element.as_bytes();
                        match Event::read(element) {
                            Ok(event) => self.push_event(place, element, event, Some(index)),
                            Err(error) => self.push_invalid(place, element, Mapped::invalid(&error)),
                        }
                    }
                }
                None => self.push_invalid(place, text, Mapped::invalid(&error)),
            },
        }
    }

    fn push_event(&mut self, place: Place<'a>, text: &'a [u8], mut event: Event<'a>, index: Option<usize>) {
        if event.id.is_none() {
            let id = index.map_or_else(|| place.to_string(), |index| format!("{place}:{index}"));
            event.id = Some(Cow::Owned(id));
        }
        self.bytes += text.len();
        self.events.push(event);
        self.entries.push((place, text, None));
    }
}

/// The events inside a text that is none itself: in the body of a request to
/// Amplitude's HTTP V2 API, or in a line of the file of what failed.
fn events_within<'a>(text: &'a [u8], error: &Invalid) -> Option<Vec<&'a str>> {
    if *error != Invalid::EventType {
        return None;
    }
    // It is a JSON object, or the error would be another one.
    let object = str::from_utf8(text).ok()?;
    let member = |wanted: &str| members(object).filter(|(name, _)| *name == *wanted).map(|(_, value)| value).last();
    match (member("events"), member("event"), member("failure")) {
        (Some(events), _, _) if kind(events) == Kind::Array => Some(elements(events).collect()),
        (_, Some(event), Some(_)) => Some(vec![event]),
        _ => None,
    }
}
