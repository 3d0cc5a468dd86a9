//! Which dead letters are meant.

use clap::Args;
use jiff::Timestamp;

use crate::cli::ops::time;

/// What is not given does not restrict.
#[derive(Debug, Default, Args)]
pub(super) struct Filter {
    /// Those of one tenant.
    #[arg(long, value_name = "NAME")]
    pub(super) tenant: Option<String>,

    /// Those with this reason.
    #[arg(long, value_name = "CODE")]
    pub(super) reason: Option<String>,

    /// Those that died at this time or later: 2026-01-02T03:04:05Z, or 24h for a day ago.
    #[arg(long, value_name = "TIME", value_parser = time::parse_now)]
    pub(super) since: Option<Timestamp>,

    /// Those that died before this time.
    #[arg(long, value_name = "TIME", value_parser = time::parse_now)]
    pub(super) until: Option<Timestamp>,

    /// Those of the event with this id.
    #[arg(long, value_name = "EVENT_ID")]
    pub(super) event: Option<String>,

    /// At most so many, the oldest first.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) limit: Option<u64>,
}

impl Filter {
    /// As the admin API takes it.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        [
            ("tenant", self.tenant.clone()),
            ("reason", self.reason.clone()),
            ("since", self.since.map(time::written)),
            ("until", self.until.map(time::written)),
            ("event", self.event.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// Whether it leaves anything out but by number.
    pub(super) fn restricts(&self) -> bool {
        self.pairs().iter().any(|(name, _)| *name != "limit")
    }
}
