//! Experiments: candidates that run beside what is in force, without delivering.

use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Admin;
use super::asked::{Asked, asker, needed, share};
use super::deploy::SelectorTold;
use super::explain::{raw, time};
use super::offer::{Component, Selector, SelectorFields, offer};
use super::reply::{Refusal, Reply, detached, json};
use crate::compare::Summary;
use crate::queue::WHOLE;
use crate::sandbox::OnFault;
use crate::service::{Experiment, ExperimentStatus};

#[derive(Serialize)]
struct Told {
    tenant: String,
    mapping: String,
    settings_digest: String,
    settings: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<SelectorTold>,
    share: f64,
    started_at: String,
    by: String,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Summary>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start<'a> {
    tenant: String,
    #[serde(borrow)]
    component: Component<'a>,
    #[serde(borrow)]
    settings: Option<&'a RawValue>,
    #[serde(borrow, default)]
    selector: Selector<'a>,
    #[serde(borrow)]
    selector_settings: Option<&'a RawValue>,
    selector_on_fault: Option<OnFault>,
    share: f64,
    by: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    tenant: String,
    by: String,
    reason: String,
}

/// What the experiment of a tenant found so far.
pub(super) async fn status(admin: &Admin, asked: &Asked) -> Reply {
    let [tenant] = asked.only(["tenant"])?;
    let tenant = needed("tenant", tenant)?;
    is_running(admin, &tenant)?;
    let ExperimentStatus { experiment, counted_since, report } = admin.service.experiment(&tenant).await?;
    json(&Told { counted_since: Some(time(counted_since)), report: Some(report), ..told(tenant, &experiment) })
}

/// Starts one.
pub(super) async fn start(admin: &Arc<Admin>, asked: Asked) -> Reply {
    let Start { tenant, component, settings, selector, selector_settings, selector_on_fault, share: part, by, reason } =
        asked.json()?;
    let selector = SelectorFields { selector, settings: selector_settings, on_fault: selector_on_fault };
    let (asker, part, offer) = (asker(&by, &reason)?, share(part)?, offer(admin, component, settings, selector)?);
    drop(asked);
    let (service, name) = (Arc::clone(&admin.service), tenant.clone());
    let started = detached(async move { service.start_experiment(&name, &offer, part, &asker).await });
    json(&told(tenant, &started.await??))
}

/// Ends one, and tells what it found.
pub(super) async fn stop(admin: &Arc<Admin>, asked: &Asked) -> Reply {
    let Stop { tenant, by, reason } = asked.json()?;
    is_running(admin, &tenant)?;
    let (service, asker, name) = (Arc::clone(&admin.service), asker(&by, &reason)?, tenant.clone());
    let stopped = detached(async move { service.stop_experiment(&name, &asker).await }).await??;
    let ExperimentStatus { experiment, counted_since, report } = stopped;
    json(&Told { counted_since: Some(time(counted_since)), report: Some(report), ..told(tenant, &experiment) })
}

fn is_running(admin: &Admin, tenant: &str) -> Result<(), Refusal> {
    match admin.service.tenant(tenant)?.handle.shadow() {
        Some(_) => Ok(()),
        None => Err(Refusal {
            status: StatusCode::NOT_FOUND,
            code: "no-experiment",
            message: format!("tenant {tenant}: no experiment is running"),
        }),
    }
}

fn told(tenant: String, experiment: &Experiment) -> Told {
    Told {
        tenant,
        mapping: format!("sha256:{}", experiment.pin.mapping),
        settings_digest: experiment.pin.settings_digest(),
        settings: raw(experiment.pin.settings.as_bytes()),
        selector: experiment.pin.selector.as_ref().map(SelectorTold::with_settings),
        share: f64::from(experiment.share) / f64::from(WHOLE),
        started_at: time(experiment.started_at),
        by: experiment.by.clone(),
        reason: experiment.reason.clone(),
        counted_since: None,
        report: None,
    }
}
