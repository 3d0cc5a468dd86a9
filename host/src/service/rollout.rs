//! Which versions a tenant has, and going to one of them.

use std::sync::Arc;

use super::{Running, Service, ServiceError, orders};
use crate::event::Event;
use crate::queue::{Activation, AuditEntry, KnownVersion, Seq, TenantId};
use crate::tenant::{OnlyIf, Switch, SwitchError, Switched};
use crate::versions::{Candidate, InForce, Pin, Split};

/// Who asks for something, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Asker {
    pub(super) fn entry(&self, tenant: &str, what: &str, detail: serde_json::Value) -> AuditEntry {
        AuditEntry {
            tenant: Some(tenant.to_owned()),
            what: what.to_owned(),
            by: self.by.clone(),
            reason: self.reason.clone(),
            detail: detail.to_string(),
        }
    }
}

/// The versions of a tenant, and when each was in force.
#[derive(Debug)]
pub struct Ledger {
    /// All versions, oldest first.
    pub versions: Vec<KnownVersion>,
    /// All that was put in force, oldest first.
    pub activations: Vec<Activation>,
}

impl Ledger {
    /// What a version consists of.
    pub fn pin(&self, number: u32) -> Option<Pin> {
        let version = self.versions.iter().find(|version| version.number == number)?;
        Pin::from_json(&version.pin)
    }

    /// What was in force for an event.
    pub fn at(&self, seq: Seq) -> Option<&Activation> {
        self.activations.iter().rev().find(|activation| activation.from <= seq)
    }

    /// The version in force for an event, which is that of the canary for some users.
    pub(super) fn version_of(&self, seq: Seq, event: Option<&Event<'_>>) -> Option<u32> {
        let activation = self.at(seq)?;
        let canary = activation.canary.filter(|canary| {
            let split = self.pin(canary.version).map(|pin| Split::new(pin.digest(), canary.share));
            split.zip(event).is_some_and(|(split, event)| split.takes(event))
        });
        Some(canary.map_or(activation.version, |canary| canary.version))
    }

    /// The version that was live before the one that is, as a walker goes back his own way: coming to
    /// a version that was live before takes everything since off the way, so that what was left for
    /// it is not gone back to.
    fn before(&self) -> Option<u32> {
        let mut way: Vec<u32> = Vec::new();
        for activation in &self.activations {
            match way.iter().position(|version| *version == activation.version) {
                Some(place) => way.truncate(place + 1),
                None => way.push(activation.version),
            }
        }
        way.pop();
        way.pop()
    }
}

impl Service {
    /// The versions of a tenant, and when each was in force.
    ///
    /// # Errors
    /// When there is no such tenant, or the store can't be read.
    pub async fn versions(&self, tenant: &str) -> Result<Ledger, ServiceError> {
        self.ledger(self.tenant(tenant)?.handle.id()).await
    }

    pub(super) async fn ledger(&self, id: TenantId) -> Result<Ledger, ServiceError> {
        let versions = self.queue().versions(id).await?;
        Ok(Ledger { versions, activations: self.queue().activations(id).await? })
    }

    /// Goes back to the version that is named; or else ends the canary, if there is one; or else goes
    /// back to the version that was live before, never to one that was left by going back.
    ///
    /// # Errors
    /// When there is no such tenant or version, its component is lost, or the store fails.
    pub async fn roll_back(&self, tenant: &str, to: Option<u32>, asker: &Asker) -> Result<Switched, ServiceError> {
        let running = self.open_tenant(tenant)?;
        let in_force = running.handle.in_force();
        let ledger = self.ledger(running.handle.id()).await?;
        let to = match to {
            Some(version) => version,
            None if in_force.canary.is_some() => in_force.live.number,
            None => ledger.before().ok_or_else(|| ServiceError::State {
                tenant: tenant.to_owned(),
                problem: "there is no version to go back to; name one with --to".to_owned(),
            })?,
        };
        let live = self.content(tenant, &running, &ledger, to).await?;
        let detail = live.pin.told_with([("to", to.into())]);
        let audit = asker.entry(tenant, "rollback", detail);
        self.switch(&running, Switch { live, canary: None, is_watched: false, only_if: as_is(&in_force), audit }).await
    }

    /// Puts the canary's version in force for all users.
    ///
    /// # Errors
    /// When there is no such tenant or no canary, or the store fails.
    pub async fn promote(&self, tenant: &str, asker: &Asker) -> Result<Switched, ServiceError> {
        let running = self.open_tenant(tenant)?;
        let in_force = running.handle.in_force();
        let Some((_, canary)) = &in_force.canary else {
            return Err(ServiceError::State {
                tenant: tenant.to_owned(),
                problem: "there is no canary to promote; deploy one with --canary SHARE".to_owned(),
            });
        };
        let live = canary.what.clone();
        let audit = asker.entry(tenant, "promote", live.pin.told_with([]));
        self.switch(&running, Switch { live, canary: None, is_watched: true, only_if: as_is(&in_force), audit }).await
    }

