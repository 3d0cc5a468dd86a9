//! What is counted: the names that Prometheus sees, and handles that cost nothing to use.
//!
//! Names follow Prometheus' conventions (<https://prometheus.io/docs/practices/naming/>). A tenant
//! gets its handles once ([`Metrics::tenant`]), so that counting looks nothing up.

use std::sync::{Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// How many reasons of one tenant are counted apart: a mapping could make up one for each event.
const REASONS: usize = 50;

/// Under what the reasons beyond [`REASONS`] are counted.
const OTHER_REASONS: &str = "(other reasons)";

/// How much of a reason is shown.
const REASON_CHARS: usize = 120;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    tenant: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    tenant: String,
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    tenant: String,
    kind: &'static str,
}

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    delivered: Family<Labels, Counter>,
    skipped: Family<ReasonLabels, Counter>,
    dead: Family<ReasonLabels, Counter>,
    requests: Family<Labels, Counter>,
    unchanged: Family<Labels, Counter>,
    retries: Family<Labels, Counter>,
    without_account: Family<Labels, Counter>,
    repinned: Family<Labels, Counter>,
    rollbacks: Family<Labels, Counter>,
    selector_fallbacks: Family<KindLabels, Counter>,
    version: Family<Labels, Gauge>,
    retrying: Family<Labels, Gauge>,
    closed: Family<Labels, Gauge>,
    mapping_seconds: Family<Labels, Histogram, fn() -> Histogram>,
    delivery_seconds: Family<Labels, Histogram, fn() -> Histogram>,
}

/// The handles of one tenant.
#[derive(Debug, Clone)]
pub struct TenantMetrics {
    tenant: String,
    skipped_by: Family<ReasonLabels, Counter>,
    dead_by: Family<ReasonLabels, Counter>,
    fallbacks_by: Family<KindLabels, Counter>,
    /// Events that ended delivered.
    pub delivered: Counter,
    /// Events that ended skipped, whatever the reason.
    pub skipped: Counter,
    /// Events that became dead letters, whatever the reason.
    pub dead: Counter,
    /// Requests sent.
    pub requests: Counter,
    /// Calls that were not sent, since they said nothing new.
    pub unchanged: Counter,
    /// Attempts that have to be made again.
    pub retries: Counter,
    /// Events that were delivered for no account.
    pub without_account: Counter,
    /// Events that another version than the one in force mapped, since that one failed on them.
    pub repinned: Counter,
    /// Versions that were taken back by themselves.
    pub rollbacks: Counter,
    /// The version in force.
    pub version: Gauge,
    /// Events that wait to be tried again.
    pub retrying: Gauge,
    /// 1 while the destination is left alone.
    pub closed: Gauge,
    /// Time of mapping a batch, in seconds.
    pub mapping_seconds: Histogram,
    /// Time from accepted to delivered, in seconds.
    pub delivery_seconds: Histogram,
    seen_reasons: std::sync::Arc<Mutex<std::collections::HashSet<String>>>,
}

fn mapping_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 4.0, 8))
}

