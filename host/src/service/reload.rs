//! Taking over a new configuration while events flow.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use super::orders::Order;
use super::rollout::Asker;
use super::{Running, Service, ServiceError, entrants, start_one};
use crate::config::{self, Changes, Config, TenantChange};
use crate::tenant::gate::Closed;
use crate::tenant::{Configured, Plan};

impl Service {
    /// Reads the configuration again and takes over what changed. A configuration with a mistake
    /// changes nothing. Gives what changed, in words.
    ///
    /// # Errors
    /// [`ServiceError`]: then the old configuration is in force as before.
    pub async fn reload(&self) -> Result<Vec<String>, ServiceError> {
        let _one_at_a_time = self.reloading.lock().await;
        let reloaded = self.take_over().await;
        let problem = reloaded.as_ref().err().map(ToString::to_string);
        if let (Err(error @ ServiceError::Mapping { tenant, .. }), Some(problem)) = (&reloaded, &problem) {
            let asker = Asker { by: "configuration".to_owned(), reason: self.config_path.display().to_string() };
            self.note_refusal(tenant, "configure", &asker, error.code(), problem).await;
        }
        let before =
            std::mem::replace(&mut *self.unused_config.lock().unwrap_or_else(PoisonError::into_inner), problem);
        if before.is_some() && reloaded.is_ok() {
            tracing::info!("what the configuration's file says is in force again");
        }
        reloaded
    }

    async fn take_over(&self) -> Result<Vec<String>, ServiceError> {
        let (path, setup) = (self.config_path.clone(), Arc::clone(&self.setup));
        // A disk that hangs must not hold what serves.
        let (new, orders) = blocking(move || {
            let new = config::load_all(&path)?;
            let orders = new.tenants.iter().map(|tenant| Order::of(&new, tenant, &path, &setup.pools));
            let orders = orders.collect::<Result<Vec<_>, _>>()?;
            Ok((new, orders))
        })
        .await?;
        let old = self.config.load_full();
        let changes = config::changes(&old, &new);
        let (started, followed) = self.prepare(&changes, &new, orders).await?;
        let renewed = match (self.identity.clone(), new.server.tls.clone()) {
            (Some(identity), Some(tls)) => blocking(move || identity.replace(&tls).map_err(ServiceError::Tls)).await,
            _ => Ok(false),
        };
        let is_renewed = match renewed {
            Ok(is_renewed) => is_renewed,
            Err(error) => {
                self.give_up(&started).await;
                return Err(error);
            }
        };
        // From here on nothing can fail but the door, and that is tried before the loops follow.
        let mut tenants = self.tenants();
        let mut gone = Vec::new();
        tenants.retain(|name, running| {
            let stays = new.tenants.iter().any(|tenant| &tenant.name == name);
            if !stays {
                gone.push(running.clone());
            }
            stays
        });
        tenants.extend(started);
        let replaced = self.door.replace(new.ingest.clone(), entrants(&new, &tenants)).await;
        if let Err(error) = replaced {
            self.give_up(&tenants).await;
            return Err(ServiceError::Door(error));
        }
        let mut lines = changes.lines();
        lines.extend(is_renewed.then(|| "server.tls: certificate".to_owned()));
        let mut unswitched = None;
        for (name, order) in followed {
            if let Some(running) = tenants.get_mut(&name) {
                if running.components != order.components {
                    running.components = order.components;
                    let line = format!("tenant {name}: component file");
                    lines.extend((!lines.iter().any(|other| other.starts_with(&line))).then_some(line));
                }
                // First the mapping, so that what waited for other orders waits for it as well. The others go on all
                // the same; the next reload tries it again.
                if let Err(error) = running.handle.configure(order.configured).await {
                    unswitched.get_or_insert(ServiceError::Switch { tenant: name, error });
                }
                running.handle.follow(order.plan).await;
            }
        }
        *self.tenants.lock().unwrap_or_else(PoisonError::into_inner) = tenants;
        self.config.store(Arc::new(new));
        for running in gone {
            let patience = self.config().server.drain;
            tracing::warn!(
                tenant = running.handle.name(),
                "the tenant is not configured any more; what it has queued stays in the store"
            );
            running.handle.stop(patience).await;
        }
        unswitched.map_or(Ok(lines), Err)
    }

    /// Makes everything that can go wrong before anything changes: loops of new tenants, orders for
    /// those that changed.
    async fn prepare(
        &self,
        changes: &Changes,
        new: &Config,
        orders: Vec<Order>,
    ) -> Result<(BTreeMap<String, Running>, Vec<(String, Follow)>), ServiceError> {
        let running = self.tenants();
        let mut followed = Vec::new();
        let mut added = Vec::new();
        for (tenant, order) in new.tenants.iter().zip(orders) {
            match running.get(&tenant.name) {
                None => added.push(order),
                Some(running) => {
                    let is_new_file = order.components() != running.components;
                    let is_changed = matches!(changes.tenants.get(&tenant.name), Some(TenantChange::Changed { .. }));
                    // A destination that refused the key is tried again: someone may have seen to it.
                    let is_refused = matches!(running.handle.destination().closed, Some(Closed::Refused(_)));
                    if is_new_file || is_changed || is_refused || !changes.rollout.is_empty() {
                        let components = order.components();
                        let is_new_mapping = is_new_file || is_new_mapping(changes.tenants.get(&tenant.name));
                        let recent = match is_new_mapping {
                            true => Some(self.trial_events(running.handle.id()).await?),
                            false => None,
                        };
                        let (plan, configured) = order.plan(&self.setup, recent).await?;
                        followed.push((tenant.name.clone(), Follow { components, plan, configured }));
                    }
                }
            }
        }
        let mut started = BTreeMap::new();
        for order in added {
            let metrics = self.metrics.tenant(&order.name);
            match start_one(Arc::clone(&self.setup), order, metrics).await {
                Ok((name, running)) => drop(started.insert(name, running)),
                Err(error) => {
                    self.give_up(&started).await;
                    return Err(error);
                }
            }
        }
        Ok((started, followed))
    }

    /// Stops the loops that were started for a configuration that is not taken over.
    async fn give_up(&self, started: &BTreeMap<String, Running>) {
        let running = self.tenants();
        for (name, new) in started {
            if !running.contains_key(name) {
                new.handle.stop(self.config().server.drain).await;
            }
        }
    }
}

/// Does something that may wait for a disk on a thread that may wait.
async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(job).await.unwrap_or_else(|error| Err(ServiceError::Task(error.to_string())))
}

fn is_new_mapping(change: Option<&TenantChange>) -> bool {
    matches!(change, Some(TenantChange::Changed { mapping: true, .. }))
}

/// New orders for a tenant that is served already.
struct Follow {
    components: Vec<String>,
    plan: Plan,
    configured: Configured,
}
