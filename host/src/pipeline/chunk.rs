//! A batch of texts as events, in pieces that a mapping gets at once.

use std::borrow::Cow;

use json_text::{Kind, elements, kind, members};

use super::batch::{Batch, Place};
use super::mapper::Mapped;
use crate::event::{Event, Invalid};
use crate::limits::Limits;

/// Items of a batch that are mapped together, in order.
#[derive(Debug, Default)]
pub struct Chunk<'a> {
    /// The events among them.
    pub events: Vec<Event<'a>>,
    bytes: usize,
    /// Every item, with its place and its text; those that are no event have their answer already.
    pub entries: Vec<(Place<'a>, &'a [u8], Option<Mapped>)>,
}

/// Reads a batch and hands on its items in chunks as large as a mapping gets at once.
pub fn chunks<'a>(batch: &'a Batch, limits: &Limits, hand_on: &mut dyn FnMut(&mut Chunk<'a>)) {
    let mut chunk = Chunk::default();
    for (place, text) in batch.items() {
        match text {
            Err(fault) => chunk.push_invalid(place, &[], Mapped::too_long(&fault)),
            Ok(text) => chunk.push(place, text),
        }
        if chunk.events.len() >= limits.batch_events || chunk.bytes >= limits.batch_bytes {
            hand_on(&mut chunk);
            chunk.clear();
        }
    }
    if !chunk.entries.is_empty() {
        hand_on(&mut chunk);
    }
}

impl<'a> Chunk<'a> {
    fn clear(&mut self) {
        self.events.clear();
        self.entries.clear();
        self.bytes = 0;
    }

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