fn delivery_histogram() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0])
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Registers everything.
    pub fn new() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("accoil_stream")),
            delivered: Family::default(),
            skipped: Family::default(),
            dead: Family::default(),
            requests: Family::default(),
            unchanged: Family::default(),
            retries: Family::default(),
            without_account: Family::default(),
            repinned: Family::default(),
            rollbacks: Family::default(),
            selector_fallbacks: Family::default(),
            version: Family::default(),
            retrying: Family::default(),
            closed: Family::default(),
            mapping_seconds: Family::new_with_constructor(mapping_histogram),
            delivery_seconds: Family::new_with_constructor(delivery_histogram),
        };
        let mut registry = metrics.lock();
        registry.register("events_delivered", "Events whose calls were all delivered", metrics.delivered.clone());
        registry.register("events_skipped", "Events that the mapping skipped, by reason", metrics.skipped.clone());
        registry.register("events_dead", "Events that became dead letters, by reason", metrics.dead.clone());
        registry.register("requests_delivered", "Requests answered with success", metrics.requests.clone());
        registry.register("calls_unchanged", "Calls not sent, for they said nothing new", metrics.unchanged.clone());
        registry.register("attempts_failed", "Attempts that have to be made again", metrics.retries.clone());
        registry.register(
            "events_without_account",
            "Events delivered that reach no account",
            metrics.without_account.clone(),
        );
        registry.register(
            "events_repinned",
            "Events mapped by the version before, for the one in force failed on them",
            metrics.repinned.clone(),
        );
        registry.register("rollbacks", "Versions taken back by themselves", metrics.rollbacks.clone());
        registry.register(
            "selector_fallbacks",
            "Events mapped by the mapping's own rule, for the group selector failed on them, by what it failed of",
            metrics.selector_fallbacks.clone(),
        );
        registry.register("mapping_version", "The version in force", metrics.version.clone());
        registry.register("events_retrying", "Events that wait to be tried again", metrics.retrying.clone());
        registry.register("destination_closed", "1 while the destination is left alone", metrics.closed.clone());
        registry.register("mapping_seconds", "Time of mapping a batch", metrics.mapping_seconds.clone());
        registry.register("delivery_seconds", "Time from accepted to delivered", metrics.delivery_seconds.clone());
        drop(registry);
        metrics
    }

    /// Adds what others count to what is shown.
    pub fn add_collector(&self, collector: Box<dyn Collector>) {
        self.lock().register_collector(collector);
    }

    /// Everything, in Prometheus' text form.
    ///
    /// # Errors
    /// Never in practice: writing to a string does not fail.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.lock())?;
        Ok(text)
    }

    /// The handles of a tenant; the same ones for the same name.
    pub fn tenant(&self, name: &str) -> TenantMetrics {
        let labels = Labels { tenant: name.to_owned() };
        TenantMetrics {
            tenant: name.to_owned(),
            skipped_by: self.skipped.clone(),
            dead_by: self.dead.clone(),
            fallbacks_by: self.selector_fallbacks.clone(),
            delivered: self.delivered.get_or_create_owned(&labels),
            skipped: Counter::default(),
            dead: Counter::default(),
            requests: self.requests.get_or_create_owned(&labels),
            unchanged: self.unchanged.get_or_create_owned(&labels),
            retries: self.retries.get_or_create_owned(&labels),
            without_account: self.without_account.get_or_create_owned(&labels),
            repinned: self.repinned.get_or_create_owned(&labels),
            rollbacks: self.rollbacks.get_or_create_owned(&labels),
            version: self.version.get_or_create_owned(&labels),
            retrying: self.retrying.get_or_create_owned(&labels),
            closed: self.closed.get_or_create_owned(&labels),
            mapping_seconds: self.mapping_seconds.get_or_create_owned(&labels),
            delivery_seconds: self.delivery_seconds.get_or_create_owned(&labels),
            seen_reasons: std::sync::Arc::default(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TenantMetrics {
    /// Counts a skipped event.
    pub fn count_skipped(&self, reason: &str) {
        self.skipped.inc();
        self.skipped_by.get_or_create(&self.reason(reason)).inc();
    }

    /// Counts a dead letter.
    pub fn count_dead(&self, reason: &str) {
        self.dead.inc();
        self.dead_by.get_or_create(&self.reason(reason)).inc();
    }

    /// Counts an event on which the group selector failed in this way, and the mapping's own rule stepped in.
    pub fn count_fallback(&self, kind: &'static str) {
        self.fallbacks_by.get_or_create(&KindLabels { tenant: self.tenant.clone(), kind }).inc();
    }

    fn reason(&self, reason: &str) -> ReasonLabels {
        let mut seen = self.seen_reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let reason: String = reason.chars().take(REASON_CHARS).collect();
        let known = seen.contains(&reason) || (seen.len() < REASONS && seen.insert(reason.clone()));
        let reason = if known { reason } else { OTHER_REASONS.to_owned() };
        ReasonLabels { tenant: self.tenant.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_prometheus_names_and_reasons_are_bounded() {
        let metrics = Metrics::new();
        let tenant = metrics.tenant("acme");
        tenant.delivered.inc();
        (0..200).for_each(|number| tenant.count_skipped(&format!("reason {number}")));
        tenant.count_fallback("invalid output");
        let text = metrics.encode().unwrap();
        let fallback = "accoil_stream_selector_fallbacks_total{tenant=\"acme\",kind=\"invalid output\"} 1\n";
        assert!(text.contains(fallback), "{text}");
        assert!(text.contains("accoil_stream_events_delivered_total{tenant=\"acme\"} 1\n"), "{text}");
        assert_eq!(text.matches("events_skipped_total{").count(), REASONS + 1);
        assert!(text.contains("reason=\"(other reasons)\"} 150\n"), "{text}");
    }
}
