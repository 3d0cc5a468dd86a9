//! The lines that `transform` prints.

use crate::accoil::write_request_line;
use crate::outbound::{Dialect, render};
use crate::pipeline::{Batch, Mapped, Mapper, Place, Tally};
use crate::sandbox::Outcome;

/// Which lines.
#[derive(Debug)]
pub(super) enum Lines {
    /// What became of each event.
    Outcomes,
    /// The requests to Accoil, in this dialect.
    Requests(Dialect),
}

/// What a batch gave.
#[derive(Debug, Default)]
pub(super) struct Printed {
    pub(super) text: String,
    pub(super) tally: Tally,
    pub(super) complaints: Vec<Complaint>,
}

/// Something in the input that is no event.
#[derive(Debug)]
pub(in crate::cli) struct Complaint {
    pub(in crate::cli) code: &'static str,
    pub(in crate::cli) message: String,
}

/// A batch gives no more complaints than this, however bad it is: more are not told.
const COMPLAINTS: usize = 20;

impl Lines {
    /// Maps a batch and prints it.
    pub(super) fn print(&self, mapper: &Mapper<'_>, batch: &Batch) -> Printed {
        let mut printed = Printed::default();
        mapper.map(batch, &mut |place, _, mapped| {
            printed.tally.count(&mapped);
            printed.complain(place, &mapped);
            match self {
                Self::Outcomes => {
                    mapped.push_json(&mut printed.text);
                    printed.text.push('\n');
                }
                Self::Requests(dialect) => push_requests(&mut printed.text, dialect, &mapped),
            }
        });
        printed
    }
}

impl Printed {
    fn complain(&mut self, place: Place<'_>, mapped: &Mapped) {
        if let Mapped::Invalid { code, reason } = mapped
            && self.complaints.len() < COMPLAINTS
        {
            self.complaints.push(Complaint { code, message: format!("{place}: {reason}") });
        }
    }
}

fn push_requests(text: &mut String, dialect: &Dialect, mapped: &Mapped) {
    let Mapped::Outcome(Outcome::Deliver(events)) = mapped else {
        return;
    };
    let mut calls = Vec::new();
    events.iter().for_each(|event| render(event, dialect, &mut calls));
    for call in &calls {
        write_request_line(call, text);
        text.push('\n');
    }
}
