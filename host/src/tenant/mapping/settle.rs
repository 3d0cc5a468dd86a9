//! What becomes of an event: taken up where it was left, or as its mapping says.

use std::borrow::Cow;

use super::Mapped;
use super::run::RanEvent;
use crate::accoil::Call;
use crate::event::{Event, time_of};
use crate::outbound::{Dialect, render};
use crate::queue::{Attempt, Replay, Stored};
use crate::sandbox::{FaultKind, Outcome};
use crate::tenant::work::Work;

/// The work that is left of an event that was tried before. One that can't be read is mapped anew,
/// but what was delivered of it is not delivered again.
pub(super) fn resumed(stored: &mut Stored, dialect: &Dialect) -> Option<Work> {
    let attempt = stored.attempt.take()?;
    let delivered = attempt.delivered.clone();
    let work = Work::resume(stored.seq, stored.accepted_at, attempt, combined_path(dialect));
    match work {
        Some(work) => Some(Work { is_replay: stored.replay.is_some(), ..work }),
        None => {
            stored.replay.get_or_insert(Replay { original: stored.seq, delivered });
            None
        }
    }
}

fn combined_path(dialect: &Dialect) -> Option<&str> {
    match dialect {
        Dialect::V2 => None,
        Dialect::Combined { path } => Some(path),
    }
}

/// The event of a stored text, with what the host gives it: an id, and the time of its acceptance
/// when it says none itself. Without that an event that waited would be dated when it is delivered.
///
/// # Errors
/// A stable code and the reason for people.
pub(crate) fn canonical(stored: &Stored) -> Result<Event<'_>, (&'static str, String)> {
    if stored.damaged {
        let problem = "the stored event does not fit its checksum: the disk or its driver changed it";
        return Err(("damaged", problem.to_owned()));
    }
    let mut event = Event::read(&stored.body).map_err(|error| (error.code(), error.to_string()))?;
    event.id.get_or_insert(Cow::Borrowed(&stored.id));
    if event.time.is_none() {
        event.time = time_of(stored.accepted_at);
    }
    Ok(event)
}

/// What becomes of an event that was run, or could not be: then `live` is the version in force.
pub(super) fn settle(
    stored: Stored,
    end: Result<RanEvent, (&'static str, String)>,
    live: u32,
    dialect: &Dialect,
) -> Mapped {
    let seq = stored.seq;
    let dead = |stored: &Stored, version: u32, reason: String, detail: String| {
        let delivered = stored.replay.as_ref().map(|replay| replay.delivered.clone()).unwrap_or_default();
        let attempt = Attempt { version, delivered, ..Attempt::default() };
        Mapped::Dead { seq, attempt, reason, detail }
    };
    let RanEvent { version, outcome, repin, .. } = match end {
        Ok(ran) => ran,
        Err((code, detail)) => return dead(&stored, live, code.to_owned(), detail),
    };
    match outcome {
        Outcome::Skip(reason) => Mapped::Skip { seq, version, reason, repin },
        Outcome::Reject(reason) => dead(&stored, version, "rejected".to_owned(), reason),
        Outcome::Fault(fault) if fault.kind == FaultKind::CutShort => Mapped::NotRun(stored),
        Outcome::Fault(fault) => dead(&stored, version, fault.code(), fault.to_string()),
        Outcome::Deliver(events) => {
            let mut calls: Vec<Call> = Vec::new();
            events.iter().for_each(|event| render(event, dialect, &mut calls));
            let mut work = Work::new(seq, stored.accepted_at, version, calls);
            work.repin = repin;
            if let Some(replay) = &stored.replay {
                work.leave_out(&replay.delivered, combined_path(dialect));
            }
            Mapped::Work(work)
        }
    }
}
