//! The loop: chunks in, requests out, what is confirmed noted.

use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;

use super::item::{Chunk, Event, MOST_EVENTS};
use super::post::{Answer, Door};
use super::refused::Refused;
use super::source;
use super::state::State;
use crate::cli::meter::Meter;
use crate::cli::{Failure, complain};
use crate::input::{self, Input, Progress};

/// So many events in a row that are bad for a reason without a name mean that it is not they that
/// are bad.
const MOST_UNNAMED: u32 = 20;

/// An import that is under way.
#[derive(Debug)]
pub(super) struct Feed<'a> {
    pub(super) door: &'a Door,
    /// Most bytes of an event.
    pub(super) event_bytes: usize,
    pub(super) state: State,
    pub(super) refused: Refused,
    /// How many events a request may have: fewer after one was too large.
    pub(super) largest: usize,
    /// How many events in a row were refused without being named.
    pub(super) unnamed: u32,
}

/// What it did.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done {
    /// Events that an earlier import of the same files had dealt with.
    pub(super) before: u64,
    /// Events that the service has now.
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// Inputs that could not be read to their end.
    pub(super) input_errors: usize,
}

impl Feed<'_> {
    /// Reads on a thread of its own, a chunk ahead, and sends on this one.
    pub(super) fn run(mut self, inputs: &[Input]) -> Result<Done, Failure> {
        let before = self.state.total();
        let (progress, meter) = (Progress::default(), Meter::start(inputs));
        let confirmed: Vec<u64> = (0..inputs.len()).map(|input| self.state.confirmed(input)).collect();
        let event_bytes = self.event_bytes;
        let (sender, chunks) = sync_channel(1);
        let (sent, errors) = std::thread::scope(|threads| {
            let progress = &progress;
            let reading = threads.spawn(move || {
                let mut errors = Vec::new();
                for (numbered, confirmed) in inputs.iter().enumerate().zip(confirmed) {
                    errors.extend(source::read(numbered, confirmed, event_bytes, progress, &sender));
                }
                errors
            });
            let mut accepted = 0;
            let sent = chunks.iter().try_for_each(|chunk| {
                accepted += self.chunk(chunk)?;
                meter.show(progress.bytes.load(Ordering::Relaxed), before + accepted);
                Ok(())
            });
            // What is read from now on has nowhere to go; this ends the reading.
            progress.stop.store(sent.is_err(), Ordering::Relaxed);
            progress.hang_up.store(sent.is_err(), Ordering::Relaxed);
            drop(chunks);
            let errors = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (sent.map(|()| accepted), errors)
        });
        meter.finish();
        errors.iter().for_each(|error: &input::Error| complain(error.code(), &error.to_string()));
        let done = Done { before, accepted: sent?, refused: self.refused.count, input_errors: errors.len() };
        if errors.is_empty() {
            self.state.remove()?;
        }
        Ok(done)
    }

    /// Sends a chunk in as many requests as it needs; gives how many events were accepted.
    fn chunk(&mut self, mut chunk: Chunk) -> Result<u64, Failure> {
        let (mut at, mut accepted, mut size) = (0, 0, self.largest);
        while at < chunk.events.len() {
            let end = (at + size).min(chunk.events.len());
            let Some(piece) = chunk.events.get_mut(at..end) else { break };
            let live = piece.iter().filter(|event| event.refusal.is_none()).count();
            let answer = if live == 0 { Answer::Accepted } else { self.door.send(piece)? };
            let half = piece.len().div_ceil(2);
            match answer {
                Answer::Accepted => {
                    accepted += live as u64;
                    self.unnamed = if live > 0 { 0 } else { self.unnamed };
                    self.refused.take(piece)?;
                    at = end;
                    self.state.confirm(chunk.input, chunk.before + at as u64)?;
                    size = (size * 2).min(self.largest);
                }
                Answer::TooLarge if live > 1 => {
                    // What follows is no smaller.
                    self.largest = half;
                    size = half;
                }
                Answer::TooLarge => {
                    // This one alone made the requests too large.
                    refuse_all(piece, "larger than the service takes");
                    self.largest = MOST_EVENTS;
                }
                Answer::Bad(named) => refuse(piece, &named),
                // It was not said which: looked for by halves.
                Answer::SomeBad(_) if live > 1 => size = half,
                Answer::SomeBad(said) => {
                    self.unnamed += 1;
                    if self.unnamed == MOST_UNNAMED {
                        return Err(self.door.refuses(&said));
                    }
                    refuse_all(piece, &said);
                }
            }
        }
        Ok(accepted)
    }
}

/// Marks the events that an answer named.
fn refuse(piece: &mut [Event], named: &[(usize, String)]) {
    let mut sent: Vec<&mut Event> = piece.iter_mut().filter(|event| event.refusal.is_none()).collect();
    for (index, problem) in named {
        if let Some(event) = sent.get_mut(*index) {
            match &mut event.refusal {
                Some(said) => *said = format!("{said}, {problem}"),
                None => event.refusal = Some(problem.clone()),
            }
        }
    }
}

fn refuse_all(piece: &mut [Event], problem: &str) {
    for event in piece {
        event.refusal.get_or_insert_with(|| problem.to_owned());
    }
}
