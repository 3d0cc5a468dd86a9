//! What is in force when a tenant's loop starts: what was before, or what the configuration says if
//! it says something new.
//!
//! What is in the store is the truth; the configuration is one of the ways to change it. So what was
//! deployed or taken back by command outlasts a restart, and a mapping in the configuration counts
//! when it is not the one that was there when the configuration was last taken over.

use std::collections::HashMap;
use std::sync::Arc;

use super::start::Configured;
use super::{Setup, TenantError};
use crate::event::now_ms;
use crate::queue::{
    self, Activation, AuditEntry, Fact, KnownVersion, NewActivation, QueueError, Seq, Space, TakeLimits, TenantId,
};
use crate::versions::{Candidate, Fallback, InForce, Pin, Split, Timeline, Version};

/// Under which key the mapping of the configuration is remembered.
const CONFIGURED: &[u8] = b"configured";

/// Makes the timeline of what is needed from now on, with what is in force for the next event as its
/// newest.
pub(super) async fn timeline(
    setup: &Setup,
    id: TenantId,
    name: &str,
    recover_to: Seq,
    configured: &Configured,
) -> Result<Timeline, TenantError> {
    let last = setup.queue.activations_from(id, recover_to.saturating_add(1)).await?.pop();
    let versions = setup.queue.versions(id).await?;
    let mut loader = Loader { setup, name, versions: by_number(versions), ready: HashMap::new() };
    let newest = match last {
        Some(last) if !is_new(setup, id, &configured.mapping).await? => loader.resume(id, last, configured).await?,
        last => {
            let before = last.map(|last| last.version);
            loader.put_in_force(id, configured.mapping.clone(), before, None, "configure", configured).await?
        }
    };
    remember(setup, id, &configured.mapping).await?;
    let mut timeline = Timeline::default();
    for activation in needed(setup, id, recover_to).await? {
        if activation.number != newest.activation.number {
            timeline.push(loader.earlier(activation, &newest).await?);
        }
    }
    timeline.push(newest);
    Ok(timeline)
}

/// Whether the configuration says something else than when it was last taken over.
pub(super) async fn is_new(setup: &Setup, id: TenantId, mapping: &Candidate) -> Result<bool, QueueError> {
    let facts = setup.queue.facts(id, Space::Rollout).await?;
    let before = facts.iter().find(|(key, _, _)| key == CONFIGURED);
    let before = before.and_then(|(_, value, _)| Pin::from_json(&String::from_utf8_lossy(value)));
    Ok(before.is_none_or(|before| !before.has_content_of(&mapping.pin)))
}

/// Notes what the configuration says, once it is in force.
pub(super) async fn remember(setup: &Setup, id: TenantId, mapping: &Candidate) -> Result<(), QueueError> {
    let value = mapping.pin.to_json().into_bytes();
    let fact = Fact { space: Space::Rollout, key: CONFIGURED.to_vec(), value: Some(value) };
    setup.queue.record(id, Vec::new(), vec![fact]).await
}

fn by_number(versions: Vec<KnownVersion>) -> HashMap<u32, KnownVersion> {
    versions.into_iter().map(|version| (version.number, version)).collect()
}

/// What was in force for events that were taken and have not ended.
async fn needed(setup: &Setup, id: TenantId, recover_to: Seq) -> Result<Vec<Activation>, QueueError> {
    let one = TakeLimits { events: 1, bytes: 1 };
    let Some(first) = setup.queue.unsettled(id, 0, one).await?.first().map(|event| event.seq) else {
        return Ok(Vec::new());
    };
    let all = setup.queue.activations_from(id, first).await?;
    Ok(all.into_iter().filter(|activation| activation.from <= recover_to).collect())
}

struct Loader<'a> {
    setup: &'a Setup,
    name: &'a str,
    versions: HashMap<u32, KnownVersion>,
    ready: HashMap<u32, Result<Arc<Version>, String>>,
}

