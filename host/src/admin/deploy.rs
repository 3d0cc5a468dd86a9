//! Deploying a mapping to one tenant, or to all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json as value};

use super::Admin;
use super::asked::{Asked, BodyLimit, asker, share};
use super::explain::raw;
use super::offer::{Component, Selector, SelectorFields, offer};
use super::reply::{Refusal, Reply, detached, json, with_status};
use crate::queue::WHOLE;
use crate::sandbox::OnFault;
use crate::service::{Deployed, DeployedAll, Deployment};
use crate::versions::SelectorPin;

/// Room in a body beside the component.
const ROOM: usize = 1024 * 1024;

/// How long a component may take to come in.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(120);

/// How long each tenant is looked at before the next one follows, in seconds, when nothing is said.
const LOOK_S: u64 = 10;

/// The longest such look, in seconds.
const MOST_LOOK_S: u64 = 3600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deploy<'a> {
    tenant: Option<String>,
    #[serde(default)]
    all: bool,
    #[serde(borrow)]
    component: Component<'a>,
    #[serde(borrow)]
    settings: Option<&'a RawValue>,
    #[serde(borrow, default)]
    selector: Selector<'a>,
    #[serde(borrow)]
    selector_settings: Option<&'a RawValue>,
    selector_on_fault: Option<OnFault>,
    canary: Option<f64>,
    expect: Option<u32>,
    #[serde(default)]
    dry_run: bool,
    by: String,
    reason: String,
    look_s: Option<u64>,
}

/// How long a body may be that brings components.
pub(super) fn upload_limit(admin: &Admin) -> BodyLimit {
    let component = admin.service.config().limits.component_bytes;
    BodyLimit {
        // Four characters for three bytes; a mapping and a selector.
        bytes: component.div_ceil(3).saturating_mul(4 * 2).saturating_add(ROOM),
        name: "twice limits.component_bytes in base64, and 1 MiB",
        patience: UPLOAD_PATIENCE,
    }
}

/// Deploys a mapping.
pub(super) async fn deploy(admin: &Arc<Admin>, asked: Asked) -> Reply {
    let (target, look, deployment) = read(admin, &asked)?;
    // A component is large: it is not kept twice for as long as this takes.
    drop(asked);
    let service = Arc::clone(&admin.service);
    let (start, is_dry_run) = (Instant::now(), deployment.dry_run);
    match target {
        Some(tenant) => {
            let deployed = detached(async move { service.deploy(&tenant, &deployment).await }).await??;
            let mut told = told(&deployed, is_dry_run);
            if let Some(times) = told.get_mut("times_ms").and_then(Value::as_object_mut) {
                times.insert("total".to_owned(), ms(start.elapsed()).into());
            }
            json(&told)
        }
        None => {
            let all = detached(async move { service.deploy_to_all(&deployment, look).await }).await?;
            told_all(all, is_dry_run, start.elapsed())
        }
    }
}

fn read(admin: &Admin, asked: &Asked) -> Result<(Option<String>, Duration, Deployment), Refusal> {
    let Deploy {
        tenant,
        all,
        component,
        settings,
        selector,
        selector_settings,
        selector_on_fault,
        canary,
        expect,
        dry_run,
        by,
        reason,
        look_s,
    } = asked.json()?;
    let bad = |problem: &str| Err(Refusal::bad_request("admin-body", problem));
    if tenant.is_some() == all {
        return bad("say either \"tenant\":\"NAME\" or \"all\":true");
    }
    if all && expect.is_some() {
        return bad("expect is about the version of one tenant: it does not go with all");
    }
    if look_s.is_some_and(|look| look > MOST_LOOK_S) {
        return bad(&format!("look_s is at most {MOST_LOOK_S}"));
    }
    let selector = SelectorFields { selector, settings: selector_settings, on_fault: selector_on_fault };
    let deployment = Deployment {
        asker: asker(&by, &reason)?,
        canary: canary.map(share).transpose()?,
        expected: expect,
        dry_run,
        offer: offer(admin, component, settings, selector)?,
    };
    Ok((tenant, Duration::from_secs(look_s.unwrap_or(LOOK_S)), deployment))
}

fn told(deployed: &Deployed, is_dry_run: bool) -> Value {
    let activation = deployed.activation.as_ref();
    let canary = activation.and_then(|activation| activation.canary);
    value!({
        "tenant": deployed.tenant,
        "mapping": format!("sha256:{}", deployed.pin.mapping),
        "settings_digest": deployed.pin.settings_digest(),
        "selector": deployed.pin.selector.as_ref().map(SelectorTold::of),
        "version": activation.map(|activation| canary.map_or(activation.version, |canary| canary.version)),
        "live": activation.map(|activation| activation.version),
        "canary": canary.map(|canary| f64::from(canary.share) / f64::from(WHOLE)),
        "from": activation.map(|activation| activation.from),
        "changed": deployed.is_changed,
        "dry_run": is_dry_run,
        "before": {
            "version": deployed.before_version,
            "mapping": format!("sha256:{}", deployed.before.mapping),
            "settings_digest": deployed.before.settings_digest(),
            "selector": deployed.before.selector.as_ref().map(SelectorTold::of),
        },
        "times_ms": {
            "admission": ms(deployed.admission),
            "switch": ms(deployed.switch),
            "write": ms(deployed.write),
        },
    })
}

/// The group selector of a version, as it is told.
#[derive(Serialize)]
pub(super) struct SelectorTold {
    component: String,
    settings_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Box<RawValue>>,
    on_fault: OnFault,
}

impl SelectorTold {
    /// Without its settings.
    pub(super) fn of(pin: &SelectorPin) -> Self {
        Self {
            component: format!("sha256:{}", pin.component),
            settings_digest: pin.settings_digest(),
            settings: None,
            on_fault: pin.on_fault,
        }
    }

    /// With them.
    pub(super) fn with_settings(pin: &SelectorPin) -> Self {
        Self { settings: Some(raw(pin.settings.as_bytes())), ..Self::of(pin) }
    }
}

/// One that stopped has the status and the code of what stopped it, so that nobody takes it for done.
fn told_all(all: DeployedAll, is_dry_run: bool, took: Duration) -> Reply {
    let deployed: Vec<Value> = all.deployed.iter().map(|deployed| told(deployed, is_dry_run)).collect();
    let mut answer = value!({ "deployed": deployed, "stopped": null, "total_ms": ms(took) });
    let Some((tenant, error)) = all.stopped else { return json(&answer) };
    let Refusal { status, code, message } = Refusal::from(error);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("stopped".to_owned(), tenant.into());
        answer.insert("code".to_owned(), code.into());
        answer.insert("message".to_owned(), message.into());
    }
    with_status(status, &answer)
}

/// Milliseconds, to the microsecond.
pub(super) fn ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}
