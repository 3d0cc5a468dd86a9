//! How fast events come and go, over the last minute or so.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Admin;
use crate::queue::TenantId;

/// Time between two samples, and how many are kept.
const STEP: Duration = Duration::from_secs(5);
const SAMPLES: usize = 12;

/// Samples of counts that only grow.
#[derive(Debug, Default)]
pub(super) struct Rates(Mutex<HashMap<TenantId, VecDeque<Sample>>>);

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    accepted: u64,
    delivered: u64,
}

impl Rates {
    fn add(&self, tenant: TenantId, sample: Sample) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let samples = all.entry(tenant).or_default();
        samples.push_back(sample);
        if samples.len() > SAMPLES {
            samples.pop_front();
        }
    }

    /// Events accepted and delivered a second.
    pub(super) fn of(&self, tenant: TenantId) -> (f64, f64) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = all.get(&tenant).and_then(|samples| Some((*samples.front()?, *samples.back()?)));
        let Some((first, last)) = ends.filter(|(first, last)| last.at > first.at) else {
            return (0.0, 0.0);
        };
        let seconds = (last.at - first.at).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = |first: u64, last: u64| last.saturating_sub(first) as f64 / seconds;
        let rounded = |rate: f64| (rate * 10.0).round() / 10.0;
        (rounded(rate(first.accepted, last.accepted)), rounded(rate(first.delivered, last.delivered)))
    }
}

/// Takes samples until the service closes.
pub async fn sample(admin: Arc<Admin>) {
    let mut closing = admin.service.closing();
    loop {
        if let Ok(stats) = admin.service.queue().tenant_stats().await {
            for running in admin.service.tenants().into_values() {
                let id = running.handle.id();
                let accepted = stats.get(&id).map_or(0, |stats| stats.accepted);
                let sample = Sample { at: Instant::now(), accepted, delivered: running.metrics.delivered.get() };
                admin.rates.add(id, sample);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(STEP) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
    }
}
