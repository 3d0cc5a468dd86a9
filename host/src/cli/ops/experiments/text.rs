//! What an experiment found, as text.

use serde::Deserialize;

use crate::cli::ops::text::{Moment, percent, short, table};
use crate::compare::Summary;

/// How many lines a table has at most.
const ROWS: usize = 12;

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
    pub(super) fn text(&self) -> String {
        let Summary { events, users, requests, differences, .. } = self.report.as_ref();
        let about = if users.exact { "" } else { "about " };
        let mut text = self.experiment.text();
        text.push_str(&format!("counted since {}\n\n", self.counted_since.text()));
        text.push_str(&format!(
            "events    {} compared, {} differ ({})\n",
            events.compared,
            events.differing,
            percent(events.share)
        ));
        if events.sampled_out + events.shed > 0 {
            let (left, shed) = (events.sampled_out, events.shed);
            text.push_str(&format!("          not compared: {left} left out by the sample, {shed} shed\n"));
        }
        text.push_str(&format!(
            "users     {about}{}, {about}{} differ, {about}{} with another account\n",
            users.total, users.differing, users.primary_group_changed
        ));
        text.push_str(&format!("requests  {} → {}\n", requests.baseline, requests.candidate));
        let rows = differences.iter().take(ROWS).map(|difference| {
            vec![difference.kind.name().to_owned(), difference.events.to_string(), percent(difference.share)]
        });
        let rows: Vec<_> = rows.collect();
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&table(&["difference", "events", "share"], &rows));
            text.push_str("see --json for event types, groups and examples\n");
        }
        text
    }
}
