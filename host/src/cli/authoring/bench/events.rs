//! All events of some files, in memory.

use std::sync::atomic::Ordering;

use crate::cli::reading::read_all;
use crate::cli::transform::Complaint;
use crate::cli::{Exit, complain, tell};
use crate::event::Event;
use crate::input::{self, Input, Progress};
use crate::limits::Limits;
use crate::pipeline::{Batch, Mapped, chunks};

/// How much is read at most: enough for any measurement.
const EVENTS: usize = 100_000;
const BYTES: usize = 200_000_000;

/// How much that is no event is told.
const TOLD: usize = 20;

/// What was read.
pub(super) struct Events {
    batches: Vec<Batch>,
    errors: Vec<input::Error>,
    is_cut: bool,
}

/// What was read, as a mapping gets it.
pub(super) struct Batches<'a> {
    pub(super) batches: Vec<Vec<Event<'a>>>,
    complaints: Vec<Complaint>,
    invalid: usize,
}

impl Events {
    /// Reads files until there is enough.
    pub(super) fn read(inputs: &[Input], limits: &Limits) -> Self {
        let progress = Progress::default();
        let (mut batches, mut items, mut bytes, mut is_cut) = (Vec::new(), 0, 0, false);
        let errors = read_all(inputs, limits, &progress, &mut |batch: Batch| {
            if items >= EVENTS || bytes >= BYTES {
                is_cut = true;
                progress.stop.store(true, Ordering::Relaxed);
                return;
            }
            for (_, text) in batch.items() {
                items += 1;
                bytes += text.map_or(0, <[u8]>::len);
            }
            batches.push(batch);
        });
        Self { batches, errors: if is_cut { Vec::new() } else { errors }, is_cut }
    }

    pub(super) fn batches(&self, limits: &Limits) -> Batches<'_> {
        let mut read = Batches { batches: Vec::new(), complaints: Vec::new(), invalid: 0 };
        for batch in &self.batches {
            chunks(batch, limits, &mut |chunk| {
                read.batches.push(std::mem::take(&mut chunk.events));
                for (place, _, invalid) in &chunk.entries {
                    let Some(Mapped::Invalid { code, reason }) = invalid else { continue };
                    read.invalid += 1;
                    if read.complaints.len() < TOLD {
                        read.complaints.push(Complaint { code, message: format!("{place}: {reason}") });
                    }
                }
            });
        }
        read.batches.retain(|batch| !batch.is_empty());
        read
    }
}

impl Batches<'_> {
    /// Says what was wrong with the input.
    pub(super) fn tell(&self, events: &Events) -> Exit {
        self.complaints.iter().for_each(|complaint| complain(complaint.code, &complaint.message));
        if self.invalid > self.complaints.len() {
            tell(&format!("… and {} more like these", self.invalid - self.complaints.len()));
        }
        events.errors.iter().for_each(|error| complain(error.code(), &error.to_string()));
        if events.is_cut {
            tell(&format!("the rest of the input, beyond about {EVENTS} events or {BYTES} bytes, was not read"));
        }
        if self.batches.is_empty() {
            tell("there was no event");
        }
        match (events.errors.is_empty(), self.invalid == 0 && !self.batches.is_empty()) {
            (false, _) => Exit::Input,
            (true, false) => Exit::Incomplete,
            (true, true) => Exit::Success,
        }
    }
}