    /// A tenant, as long as the service is not stopping.
    pub(super) fn open_tenant(&self, name: &str) -> Result<Running, ServiceError> {
        if *self.closing.borrow() { Err(ServiceError::Closing) } else { self.tenant(name) }
    }

    pub(super) async fn switch(&self, running: &Running, switch: Switch) -> Result<Switched, ServiceError> {
        let tenant = running.handle.name().to_owned();
        let (what, asker) = (switch.audit.what.clone(), Asker::of(&switch.audit));
        let switched = running.handle.switch(switch).await;
        if let Err(error @ SwitchError::Conflict { .. }) = &switched {
            self.note_refusal(&tenant, &what, &asker, error.code(), &error.to_string()).await;
        }
        switched.map_err(|error| ServiceError::Switch { tenant, error })
    }

    /// A version of a tenant, ready to run just as it did.
    pub(super) async fn version(
        &self,
        tenant: &str,
        running: &Running,
        ledger: &Ledger,
        number: u32,
    ) -> Result<Candidate, ServiceError> {
        let candidate = self.content(tenant, running, ledger, number).await?;
        if ledger.pin(number).is_none_or(|pin| pin != candidate.pin) {
            let problem = "it was made under other limits or by another host format".to_owned();
            return Err(ServiceError::VersionLost { tenant: tenant.to_owned(), version: number, problem });
        }
        Ok(candidate)
    }

    /// The mapping and the settings of a version, ready to run under the limits of now: where those
    /// are other ones, that is another version.
    async fn content(
        &self,
        tenant: &str,
        running: &Running,
        ledger: &Ledger,
        number: u32,
    ) -> Result<Candidate, ServiceError> {
        let pin = ledger
            .pin(number)
            .ok_or_else(|| ServiceError::UnknownVersion { tenant: tenant.to_owned(), version: number })?;
        if let Some(ready) = at_hand(&running.handle.in_force(), &pin) {
            return Ok(ready);
        }
        let lost = |problem: String| ServiceError::VersionLost { tenant: tenant.to_owned(), version: number, problem };
        let parts = self.setup.parts(&pin).await?;
        let parts = parts.ok_or_else(|| lost("its component is not in the store".to_owned()))?;
        let candidate = orders::candidate(&self.setup, parts).await?;
        candidate.map_err(|error| lost(error.to_string()))
    }

    /// Writes down that something was refused. What can't be written down is in the log at least.
    pub(super) async fn note_refusal(&self, tenant: &str, what: &str, asker: &Asker, code: &str, problem: &str) {
        tracing::warn!(tenant, what, by = asker.by, code, "refused: {problem:.500}");
        let detail = serde_json::json!({ "refused": what, "code": code, "problem": problem });
        if let Err(error) = self.queue().audit(asker.entry(tenant, "refuse", detail)).await {
            tracing::warn!(tenant, code = error.code(), "the refusal is not in the audit log: {error}");
        }
    }
}

impl Asker {
    fn of(entry: &AuditEntry) -> Self {
        Self { by: entry.by.clone(), reason: entry.reason.clone() }
    }
}

/// Only if nobody was faster.
fn as_is(in_force: &InForce) -> OnlyIf {
    OnlyIf { version: None, activation: Some(in_force.activation.number) }
}

fn at_hand(in_force: &InForce, pin: &Pin) -> Option<Candidate> {
    let canary = in_force.canary.as_ref().map(|(_, version)| version);
    let fallback = in_force.fallback.as_ref().map(|fallback| &fallback.version);
    let all = [Some(&in_force.live), canary, fallback];
    all.into_iter().flatten().find(|version| version.what.pin == *pin).map(|version| Arc::clone(version).what.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(live: &[u32]) -> Option<u32> {
        let activation = |(number, version): (u64, &u32)| Activation {
            number,
            from: number,
            at: 0,
            version: *version,
            canary: None,
            fallback: None,
            by: String::new(),
            reason: String::new(),
        };
        Ledger { versions: Vec::new(), activations: (1..).zip(live).map(activation).collect() }.before()
    }

    #[test]
    fn going_back_never_leads_to_a_version_that_was_left_by_going_back() {
        assert_eq!(before(&[1, 2, 3]), Some(2));
        assert_eq!(before(&[1, 2, 3, 2]), Some(1));
        assert_eq!(before(&[1, 2, 1, 3]), Some(1));
        assert_eq!(before(&[1, 5, 2, 8]), Some(2));
        assert_eq!(before(&[1, 2, 2, 2]), Some(1));
        assert_eq!(before(&[1, 2, 1]), None);
        assert_eq!(before(&[1]), None);
    }
}
