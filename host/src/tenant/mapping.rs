//! From stored events to work: the part that runs on the mapping threads.

use std::borrow::Cow;
use std::sync::Arc;

use super::work::Work;
use crate::accoil::Call;
use crate::event::{Event, time_of};
use crate::outbound::{Dialect, render};
use crate::queue::{Attempt, Replay, Seq, Stored};
use crate::sandbox::{FaultKind, Outcome};
use crate::versions::{Version, Versions};

/// What became of a stored event.
pub(super) enum Mapped {
    /// There is something to send.
    Work(Work),
    /// The mapping skipped it.
    Skip {
        /// Which event.
        seq: Seq,
        /// By which version.
        version: u32,
        /// Why.
        reason: String,
    },
    /// It can't be delivered.
    Dead {
        /// Which event.
        seq: Seq,
        /// By which version, and what was delivered of it before.
        attempt: Attempt,
        /// A stable code.
        reason: String,
        /// The reason for people.
        detail: String,
    },
    /// It was not run, since others of its batch took too long.
    CutShort(Stored),
}

/// Maps stored events, in order. What was tried before is taken up where it was left. After one that
/// was not run none is: it is all taken again.
pub(super) fn map(versions: &Versions, dialect: &Dialect, events: Vec<Stored>) -> Vec<Mapped> {
    let mut mapped = Vec::with_capacity(events.len());
    let mut batch: Vec<Stored> = Vec::new();
    let mut current: Option<Arc<Version>> = None;
    for mut stored in events {
        if is_full(&batch, current.as_deref()) {
            flush(&mut batch, current.as_deref(), dialect, &mut mapped);
        }
        if matches!(mapped.last(), Some(Mapped::CutShort(_))) {
            mapped.push(Mapped::CutShort(stored));
            continue;
        }
        if let Some(work) = resumed(&mut stored, dialect) {
            flush(&mut batch, current.as_deref(), dialect, &mut mapped);
            mapped.push(Mapped::Work(work));
            continue;
        }
        let version = versions.of(stored.seq);
        if version.map(|version| version.number) != current.as_ref().map(|version| version.number) {
            flush(&mut batch, current.as_deref(), dialect, &mut mapped);
            current = version.cloned();
        }
        batch.push(stored);
    }
    flush(&mut batch, current.as_deref(), dialect, &mut mapped);
    mapped
}

/// Whether a batch is as large as a mapping may get at once.
fn is_full(batch: &[Stored], version: Option<&Version>) -> bool {
    version.is_some_and(|version| {
        let limits = version.what.mapping.limits();
        let bytes = batch.iter().map(|stored| stored.body.len()).sum::<usize>();
        batch.len() >= limits.batch_events || bytes >= limits.batch_bytes
    })
}

/// The work that is left of an event that was tried before. One that can't be read is mapped anew,
/// but what was delivered of it is not delivered again.
fn resumed(stored: &mut Stored, dialect: &Dialect) -> Option<Work> {
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

/// Runs a batch of one version. The mapping's limits on a batch are those of the take.
fn flush(batch: &mut Vec<Stored>, version: Option<&Version>, dialect: &Dialect, mapped: &mut Vec<Mapped>) {
    let batch = std::mem::take(batch);
    let Some(version) = version else {
        // Without any version nothing is taken; these stay in the queue.
        mapped.extend(batch.into_iter().map(Mapped::CutShort));
        return;
    };
    let read: Vec<Result<Event<'_>, (&'static str, String)>> = batch.iter().map(canonical).collect();
    let mut faults = Vec::with_capacity(read.len());
    let mut events = Vec::with_capacity(read.len());
    for event in read {
        match event {
            Ok(event) => {
                events.push(event);
                faults.push(None);
            }
            Err(fault) => faults.push(Some(fault)),
        }
    }
    let mut outcomes = version.what.mapping.run(&version.what.settings, &events).into_iter();
    drop(events);
    let ends: Vec<Result<Outcome, (&'static str, String)>> = faults
        .into_iter()
        .map(|fault| match fault {
            Some(fault) => Err(fault),
            None => outcomes.next().ok_or(("mapping-no-outcome", "an outcome is missing".to_owned())),
        })
        .collect();
    mapped.extend(batch.into_iter().zip(ends).map(|(stored, end)| settle(stored, end, version, dialect)));
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

fn settle(
    stored: Stored,
    end: Result<Outcome, (&'static str, String)>,
    version: &Version,
    dialect: &Dialect,
) -> Mapped {
    let seq = stored.seq;
    let dead = |stored: &Stored, reason: String, detail: String| {
        let delivered = stored.replay.as_ref().map(|replay| replay.delivered.clone()).unwrap_or_default();
        let attempt = Attempt { version: version.number, delivered, ..Attempt::default() };
        Mapped::Dead { seq, attempt, reason, detail }
    };
    match end {
        Err((code, detail)) => dead(&stored, code.to_owned(), detail),
        Ok(Outcome::Skip(reason)) => Mapped::Skip { seq, version: version.number, reason },
        Ok(Outcome::Reject(reason)) => dead(&stored, "rejected".to_owned(), reason),
        Ok(Outcome::Fault(fault)) if fault.kind == FaultKind::CutShort => Mapped::CutShort(stored),
        Ok(Outcome::Fault(fault)) => {
            dead(&stored, format!("mapping-{}", fault.kind.name().replace(' ', "-")), fault.to_string())
        }
        Ok(Outcome::Deliver(events)) => {
            let mut calls: Vec<Call> = Vec::new();
            events.iter().for_each(|event| render(event, dialect, &mut calls));
            let mut work = Work::new(seq, stored.accepted_at, version.number, calls);
            if let Some(replay) = &stored.replay {
                work.leave_out(&replay.delivered, combined_path(dialect));
            }
            Mapped::Work(work)
        }
    }
}
