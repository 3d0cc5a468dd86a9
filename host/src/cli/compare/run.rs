//! A batch of texts through both mappings. Where batches come from is not known here.

use super::sides::{Side, Sides as Mappings};
use crate::cli::transform::Complaint;
use crate::compare::{About, Bounds, Report, Sides};
use crate::event::Event;
use crate::pipeline::{Batch, Chunk, Mapped, chunks};
use crate::sandbox::{Outcome, Ran};

/// A batch gives no more complaints than this, however bad it is.
const COMPLAINTS: usize = 20;

/// Compares batches, each on whichever thread calls.
pub(super) struct Comparer<'a> {
    mappings: &'a Mappings,
    bounds: Bounds,
}

/// What a batch gave.
pub(super) struct Compared {
    pub(super) report: Report,
    pub(super) complaints: Vec<Complaint>,
    /// Items that were no event.
    pub(super) invalid: u64,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(mappings: &'a Mappings, bounds: Bounds) -> Self {
        Self { mappings, bounds }
    }

    /// A report that reports of batches can be merged into.
    pub(super) fn report(&self) -> Report {
        Report::new(self.bounds.clone())
    }

    pub(super) fn compare(&self, batch: &Batch) -> Compared {
        let mut compared = Compared { report: self.report(), complaints: Vec::new(), invalid: 0 };
        chunks(batch, self.mappings.limits(), &mut |chunk| {
            self.compare_events(&chunk.events, &mut compared.report);
            compared.complain(chunk);
        });
        compared
    }

    fn compare_events(&self, events: &[Event<'_>], report: &mut Report) {
        if events.is_empty() {
            return;
        }
        let run = |side: &Side| -> (Vec<Outcome>, u64) {
            let Ran { outcomes, usage, .. } = side.mapping.run_with(&side.settings, side.chooser.as_ref(), events);
            (outcomes, usage.fuel.unwrap_or_default().saturating_add(usage.selector.fuel.unwrap_or_default()))
        };
        let (baseline, baseline_fuel) = run(self.mappings.baseline());
        let (candidate, candidate_fuel) = run(self.mappings.candidate());
        report.add_fuel(Sides { baseline: baseline_fuel, candidate: candidate_fuel });
        for ((event, baseline), candidate) in events.iter().zip(&baseline).zip(&candidate) {
            report.add(&About::event(event), baseline, candidate);
        }
    }
}

impl Compared {
    fn complain(&mut self, chunk: &Chunk<'_>) {
        for (place, _, invalid) in &chunk.entries {
            if let Some(Mapped::Invalid { code, reason }) = invalid {
                self.invalid += 1;
                if self.complaints.len() < COMPLAINTS {
                    self.complaints.push(Complaint { code, message: format!("{place}: {reason}") });
                }
            }
        }
    }
}
