//! The state of everything, at a glance.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::Admin;
use super::deploy::SelectorTold;
use super::explain::time;
use super::reply::{Reply, json, text};
use crate::event::now_ms;
use crate::queue::{Health, TenantStats, UnixMs, WHOLE};
use crate::service::Running;
use crate::tenant::gate::Closed;
use crate::versions::Tally;

#[derive(Serialize)]
struct Status<'a> {
    version: &'static str,
    uptime_s: u64,
    health: StoreHealth,
    store: Store,
    /// Why what the configuration's file says is not in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    unused_config: Option<String>,
    tenants: Vec<Tenant<'a>>,
}

#[derive(Serialize)]
struct StoreHealth {
    store: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Serialize)]
struct Store {
    file_bytes: u64,
    used_bytes: u64,
    free_bytes: u64,
    damaged: u64,
}

#[derive(Serialize)]
struct Tenant<'a> {
    name: &'a str,
    enabled: bool,
    paused: bool,
    version: u32,
    mapping: String,
    settings_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<SelectorTold>,
    /// The first event that this is in force for.
    from: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<CanaryState>,
    /// Until when the version is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    watched_until: Option<String>,
    /// What the version that is watched made of events lately, with what the version before would
    /// not have failed on or rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    trial: Option<TrialState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rolled_back: Option<RolledBackState>,
    /// Whether a candidate runs beside.
    experiment: bool,
    queued: u64,
    queued_bytes: u64,
    oldest_age_s: Option<u64>,
    accepted: u64,
    delivered: u64,
    skipped: u64,
    dead: u64,
    dead_letters: u64,
    dead_letter_bytes: u64,
    accepted_per_s: f64,
    delivered_per_s: f64,
    retrying: i64,
    destination: &'static str,
    destination_until_s: Option<u64>,
    last_error: Option<String>,
    dedup_window_s: u64,
}

#[derive(Serialize)]
struct CanaryState {
    version: u32,
    mapping: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<SelectorTold>,
    share: f64,
}

#[derive(Serialize)]
struct TrialState {
    version: u32,
    /// The version that takes over.
    good: u32,
    events: u64,
    faults: u64,
    rejects: u64,
}

#[derive(Serialize)]
struct RolledBackState {
    at: String,
    condemned: u32,
    to: u32,
    from: u64,
    reason: String,
}

/// The process is alive.
pub(super) fn alive() -> Response {
    text(StatusCode::OK, "application/json", r#"{"status":"alive"}"#.to_owned())
}

/// Whether events can be taken in.
pub(super) fn ready(admin: &Admin) -> Response {
    let is_closing = *admin.service.closing().borrow();
    let problem = match &*admin.service.queue().health().borrow() {
        _ if is_closing => Some("closing"),
        Health::Failing { .. } => Some("store-failing"),
        Health::Full { .. } => Some("store-full"),
        Health::Good => None,
    };
    match problem {
        None => text(StatusCode::OK, "application/json", r#"{"status":"ready"}"#.to_owned()),
        Some(problem) => {
            text(StatusCode::SERVICE_UNAVAILABLE, "application/json", format!(r#"{{"status":"{problem}"}}"#))
        }
    }
}

/// Everything at a glance.
pub(super) async fn status(admin: &Admin) -> Reply {
    let service = &admin.service;
    let stats = service.queue().tenant_stats().await?;
    let store = service.queue().store_stats().await?;
    let health = match &*service.queue().health().borrow() {
        Health::Good => StoreHealth { store: "good", problem: None },
        Health::Full { problem } => StoreHealth { store: "full", problem: Some(problem.clone()) },
        Health::Failing { problem, .. } => StoreHealth { store: "failing", problem: Some(problem.clone()) },
    };
    let (config, tenants) = (service.config(), service.tenants());
    let now = now_ms();
    let one = |tenant: &'_ crate::config::Tenant| {
        let running = tenants.get(&tenant.name)?;
        let stats = stats.get(&running.handle.id()).copied().unwrap_or_default();
        Some((tenant.name.clone(), tenant.intake.enabled, tenant.intake.paused, running.clone(), stats))
    };
    let all: Vec<_> = config.tenants.iter().filter_map(one).collect();
    json(&Status {
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: service.uptime().as_secs(),
        health,
        store: Store {
            file_bytes: store.file_bytes,
            used_bytes: store.used_bytes,
            free_bytes: store.free_bytes,
            damaged: store.damaged,
        },
        unused_config: service.unused_config(),
        tenants: all
            .iter()
            .map(|(name, enabled, paused, running, stats)| {
                let rates = admin.rates.of(running.handle.id());
                tenant((name, *enabled, *paused), running, stats, rates, now)
            })
            .collect(),
    })
}

fn tenant<'a>(
    (name, enabled, paused): (&'a str, bool, bool),
    running: &Running,
    stats: &TenantStats,
    (accepted_per_s, delivered_per_s): (f64, f64),
    now: UnixMs,
) -> Tenant<'a> {
    let in_force = running.handle.in_force();
    let pin = &in_force.live.what.pin;
    let destination = running.handle.destination();
    let metrics = &running.metrics;
    Tenant {
        name,
        enabled,
        paused,
        version: in_force.live.number,
        mapping: format!("sha256:{}", pin.mapping),
        settings_digest: pin.settings_digest(),
        selector: pin.selector.as_ref().map(SelectorTold::of),
        from: in_force.activation.from,
        canary: in_force.canary.as_ref().map(|(split, version)| CanaryState {
            version: version.number,
            mapping: format!("sha256:{}", version.what.pin.mapping),
            selector: version.what.pin.selector.as_ref().map(SelectorTold::of),
            share: f64::from(split.share()) / f64::from(WHOLE),
        }),
        watched_until: in_force.fallback.as_ref().filter(|to| now < to.until).map(|to| time(to.until)),
        trial: in_force.trial(now).map(|trial| {
            let Tally { events, faults, rejects } = running.handle.judged();
            TrialState { version: trial.tried.number, good: trial.good.number, events, faults, rejects }
        }),
        rolled_back: running.handle.rolled_back().map(|last| RolledBackState {
            at: time(last.at),
            condemned: last.condemned,
            to: last.to,
            from: last.from,
            reason: last.reason,
        }),
        experiment: running.handle.shadow().is_some(),
        queued: stats.queued,
        queued_bytes: stats.queued_bytes,
        oldest_age_s: stats.oldest.map(|oldest| now.saturating_sub(oldest) / 1000),
        accepted: stats.accepted,
        delivered: metrics.delivered.get(),
        skipped: metrics.skipped.get(),
        dead: metrics.dead.get(),
        dead_letters: stats.dead,
        dead_letter_bytes: stats.dead_bytes,
        accepted_per_s,
        delivered_per_s,
        retrying: metrics.retrying.get(),
        destination: destination.closed.map_or("open", Closed::name),
        destination_until_s: destination.opens_in.map(|wait| wait.as_secs()),
        last_error: destination.last_error,
        dedup_window_s: stats.dedup_window_ms / 1000,
    }
}
