//! Watching for a reason to reload: the signal, and the files.
//!
//! Files are looked at once a second instead of being watched: that works the same on every file
//! system, and also where a file is replaced through a link, as Kubernetes does it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{SignalKind, signal};

use super::Service;
use crate::config::{Component, Config};

const LOOK: Duration = Duration::from_secs(1);

/// The reason that is told of the signal.
const SIGHUP: &str = "SIGHUP";

type Seen = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// Reloads on SIGHUP, and when the configuration or a component's file changed, until the service
/// closes; a certificate's file counts as well. What it does is logged.
pub async fn watch(service: Arc<Service>) {
    let mut closing = service.closing();
    // Without the signal there are still the files.
    let mut hangup = signal(SignalKind::hangup()).ok();
    // Nothing: what changed between the reading of the configuration and now must be seen as well.
    let (mut seen, mut before) = (Seen::default(), Seen::default());
    loop {
        let asked = async {
            match &mut hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => std::future::pending().await,
            }
        };
        let reason = tokio::select! {
            () = asked => SIGHUP,
            () = tokio::time::sleep(LOOK) => "a file changed",
            _ = closing.wait_for(|closing| *closing) => return,
        };
        let now = look(&service).await;
        // A file that is still being written is not read: it must look the same twice.
        let is_settled = std::mem::replace(&mut before, now.clone()) == now;
        if reason != SIGHUP && (now == seen || !is_settled) {
            continue;
        }
        // Before the files are read, so that what changes meanwhile is seen the next time.
        seen = look(&service).await;
        match service.reload().await {
            Ok(changed) if changed.is_empty() && reason == SIGHUP => {
                tracing::info!(reason, "reloaded: nothing changed")
            }
            Ok(changed) if changed.is_empty() => tracing::debug!(reason, "reloaded: nothing changed"),
            Ok(changed) => tracing::info!(reason, changed = changed.join("; "), "reloaded"),
            Err(error) => {
                tracing::error!(
                    reason,
                    code = error.code(),
                    "not reloaded, the old configuration stays in force: {error}"
                );
            }
        }
    }
}

async fn look(service: &Service) -> Seen {
    let config = service.config();
    // Also this may wait for a disk. A look that fails sees nothing.
    tokio::task::spawn_blocking(move || files(&config)).await.unwrap_or_default()
}

fn files(config: &Config) -> Seen {
    let mappings = config.tenants.iter().filter_map(|tenant| match &tenant.mapping.component {
        Component::File(path) => Some(path.clone()),
        Component::Default => None,
    });
    let selectors = config.tenants.iter().filter_map(|tenant| Some(tenant.selector.as_ref()?.component.clone()));
    let certificate = config.server.tls.as_ref().map(|tls| tls.certificate.clone());
    let paths = std::iter::once(config.path.clone()).chain(certificate).chain(mappings).chain(selectors);
    paths.map(|path| (path.clone(), state(&path))).collect()
}

fn state(path: &std::path::Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
