//! What an experiment found, as text.

use serde::Deserialize;

use crate::cli::compare::text;
use crate::cli::ops::text::{Moment, Selector, percent, short};
use crate::compare::Summary;

#[derive(Debug, Deserialize)]
pub(super) struct Experiment {
    tenant: String,
    mapping: String,
    settings_digest: String,
    #[serde(default)]
    selector: Option<Selector>,
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
        let Self { tenant, mapping, settings_digest, selector, share, started_at, by, reason } = self;
        let selector = selector.as_ref().map(|selector| format!(" and {}", selector.text())).unwrap_or_default();
        format!(
            "{tenant}: mapping {} with settings {}{selector} runs beside on {} of users, delivering nothing\n\
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
