//! Mapping an event again, under whichever version.

use super::explain::Again;
use super::{Service, ServiceError};
use crate::accoil::write_request_line;
use crate::versions::Pin;

/// What a version makes of an event.
#[derive(Debug)]
pub struct Rerun {
    /// Whose event it is.
    pub tenant: String,
    /// The version that ran again.
    pub version: u32,
    /// What it consists of.
    pub pin: Pin,
    /// The version that mapped the event, or is to.
    pub ran: Option<u32>,
    /// What the mapping said, if the event is not for Accoil.
    pub not_delivered: Option<String>,
    /// The requests that it makes, one line each, in order.
    pub requests: Vec<String>,
}

impl Service {
    /// Computes what a version of a tenant's mapping makes of an event. Nothing is sent. For the
    /// version that mapped it these are the very requests that were made, those included that were
    /// left out since they said nothing new.
    ///
    /// # Errors
    /// When there is no such tenant, event or version, the version can't run here as it did, or the
    /// store can't be read.
    pub async fn rerun(&self, id: &str, tenant: Option<&str>, version: Option<u32>) -> Result<Rerun, ServiceError> {
        let (tenant, running, story) = self.find(id, tenant).await?;
        let ledger = self.ledger(running.handle.id()).await?;
        let ran = ledger.version_that_maps(&story);
        let version = version.or(ran).ok_or_else(|| ServiceError::State {
            tenant: tenant.clone(),
            problem: "there is no version that could run".to_owned(),
        })?;
        let candidate = self.version(&tenant, &running, &ledger, version).await?;
        let pin = candidate.pin.clone();
        let Again { outcome, calls, .. } = self.run_again(&tenant, &story, candidate).await?;
        let line = |call: &crate::accoil::Call| {
            let mut line = String::new();
            write_request_line(call, &mut line);
            line
        };
        let not_delivered = super::explain::not_delivered(&outcome);
        Ok(Rerun { tenant, version, pin, ran, not_delivered, requests: calls.iter().map(line).collect() })
    }
}
