//! What an experiment found, as text.

use serde::Deserialize;

use crate::cli::compare::text;
use crate::cli::ops::text::{Moment, percent, short};
use crate::compare::Summary;

#[derive(Debug, Deserialize)]
pub(super) struct Experiment {
    tenant: String,
    mapping: String,
    settings_digest: String,
    share: f64,
    started_at: Moment,
    by: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Found {
    #[serde(flatten)]
    experiment: Experiment,
    counted_since: Moment,
    pub(super) report: Box<Summary>,
}

impl Experiment {
    pub(super) fn text(&self) -> String {
        let Self { tenant, mapping, settings_digest, share, started_at, by, reason } = self;
        format!(
            "{tenant}: mapping {} with settings {} runs beside on {} of users, delivering nothing\n\
             started {} by {by}: {reason}\n",
            short(mapping),
            short(settings_digest),
            percent(*share),
            started_at.text()
        )
    }
}

impl Found {
    /// What runs, and what it found as `compare` tells it.
    pub(super) fn text(&self) -> String {
        let since = self.counted_since.text();
        format!("{}counted since {since}\n\n{}", self.experiment.text(), text::of(&self.report))
    }
}
