//! What becomes of an event: it joins its lanes, or has ended.

use std::collections::HashMap;
use std::time::Duration;

use super::super::mapping::Mapped;
use super::super::work::Work;
use super::Driver;
use crate::event::now_ms;
use crate::queue::{Attempt, Change, Ending, Fact, Seq};

/// From so many events on a lane is crowded.
const CROWD: usize = 16;

impl Driver {
    /// Events of crowded lanes may take half of the memory. The rest of it is for those whose turn
    /// comes sooner.
    pub(super) fn has_memory_for_crowded(&self) -> bool {
        self.works.len() < self.plan.delivery.window.get() / 2
    }

    /// Parks what is far behind in its lane, so that one user's events do not take the memory of all.
    pub(super) fn thin_crowded_lanes(&mut self) {
        let mut seqs: Vec<Seq> = self.works.keys().copied().collect();
        seqs.sort_unstable();
        let mut held: HashMap<u64, usize> = HashMap::new();
        for seq in seqs {
            let Some(work) = self.works.get(&seq) else { continue };
            let lanes = work.lanes();
            let is_behind = lanes.iter().any(|lane| held.get(lane).is_some_and(|number| *number >= CROWD));
            if is_behind && work.attempts == 0 {
                self.works.remove(&seq);
            } else {
                lanes.into_iter().for_each(|lane| *held.entry(lane).or_default() += 1);
            }
        }
    }

    pub(super) fn push(&mut self, mapped: Mapped) {
        if let Mapped::Work(Work { repin: Some(_), .. }) | Mapped::Skip { repin: Some(_), .. } = &mapped {
            self.metrics.repinned.inc();
        }
        match mapped {
            Mapped::Work(work) if work.calls.is_empty() => self.settle_delivered(&work, Vec::new()),
            Mapped::Work(work) => {
                let lanes = work.lanes();
                let is_crowded = lanes.iter().any(|lane| self.lanes.len_of(lane) >= CROWD);
                self.lanes.push(lanes, work.seq);
                if !is_crowded || self.has_memory_for_crowded() {
                    self.works.insert(work.seq, work);
                }
            }
            ended => self.settle_unsent(ended),
        }
    }

    pub(super) fn settle_unsent(&mut self, mapped: Mapped) {
        match mapped {
            Mapped::Skip { seq, version, reason, repin } => {
                self.metrics.count_skipped(&reason);
                let mut note = serde_json::json!({ "skipped": reason });
                if let (Some(repin), Some(note)) = (&repin, note.as_object_mut()) {
                    note.insert("repinned".to_owned(), serde_json::to_value(repin).unwrap_or_default());
                }
                let note = note.to_string();
                self.recorder.push(Some(Change::Settled { seq, version, ending: Ending::Skipped, note }), Vec::new());
            }
            Mapped::Dead { seq, attempt, reason, detail } => self.bury(seq, reason, detail, attempt, Vec::new()),
            Mapped::Work(_) | Mapped::NotRun(_) => {}
        }
    }

    pub(super) fn settle_delivered(&mut self, work: &Work, facts: Vec<Fact>) {
        debug_assert!(work.calls.is_empty(), "what is left of an event is sent before it ends");
        self.metrics.delivered.inc();
        if !work.has_account {
            self.metrics.without_account.inc();
        }
        let waited = Duration::from_millis(now_ms().saturating_sub(work.accepted_at));
        self.metrics.delivery_seconds.observe(waited.as_secs_f64());
        let change =
            Change::Settled { seq: work.seq, version: work.version, ending: Ending::Delivered, note: work.note() };
        self.recorder.push(Some(change), facts);
    }

    pub(super) fn bury(&mut self, seq: Seq, reason: String, detail: String, attempt: Attempt, facts: Vec<Fact>) {
        tracing::warn!(tenant = self.name, seq, reason, "dead letter: {detail:.300}");
        self.metrics.count_dead(&reason);
        self.recorder.push(Some(Change::Dead { seq, reason, detail, attempt }), facts);
    }
}
