//! Bringing a mapping to a tenant: admission, then the switch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rollout::Asker;
use super::{Running, Service, ServiceError, orders};
use crate::queue::{Activation, Health, QueueError, TakeLimits, TenantId};
use crate::sandbox::{DEFAULT_COMPONENT, OnFault};
use crate::tenant::{OnlyIf, Switch};
use crate::versions::{Candidate, Parts, Pin, SelectorParts, SelectorPin};

/// Most bytes of the tenant's own events that a component is tried on.
const TRIAL_BYTES: usize = 4 * 1024 * 1024;

/// A mapping that is to run.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Which component.
    pub component: Offered,
    /// Its settings, a JSON object as text; those of the live version when there are none.
    pub settings: Option<String>,
    /// The group selector that it asks.
    pub selector: OfferedSelector,
}

/// A group selector that is offered.
#[derive(Debug, Clone)]
pub enum OfferedSelector {
    /// That of the live version, if it has one.
    Live,
    /// None: the mapping's own rule decides.
    None,
    /// Another one, or other settings of it.
    Other {
        /// Which component.
        component: Offered,
        /// Its settings; those of the live version's selector when there are none.
        settings: Option<String>,
        /// What becomes of an event on which it fails; as with the live version's selector when it is
        /// not said.
        on_fault: Option<OnFault>,
    },
}

/// A component that is offered.
#[derive(Debug, Clone)]
pub enum Offered {
    /// That of the live version.
    Live,
    /// The one in this binary.
    Default,
    /// One that the store has, by its digest.
    Kept(String),
    /// A new one.
    New(Arc<[u8]>),
}

/// A mapping that is to go live.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The mapping.
    pub offer: Offer,
    /// For which part of the users, in millionths; for all, when none is given.
    pub canary: Option<u32>,
    /// Only if this version is live.
    pub expected: Option<u32>,
    /// Only see whether it would be admitted.
    pub dry_run: bool,
    /// Who asks.
    pub asker: Asker,
}

/// A mapping that was deployed.
#[derive(Debug)]
pub struct Deployed {
    /// To whom.
    pub tenant: String,
    /// What it consists of.
    pub pin: Pin,
    /// What was live before.
    pub before: Pin,
    /// The number of that.
    pub before_version: u32,
    /// What is in force now; nothing, if this was only to see whether it would be admitted.
    pub activation: Option<Activation>,
    /// Whether that is something else than before.
    pub is_changed: bool,
    /// How long admission took.
    pub admission: Duration,
    /// How long the tenant took no events for the switch, its durable write aside.
    pub switch: Duration,
    /// How long that write took.
    pub write: Duration,
}

/// What came of deploying to one tenant after the other.
#[derive(Debug, Default)]
pub struct DeployedAll {
    /// Where it is in force.
    pub deployed: Vec<Deployed>,
    /// Where it stopped, and why; it was not deployed to tenants after that one.
    pub stopped: Option<(String, ServiceError)>,
}

impl Service {
    /// Deploys a mapping to a tenant.
    ///
    /// # Errors
    /// When it is refused, or somebody else was faster: then what was in force still is, and the
    /// refusal is in the audit log.
    pub async fn deploy(&self, tenant: &str, deployment: &Deployment) -> Result<Deployed, ServiceError> {
        let running = self.open_tenant(tenant)?;
        let deployed = self.deploy_to(tenant, &running, deployment).await;
        if let Err(error @ (ServiceError::Mapping { .. } | ServiceError::State { .. })) = &deployed {
            self.note_refusal(tenant, "deploy", &deployment.asker, error.code(), &error.to_string()).await;
        }
        deployed
    }

    async fn deploy_to(
        &self,
        tenant: &str,
        running: &Running,
        deployment: &Deployment,
    ) -> Result<Deployed, ServiceError> {
        let start = Instant::now();
        let (offered, parts) = self.admit(tenant, running, &deployment.offer).await?;
        let admission = start.elapsed();
        let in_force = running.handle.in_force();
        let mut deployed = Deployed {
            tenant: tenant.to_owned(),
            pin: offered.pin.clone(),
            before: in_force.live.what.pin.clone(),
            before_version: in_force.live.number,
            activation: None,
            is_changed: false,
            admission,
            switch: Duration::ZERO,
            write: Duration::ZERO,
        };
        if deployment.dry_run {
            return Ok(deployed);
        }
        self.keep(&offered, &parts).await?;
        let (what, live, canary, activation) = match deployment.canary {
            None => ("deploy", offered, None, None),
            // The share is one of what is live now.
            Some(share) => {
                ("canary", in_force.live.what.clone(), Some((offered, share)), Some(in_force.activation.number))
            }
        };
        let detail = deployed.pin.told_with([("share", deployment.canary.into())]);
        let audit = deployment.asker.entry(tenant, what, detail);
        let only_if = OnlyIf { version: deployment.expected, activation };
        let is_watched = deployment.canary.is_none();
        let switched = self.switch(running, Switch { live, canary, is_watched, only_if, audit }).await?;
        deployed.before_version = switched.before.version;
        deployed.is_changed = switched.activation.number != switched.before.number;
        deployed.activation = Some(switched.activation);
        (deployed.switch, deployed.write) = (switched.took, switched.wrote);
        Ok(deployed)
    }

    /// Keeps the components of what was admitted, as long as there is room for more than records.
    pub(super) async fn keep(&self, offered: &Candidate, parts: &Parts) -> Result<(), ServiceError> {
        self.check_store()?;
        Ok(self.setup.keep(&offered.pin, parts).await?)
    }

