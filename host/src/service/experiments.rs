//! Candidates that run beside what is in force, without delivering.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::deploy::Offer;
use super::rollout::Asker;
use super::{Running, Service, ServiceError, orders};
use crate::compare::Summary;
use crate::event::now_ms;
use crate::queue::{Fact, QueueError, Space, UnixMs};
use crate::tenant::{Setup, Shadow, ShadowConfig};
use crate::versions::{Pin, Split};

/// Under which key the experiment of a tenant is remembered.
const EXPERIMENT: &[u8] = b"experiment";

/// What an experiment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// What the candidate consists of.
    pub pin: Pin,
    /// Whose events it runs on: a part of the users, in millionths.
    pub share: u32,
    /// When it was started.
    pub started_at: UnixMs,
    /// Who started it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// An experiment that runs, and what it found so far.
#[derive(Debug)]
pub struct ExperimentStatus {
    /// What it is.
    pub experiment: Experiment,
    /// Since when this process counts: it does not remember what it found before a restart.
    pub counted_since: UnixMs,
    /// What it found.
    pub report: Summary,
}

impl Service {
    /// Starts an experiment. There is one of each tenant at a time.
    ///
    /// # Errors
    /// When the candidate is refused, there is an experiment already, or the store fails.
    pub async fn start_experiment(
        &self,
        tenant: &str,
        offer: &Offer,
        share: u32,
        asker: &Asker,
    ) -> Result<Experiment, ServiceError> {
        let running = self.open_tenant(tenant)?;
        let Ok(_alone) = running.experimenting.try_lock() else { return Err(is_changing(tenant)) };
        let state = |problem: &str| ServiceError::State { tenant: tenant.to_owned(), problem: problem.to_owned() };
        if running.handle.shadow().is_some() {
            return Err(state("an experiment is running; stop it before you start another"));
        }
        let admitted = self.admit(tenant, &running, offer).await;
        if let Err(error @ ServiceError::Mapping { .. }) = &admitted {
            self.note_refusal(tenant, "experiment-start", asker, error.code(), &error.to_string()).await;
        }
        let (candidate, parts) = admitted?;
        self.keep(&candidate, &parts).await?;
        let experiment = Experiment {
            pin: candidate.pin.clone(),
            share,
            started_at: now_ms(),
            by: asker.by.clone(),
            reason: asker.reason.clone(),
        };
        let value = serde_json::to_vec(&experiment).unwrap_or_default();
        self.remember(&running, Some(value)).await?;
        let detail = experiment.pin.told_with([("share", share.into())]);
        self.queue().audit(asker.entry(tenant, "experiment-start", detail)).await?;
        tracing::info!(tenant, mapping = experiment.pin.mapping, share, by = asker.by, "experiment started");
        let config = shadow_config(&self.setup, self.config().rollout.shadow_bytes);
        let shadow = Shadow::start(candidate, Split::new(experiment.pin.digest(), share), config);
        running.handle.run_beside(Some(Arc::new(shadow.map_err(ServiceError::Threads)?)));
        Ok(experiment)
    }

    /// What the experiment of a tenant found so far.
    ///
    /// # Errors
    /// When there is none, or the store can't be read.
    pub async fn experiment(&self, tenant: &str) -> Result<ExperimentStatus, ServiceError> {
        let running = self.tenant(tenant)?;
        let known = known(&self.setup, &running).await?;
        match (running.handle.shadow(), known) {
            (Some(shadow), Some(experiment)) => {
                Ok(ExperimentStatus { experiment, counted_since: shadow.since(), report: shadow.report() })
            }
            _ => Err(ServiceError::State {
                tenant: tenant.to_owned(),
                problem: "no experiment is running; start one with `experiments start`".to_owned(),
            }),
        }
    }

    /// Ends the experiment of a tenant, and gives what it found.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn stop_experiment(&self, tenant: &str, asker: &Asker) -> Result<ExperimentStatus, ServiceError> {
        /// What was offered before is still looked at for so long.
        const PATIENCE: Duration = Duration::from_secs(5);
        let running = self.open_tenant(tenant)?;
        let Ok(_alone) = running.experimenting.try_lock() else { return Err(is_changing(tenant)) };
        self.check_store()?;
        let shadow = running.handle.shadow();
        running.handle.run_beside(None);
        if let Some(shadow) = shadow.clone() {
            // It answers when it has ended, or not in time.
            let _ = tokio::task::spawn_blocking(move || shadow.finish(PATIENCE)).await;
        }
        let known = known(&self.setup, &running).await?;
        let Some((shadow, experiment)) = shadow.zip(known) else {
            return Err(ServiceError::State {
                tenant: tenant.to_owned(),
                problem: "no experiment is running".to_owned(),
            });
        };
        self.remember(&running, None).await?;
        let status = ExperimentStatus { experiment, counted_since: shadow.since(), report: shadow.report() };
        let events = &status.report.events;
        let counts = [("compared", events.compared.into()), ("differing", events.differing.into())];
        let detail = status.experiment.pin.told_with(counts);
        self.queue().audit(asker.entry(tenant, "experiment-stop", detail)).await?;
        tracing::info!(tenant, by = asker.by, "experiment stopped");
        Ok(status)
    }

    async fn remember(&self, running: &Running, value: Option<Vec<u8>>) -> Result<(), QueueError> {
        let fact = Fact { space: Space::Rollout, key: EXPERIMENT.to_vec(), value };
        self.queue().record(running.handle.id(), Vec::new(), vec![fact]).await
    }
}

fn is_changing(tenant: &str) -> ServiceError {
    let problem = "an experiment is just being started or stopped; see which one runs, and decide again".to_owned();
    ServiceError::State { tenant: tenant.to_owned(), problem }
}

async fn known(setup: &Setup, running: &Running) -> Result<Option<Experiment>, QueueError> {
    let facts = setup.queue.facts(running.handle.id(), Space::Rollout).await?;
    let found = facts.into_iter().find(|(key, _, _)| key == EXPERIMENT);
    Ok(found.and_then(|(_, value, _)| serde_json::from_slice(&value).ok()))
}

fn shadow_config(setup: &Setup, bytes: usize) -> ShadowConfig {
    ShadowConfig { bytes, stack_bytes: setup.library.limits().stack_bytes.saturating_mul(super::STACKS) }
}

/// Goes on with the experiment that ran before a restart. One that can't is ended, and the log says
/// so: it delivers nothing, so nothing is wrong without it.
pub(super) async fn resume(setup: &Setup, running: &Running, bytes: usize) -> Result<(), ServiceError> {
    let Some(experiment) = known(setup, running).await? else { return Ok(()) };
    let tenant = running.handle.name();
    let Some(parts) = setup.parts(&experiment.pin).await? else {
        tracing::warn!(tenant, "the experiment does not go on: its component is not in the store");
        return Ok(());
    };
    match orders::candidate(setup, parts).await? {
        Ok(candidate) => {
            let split = Split::new(experiment.pin.digest(), experiment.share);
            let shadow = Shadow::start(candidate, split, shadow_config(setup, bytes));
            running.handle.run_beside(Some(Arc::new(shadow.map_err(ServiceError::Threads)?)));
        }
        Err(error) => tracing::warn!(tenant, code = error.code(), "the experiment does not go on: {error}"),
    }
    Ok(())
}
