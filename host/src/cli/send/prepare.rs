//! From a batch of texts to what is delivered.

use json_text::{compact, push_string};

use crate::accoil::parse_request_line;
use crate::cli::transform::Complaint;
use crate::outbound::{Destination, Unit, render};
use crate::pipeline::{Batch, Mapped, Mapper, Place, Tally};
use crate::sandbox::Outcome;

/// What a batch gave.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// In the order of the batch.
    pub(super) units: Vec<Unit>,
    pub(super) tally: Tally,
    /// What was wrong with the input.
    pub(super) complaints: Vec<Complaint>,
    /// Lines for the file of what failed: events that the mapping rejected or failed on.
    pub(super) failed: String,
    /// How many those are.
    pub(super) failed_events: u64,
    /// Lines that were requests already.
    pub(super) requests: u64,
}

/// Maps a batch and renders the calls.
pub(super) fn prepare(mapper: &Mapper<'_>, destination: &Destination, batch: &Batch) -> Prepared {
    let mut prepared = Prepared::default();
    mapper.map(batch, &mut |place, text, mapped| prepared.take(destination, place, text, &mapped));
    prepared
}

impl Prepared {
    fn take(&mut self, destination: &Destination, place: Place<'_>, text: &[u8], mapped: &Mapped) {
        let mut calls = Vec::new();
        match mapped {
            Mapped::Outcome(Outcome::Deliver(events)) => {
                events.iter().for_each(|event| render(event, &destination.dialect, &mut calls));
            }
            Mapped::Outcome(Outcome::Skip(_)) => {}
            Mapped::Outcome(Outcome::Reject(reason)) => self.failed_event(place, text, "reject", reason),
            Mapped::Outcome(Outcome::Fault(fault)) => self.failed_event(place, text, "fault", &fault.to_string()),
            Mapped::Invalid { code, reason } => match request(text, destination) {
                Some(Ok(call)) => {
                    self.requests += 1;
                    self.units.push(Unit { id: place.to_string(), calls: vec![call] });
                    return;
                }
                Some(Err(problem)) => self
                    .complaints
                    .push(Complaint { code: problem.code, message: format!("{place}: {}", problem.message) }),
                None => self.complaints.push(Complaint { code, message: format!("{place}: {reason}") }),
            },
        }
        self.tally.count(mapped);
        if !calls.is_empty() {
            self.units.push(Unit { id: place.to_string(), calls });
        }
    }

    /// An event that is to be mapped again, with another mapping.
    fn failed_event(&mut self, place: Place<'_>, text: &[u8], outcome: &str, reason: &str) {
        self.failed_events += 1;
        let line = &mut self.failed;
        line.push_str("{\"event\":");
        line.push_str(&compact(str::from_utf8(text).unwrap_or("null"), true));
        line.push_str(",\"failure\":{\"id\":");
        push_string(line, &place.to_string());
        line.push_str(",\"reason\":\"");
        line.push_str(outcome);
        line.push_str("\",\"answer\":");
        push_string(line, reason);
        line.push_str("}}\n");
    }
}

/// The call in a line that looks like a request.
fn request(text: &[u8], destination: &Destination) -> Option<Result<crate::accoil::Call, Complaint>> {
    let line = str::from_utf8(text).ok()?;
    let is_request = json_text::check(line).is_ok() && json_text::members(line).any(|(name, _)| name == *"method");
    is_request.then(|| {
        parse_request_line(line, destination.combined_path())
            .map_err(|error| Complaint { code: error.code(), message: error.to_string() })
    })
}