    /// Refuses what would have to wait for the disk.
    pub(super) fn check_store(&self) -> Result<(), ServiceError> {
        match &*self.queue().health().borrow() {
            Health::Good => Ok(()),
            Health::Full { problem } | Health::Failing { problem, .. } => {
                Err(ServiceError::Store(QueueError::Failing { problem: problem.clone() }))
            }
        }
    }

    /// Admits what is offered; gives what it is made of as well.
    pub(super) async fn admit(
        &self,
        tenant: &str,
        running: &Running,
        offer: &Offer,
    ) -> Result<(Candidate, Parts), ServiceError> {
        let live = running.handle.in_force().live.what.pin.clone();
        let parts = Parts {
            mapping: self.component(Some(&live.mapping), &offer.component).await?,
            settings: offer.settings.clone().unwrap_or(live.settings),
            selector: self.selector(tenant, live.selector, &offer.selector).await?,
        };
        let recent = self.trial_events(running.handle.id()).await?;
        let admitted = orders::tried(&self.setup, parts.clone(), recent).await?;
        let candidate = admitted.map_err(|error| ServiceError::Mapping { tenant: tenant.to_owned(), error })?;
        Ok((candidate, parts))
    }

    /// The selector that is offered to a tenant whose live version has this one.
    async fn selector(
        &self,
        tenant: &str,
        live: Option<SelectorPin>,
        offered: &OfferedSelector,
    ) -> Result<Option<SelectorParts>, ServiceError> {
        let (component, settings, on_fault) = match (offered, &live) {
            (OfferedSelector::None, _) | (OfferedSelector::Live, None) => return Ok(None),
            (OfferedSelector::Live, Some(_)) => (&Offered::Live, None, None),
            (OfferedSelector::Other { component: Offered::Live, .. }, None) => {
                let problem = "the version in force has no group selector".to_owned();
                return Err(ServiceError::State { tenant: tenant.to_owned(), problem });
            }
            (OfferedSelector::Other { component, settings, on_fault }, _) => (component, settings.clone(), *on_fault),
        };
        let digest = live.as_ref().map(|live| live.component.as_str());
        let component = self.component(digest, component).await?;
        let (live_settings, live_on_fault) = live.map(|live| (live.settings, live.on_fault)).unzip();
        Ok(Some(SelectorParts {
            component,
            settings: settings.or(live_settings).unwrap_or_else(|| "{}".to_owned()),
            on_fault: on_fault.or(live_on_fault).unwrap_or_default(),
        }))
    }

    async fn component(&self, live: Option<&str>, offered: &Offered) -> Result<Arc<[u8]>, ServiceError> {
        let digest = match offered {
            Offered::New(bytes) => return Ok(Arc::clone(bytes)),
            Offered::Default => return Ok(DEFAULT_COMPONENT.into()),
            Offered::Live => live.unwrap_or_default(),
            Offered::Kept(digest) => digest,
        };
        let kept = self.queue().component(digest).await?;
        Ok(kept.ok_or_else(|| ServiceError::UnknownComponent { digest: digest.to_owned() })?.into())
    }

    /// The last events of a tenant, as texts.
    pub(super) async fn trial_events(&self, id: TenantId) -> Result<Vec<String>, ServiceError> {
        let most = self.config().admission.recent_events;
        if most == 0 {
            return Ok(Vec::new());
        }
        let accepted = self.queue().tenant_stats().await?.get(&id).map_or(0, |stats| stats.accepted);
        let after = accepted.saturating_sub(most as u64);
        let events = self.queue().recent(id, after, 0, TakeLimits { events: most, bytes: TRIAL_BYTES }).await?;
        let sound = events.into_iter().filter(|event| !event.damaged);
        Ok(sound.filter_map(|event| String::from_utf8(event.body).ok()).collect())
    }

    /// Deploys a mapping to all tenants, one by one. Each is looked at for a while before the next one
    /// follows: until it has mapped some events, or the time is over. Stops at the first that refuses
    /// it or takes it back.
    pub async fn deploy_to_all(&self, deployment: &Deployment, look: Duration) -> DeployedAll {
        let mut all = DeployedAll::default();
        for (tenant, running) in self.tenants() {
            match self.deploy(&tenant, deployment).await {
                Ok(deployed) => {
                    let is_well = match &deployed.activation {
                        Some(activation) => self.goes_well(&running, activation, look).await,
                        None => Ok(()),
                    };
                    all.deployed.push(deployed);
                    if let Err(problem) = is_well {
                        all.stopped = Some((tenant.clone(), ServiceError::State { tenant, problem }));
                        break;
                    }
                }
                Err(error) => {
                    all.stopped = Some((tenant, error));
                    break;
                }
            }
        }
        all
    }

    async fn goes_well(&self, running: &Running, activation: &Activation, look: Duration) -> Result<(), String> {
        /// So many events tell enough.
        const ENOUGH: u64 = 100;
        /// There is nothing to be woken by.
        const AGAIN: Duration = Duration::from_millis(50);
        let until = Instant::now() + look;
        loop {
            if let Some(rolled_back) = running.handle.rolled_back().filter(|last| last.at >= activation.at) {
                return Err(rolled_back.reason);
            }
            let seen = if running.handle.in_force().fallback.is_some() {
                running.handle.judged().events
            } else {
                // Nobody judges it: what was taken was mapped, or is about to be.
                let stats = self.queue().tenant_stats().await.map_err(|error| error.to_string())?;
                let taken = stats.get(&running.handle.id()).map_or(0, |stats| stats.taken);
                taken.saturating_sub(activation.from)
            };
            if seen >= ENOUGH || Instant::now() >= until {
                return Ok(());
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
