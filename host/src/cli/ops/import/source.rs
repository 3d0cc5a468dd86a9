//! Reading inputs into chunks, passing over what was confirmed before.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;

use super::item::{Chunk, Event, MOST_BYTES, MOST_EVENTS};
use crate::input::{self, Input, Item, Progress, Receiver};

/// Reads one input to its end and hands on its chunks; gives what could not be read.
pub(super) fn read(
    (index, input): (usize, &Input),
    confirmed: u64,
    event_bytes: usize,
    progress: &Progress,
    chunks: &SyncSender<Chunk>,
) -> Vec<input::Error> {
    let chunk = Chunk { input: index, before: confirmed, events: Vec::new() };
    let mut cutter = Cutter { skip: confirmed, chunk, bytes: 0, progress, chunks };
    let errors = input::read(input, event_bytes, progress, &mut cutter);
    cutter.hand_on();
    errors
}

struct Cutter<'a> {
    /// How many events are still to be passed over.
    skip: u64,
    chunk: Chunk,
    bytes: usize,
    progress: &'a Progress,
    chunks: &'a SyncSender<Chunk>,
}

impl Cutter<'_> {
    fn hand_on(&mut self) {
        let events = std::mem::take(&mut self.chunk.events);
        if events.is_empty() {
            return;
        }
        let chunk = Chunk { events, ..self.chunk };
        self.chunk.before += chunk.events.len() as u64;
        self.bytes = 0;
        if self.chunks.send(chunk).is_err() {
            // Nobody sends any more, so nothing need be read.
            self.progress.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Receiver for Cutter<'_> {
    fn item(&mut self, name: &Arc<str>, item: Item<'_>) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        let event = Event::new(name, &item);
        if self.chunk.events.len() == MOST_EVENTS || self.bytes + event.text.len() > MOST_BYTES {
            self.hand_on();
        }
        self.bytes += event.text.len() + 1;
        self.chunk.events.push(event);
    }

    fn idle(&mut self) {
        self.hand_on();
    }
}
