//! `/metrics`: what was counted, and the state of the store as of now.
//!
//! The exposition format is OpenMetrics' (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Admin;
use super::reply::{Refusal, Reply, text};
use crate::event::now_ms;
use crate::ingest::{IngestCounts, Reason, Route};
use crate::queue::{Health, TenantId, TenantStats};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The line that ends an exposition.
const END: &str = "# EOF\n";

/// The tenant of requests that showed no known key.
const NOBODY: &str = "(unknown)";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByTenant {
    tenant: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRoute {
    tenant: String,
    route: &'static str,
    result: &'static str,
}

/// Everything, as text.
pub(super) async fn metrics(admin: &Admin) -> Reply {
    let failed = |error: std::fmt::Error| Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "metrics",
        message: error.to_string(),
    };
    for running in admin.service.tenants().into_values() {
        running.metrics.closed.set(i64::from(running.handle.destination().closed.is_some()));
    }
    let mut counted = admin.service.metrics().encode().map_err(failed)?;
    let mut registry = Registry::with_prefix("accoil_stream");
    let stats = admin.service.queue().tenant_stats().await?;
    let names: BTreeMap<TenantId, String> =
        admin.service.tenants().into_iter().map(|(name, running)| (running.handle.id(), name)).collect();
    add_queues(&mut registry, &names, &stats);
    add_store(admin, &mut registry).await?;
    add_door(admin, &mut registry);
    if counted.ends_with(END) {
        counted.truncate(counted.len() - END.len());
    }
    prometheus_client::encoding::text::encode(&mut counted, &registry).map_err(failed)?;
    Ok(text(StatusCode::OK, CONTENT_TYPE, counted))
}

type Value<'a> = &'a dyn Fn(&TenantStats) -> u64;

fn add_queues(registry: &mut Registry, names: &BTreeMap<TenantId, String>, stats: &BTreeMap<TenantId, TenantStats>) {
    let now = now_ms();
    let seconds = |ms: u64| ms / 1000;
    let oldest = |stats: &TenantStats| stats.oldest.map_or(0, |oldest| seconds(now.saturating_sub(oldest)));
    let gauges: [(&str, &str, Value<'_>); 6] = [
        ("queue_events", "Events that have not ended", &|stats| stats.queued),
        ("queue_bytes", "Size of the events that have not ended", &|stats| stats.queued_bytes),
        ("queue_oldest_seconds", "Age of the oldest event that has not ended", &oldest),
        ("dead_letters", "Dead letters kept", &|stats| stats.dead),
        ("dead_letter_bytes", "Size of their events", &|stats| stats.dead_bytes),
        ("dedup_window_seconds", "How far back duplicates are recognised", &|stats| seconds(stats.dedup_window_ms)),
    ];
    for (name, help, value) in gauges {
        let family = Family::<ByTenant, Gauge>::default();
        for (id, tenant) in names {
            let stats = stats.get(id).copied().unwrap_or_default();
            family.get_or_create(&ByTenant { tenant: tenant.clone() }).set(signed(value(&stats)));
        }
        registry.register(name, help, family);
    }
}

async fn add_store(admin: &Admin, registry: &mut Registry) -> Result<(), Refusal> {
    let stats = admin.service.queue().store_stats().await?;
    let health = admin.service.queue().health().borrow().clone();
    for (name, help, value) in [
        ("store_file_bytes", "Size of the store's files", stats.file_bytes),
        ("store_used_bytes", "Bytes of the store in use", stats.used_bytes),
        ("store_free_bytes", "Bytes free on the store's disk", stats.free_bytes),
        ("store_failing", "1 while the store can't be written", u64::from(matches!(health, Health::Failing { .. }))),
        ("store_full", "1 while it takes in no new events", u64::from(matches!(health, Health::Full { .. }))),
        ("uptime_seconds", "Time since the start", admin.service.uptime().as_secs()),
    ] {
        let gauge: Gauge = Gauge::default();
        gauge.set(signed(value));
        registry.register(name, help, gauge);
    }
    for (name, help, value) in [
        ("store_commits", "Commits since the start", stats.commits),
        ("store_damaged_rows", "Rows that did not fit their checksum", stats.damaged),
    ] {
        registry.register(name, help, counter(value));
    }
    Ok(())
}

type Count = fn(&IngestCounts) -> &AtomicU64;

fn add_door(admin: &Admin, registry: &mut Registry) {
    let door = admin.service.door();
    let tenants = door.counts();
    let events: [(&str, &str, Count); 4] = [
        ("events_accepted", "Events that are on disk", |counts| &counts.events),
        ("events_duplicate", "Events that were known already", |counts| &counts.duplicates),
        ("events_invalid", "Events that could not be taken for what they are", |counts| &counts.invalid_events),
        ("accepted_bytes", "Size of the events that were accepted", |counts| &counts.bytes),
    ];
    for (name, help, value) in events {
        let family = Family::<ByTenant, Counter>::default();
        for tenant in &tenants {
            let labels = ByTenant { tenant: tenant.name.clone() };
            family.get_or_create(&labels).inc_by(value(&tenant.counts).load(Ordering::Relaxed));
        }
        registry.register(name, help, family);
    }
    let requests = Family::<ByRoute, Counter>::default();
    let strangers = door.counts_of_strangers();
    let all = tenants.iter().map(|tenant| (tenant.name.as_str(), &tenant.counts)).chain([(NOBODY, &strangers)]);
    for (tenant, counts) in all {
        for route in Route::ALL {
            let taken = std::iter::once(("ok", counts.taken(route)));
            let refused = Reason::ALL.iter().map(|reason| (reason.code(), counts.refused(route, *reason)));
            for (result, number) in taken.chain(refused).filter(|(_, number)| *number > 0) {
                let labels = ByRoute { tenant: tenant.to_owned(), route: route.name(), result };
                requests.get_or_create(&labels).inc_by(number);
            }
        }
    }
    registry.register("requests", "Requests of senders, by route and result", requests);
}

fn counter(value: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(value);
    counter
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