impl Loader<'_> {
    /// What is in force goes on, if it can be made ready as it was.
    async fn resume(
        &mut self,
        id: TenantId,
        last: Activation,
        configured: &Configured,
    ) -> Result<InForce, TenantError> {
        match self.in_force(last.clone()).await? {
            Ok(in_force) => Ok(in_force),
            Err(problem) => {
                let version = last.version;
                tracing::error!(tenant = self.name, version, "what was in force can't go on as it was: {problem}");
                let again = self.again(version).await?;
                let is_other = again.is_none();
                let mapping = again.unwrap_or_else(|| configured.mapping.clone());
                let what = if is_other { "replace" } else { "repin" };
                self.put_in_force(id, mapping, None, Some(problem), what, configured).await
            }
        }
    }

    /// The mapping and the settings of a version, under the limits of this start.
    async fn again(&self, number: u32) -> Result<Option<Candidate>, TenantError> {
        let Some(pin) = self.versions.get(&number).and_then(|version| Pin::from_json(&version.pin)) else {
            return Ok(None);
        };
        Ok(self.candidate(&pin).await?.ok())
    }

    async fn put_in_force(
        &mut self,
        id: TenantId,
        mapping: Candidate,
        before: Option<u32>,
        because: Option<String>,
        what: &str,
        configured: &Configured,
    ) -> Result<InForce, TenantError> {
        let audit = AuditEntry {
            tenant: Some(self.name.to_owned()),
            what: what.to_owned(),
            by: configured.by.clone(),
            reason: because.unwrap_or_else(|| configured.reason.clone()),
            detail: "{}".to_owned(),
        };
        // A new mapping is watched, also when the service was started to bring it.
        let until = now_ms().saturating_add(u64::try_from(configured.watch.as_millis()).unwrap_or(u64::MAX));
        let fallback = before.map(|version| queue::Fallback { version, until });
        let fallback = fallback.filter(|_| !configured.watch.is_zero());
        let new = NewActivation { pin: mapping.pin.to_json(), canary: None, fallback, audit };
        let activation = self.setup.queue.activate(id, None, new).await?;
        let (version, from) = (activation.version, activation.from);
        tracing::info!(tenant = self.name, version, from, what, "version in force at the start");
        let live = Arc::new(Version { number: activation.version, what: mapping });
        // What was in force already goes on as it was: if it is watched, what was taken under it may have been
        // delivered in part by the version before.
        let fallback = self.fallback(activation.fallback).await?;
        Ok(InForce { activation, live, canary: None, fallback })
    }

    /// What was in force for events that have not ended. Where a version can't be made ready as it
    /// was, as under other limits, they run under what is in force now, and their records say so.
    async fn earlier(&mut self, activation: Activation, newest: &InForce) -> Result<InForce, TenantError> {
        match self.in_force(activation.clone()).await? {
            Ok(in_force) => Ok(in_force),
            Err(problem) => {
                tracing::error!(
                    tenant = self.name,
                    version = activation.version,
                    from = activation.from,
                    "events of this version are mapped by version {} instead: {problem}",
                    newest.live.number
                );
                Ok(InForce { activation, live: Arc::clone(&newest.live), canary: None, fallback: None })
            }
        }
    }

    async fn in_force(&mut self, activation: Activation) -> Result<Result<InForce, String>, TenantError> {
        let live = match self.version(activation.version).await? {
            Ok(live) => live,
            Err(problem) => return Ok(Err(problem)),
        };
        let canary = match activation.canary {
            None => None,
            Some(canary) => match self.version(canary.version).await? {
                Ok(version) => Some((Split::new(version.what.pin.digest(), canary.share), version)),
                Err(problem) => return Ok(Err(problem)),
            },
        };
        let fallback = self.fallback(activation.fallback).await?;
        Ok(Ok(InForce { activation, live, canary, fallback }))
    }

    /// Without it the version is not watched any more, which is no reason not to go on.
    async fn fallback(&mut self, recorded: Option<queue::Fallback>) -> Result<Option<Fallback>, TenantError> {
        let Some(queue::Fallback { version, until }) = recorded else { return Ok(None) };
        Ok(self.version(version).await?.ok().map(|version| Fallback { version, until }))
    }

    async fn version(&mut self, number: u32) -> Result<Result<Arc<Version>, String>, TenantError> {
        if let Some(ready) = self.ready.get(&number) {
            return Ok(ready.clone());
        }
        let pin = self.versions.get(&number).and_then(|version| Pin::from_json(&version.pin));
        let ready = match pin {
            None => Err(format!("version {number} is not in the store")),
            Some(pin) => match self.candidate(&pin).await? {
                Ok(what) if what.pin == pin => Ok(Arc::new(Version { number, what })),
                Ok(_) => Err(format!("version {number} was made under other limits or by another host format")),
                Err(problem) => Err(format!("version {number}: {problem}")),
            },
        };
        self.ready.insert(number, ready.clone());
        Ok(ready)
    }

    async fn candidate(&self, pin: &Pin) -> Result<Result<Candidate, String>, TenantError> {
        let Some(parts) = self.setup.parts(pin).await? else {
            return Ok(Err("its component is not in the store".to_owned()));
        };
        let library = Arc::clone(&self.setup.library);
        let loaded = tokio::task::spawn_blocking(move || library.candidate(&parts)).await;
        let now = |problem: String| TenantError::NotReady { mapping: pin.mapping.clone(), problem };
        match loaded {
            Ok(Ok(candidate)) => Ok(Ok(candidate)),
            // What can't be compiled now is not lost: it must not be replaced for that.
            Ok(Err(error)) if error.may_pass() => Err(now(error.to_string())),
            Ok(Err(error)) => Ok(Err(error.to_string())),
            Err(error) => Err(now(format!("compiling it failed inside the host: {error}"))),
        }
    }
}
