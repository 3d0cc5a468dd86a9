//! Versions: which there are, and going to one of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json as value;
use serde_json::value::RawValue;

use super::Admin;
use super::asked::{Asked, asker, needed, number};
use super::deploy::{SelectorTold, ms};
use super::explain::{raw, time};
use super::reply::{Reply, detached, json};
use crate::queue::{Activation, KnownVersion, WHOLE};
use crate::service::ServiceError;
use crate::tenant::Switched;
use crate::versions::Pin;

/// How many versions and activations are listed when nothing is said, and at most: settings can be
/// long.
const LISTED: usize = 20;
const MOST_LISTED: usize = 1000;

#[derive(Serialize)]
struct Listed {
    tenant: String,
    in_force: ActivationTold,
    /// Newest first.
    versions: Vec<VersionTold>,
    /// Newest first.
    activations: Vec<ActivationTold>,
    /// Whether there are older ones of either.
    more: bool,
    /// How many.
    older: Older,
}

#[derive(Serialize)]
struct Older {
    versions: usize,
    activations: usize,
}

#[derive(Serialize)]
struct VersionTold {
    version: u32,
    at: String,
    by: String,
    reason: String,
    mapping: Option<String>,
    settings_digest: Option<String>,
    settings: Option<Box<RawValue>>,
    /// The group selector, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<SelectorTold>,
}

#[derive(Serialize)]
struct ActivationTold {
    activation: u64,
    from: u64,
    at: String,
    version: u32,
    canary: Option<CanaryTold>,
    fallback: Option<FallbackTold>,
    by: String,
    reason: String,
}

#[derive(Serialize)]
struct CanaryTold {
    version: u32,
    share: f64,
}

#[derive(Serialize)]
struct FallbackTold {
    version: u32,
    until: String,
}

/// Lists versions, and when each was in force; or one version, and when it was.
pub(super) async fn list(admin: &Admin, asked: &Asked) -> Reply {
    let [tenant, limit, only] = asked.only(["tenant", "limit", "version"])?;
    let tenant = needed("tenant", tenant)?;
    let limit = number("limit", limit)?.unwrap_or(LISTED).clamp(1, MOST_LISTED);
    let in_force = admin.service.tenant(&tenant)?.handle.in_force();
    let only: Option<u32> = number("version", only)?;
    let mut ledger = admin.service.versions(&tenant).await?;
    if let Some(only) = only {
        ledger.versions.retain(|version| version.number == only);
        ledger.activations.retain(|activation| activation.version == only);
        if ledger.versions.is_empty() {
            return Err(ServiceError::UnknownVersion { tenant, version: only }.into());
        }
    }
    let older = Older {
        versions: ledger.versions.len().saturating_sub(limit),
        activations: ledger.activations.len().saturating_sub(limit),
    };
    json(&Listed {
        tenant,
        in_force: activation(&in_force.activation),
        versions: ledger.versions.iter().rev().take(limit).map(version).collect(),
        activations: ledger.activations.iter().rev().take(limit).map(activation).collect(),
        more: older.versions + older.activations > 0,
        older,
    })
}

fn version(known: &KnownVersion) -> VersionTold {
    let pin = Pin::from_json(&known.pin);
    let pin = pin.as_ref();
    VersionTold {
        version: known.number,
        at: time(known.at),
        by: known.by.clone(),
        reason: known.reason.clone(),
        mapping: pin.map(|pin| format!("sha256:{}", pin.mapping)),
        settings_digest: pin.map(Pin::settings_digest),
        settings: pin.map(|pin| raw(pin.settings.as_bytes())),
        selector: pin.and_then(|pin| pin.selector.as_ref()).map(SelectorTold::with_settings),
    }
}

fn activation(activation: &Activation) -> ActivationTold {
    ActivationTold {
        activation: activation.number,
        from: activation.from,
        at: time(activation.at),
        version: activation.version,
        canary: activation
            .canary
            .map(|canary| CanaryTold { version: canary.version, share: f64::from(canary.share) / f64::from(WHOLE) }),
        fallback: activation
            .fallback
            .map(|fallback| FallbackTold { version: fallback.version, until: time(fallback.until) }),
        by: activation.by.clone(),
        reason: activation.reason.clone(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollBack {
    tenant: String,
    to: Option<u32>,
    by: String,
    reason: String,
}

/// Goes back to a version.
pub(super) async fn roll_back(admin: &Arc<Admin>, asked: &Asked) -> Reply {
    let RollBack { tenant, to, by, reason } = asked.json()?;
    let (service, asker, name) = (Arc::clone(&admin.service), asker(&by, &reason)?, tenant.clone());
    let switched = detached(async move { service.roll_back(&name, to, &asker).await }).await??;
    json(&told(&tenant, &switched))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Promote {
    tenant: String,
    by: String,
    reason: String,
}

/// Puts the canary's version in force for all users.
pub(super) async fn promote(admin: &Arc<Admin>, asked: &Asked) -> Reply {
    let Promote { tenant, by, reason } = asked.json()?;
    let (service, asker, name) = (Arc::clone(&admin.service), asker(&by, &reason)?, tenant.clone());
    let switched = detached(async move { service.promote(&name, &asker).await }).await??;
    json(&told(&tenant, &switched))
}

fn told(tenant: &str, switched: &Switched) -> serde_json::Value {
    value!({
        "tenant": tenant,
        "version": switched.activation.version,
        "from": switched.activation.from,
        "before": {
            "version": switched.before.version,
            "canary": switched.before.canary.map(|canary| canary.version),
        },
        "times_ms": { "switch": ms(switched.took), "write": ms(switched.wrote) },
    })
}
