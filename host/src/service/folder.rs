//! The folder that is watched, for development: a component that is saved there while the service
//! runs goes live.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::deploy::{Deployment, Offer, Offered, OfferedSelector};
use super::rollout::Asker;
use super::{Service, ServiceError, orders};

/// How often it is looked at: often enough for a person who has just saved a file.
const LOOK: Duration = Duration::from_millis(250);

/// What a file looked like: when it was written, and its size.
type Stamp = Option<(SystemTime, u64)>;

/// The component and the settings of a tenant, as they look.
type Seen = (Stamp, Stamp);

/// Deploys what is saved in `rollout.watch_dir`, until the service closes. What it does is logged.
pub async fn watch_folder(service: Arc<Service>) {
    let mut closing = service.closing();
    let mut before: BTreeMap<String, Seen> = BTreeMap::new();
    // What lies there at the start was saved before it, and may have been replaced by command since.
    let mut done: BTreeMap<String, Seen> = look(&service).await.map(|(_, now)| now).unwrap_or_default();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
        let Some((folder, now)) = look(&service).await else { continue };
        for (tenant, seen) in &now {
            // A file that is still being written is not read: it must look the same twice.
            if before.get(tenant) == Some(seen) && done.get(tenant) != Some(seen) {
                done.insert(tenant.clone(), *seen);
                tell(&service, &folder, tenant).await;
            }
        }
        before = now;
    }
}

/// The folder, and what is in it; nothing, when none is watched.
async fn look(service: &Service) -> Option<(PathBuf, BTreeMap<String, Seen>)> {
    let config = service.config();
    let folder = config.rollout.watch_dir.clone()?;
    let names: Vec<String> = config.tenants.iter().map(|tenant| tenant.name.clone()).collect();
    let look = folder.clone();
    // A disk that hangs must not hold what serves. A look that fails sees nothing.
    let now = tokio::task::spawn_blocking(move || look_at(&look, names)).await.unwrap_or_default();
    Some((folder, now))
}

/// The tenants that have a component there.
fn look_at(folder: &Path, names: Vec<String>) -> BTreeMap<String, Seen> {
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len()))
    };
    let look = |name: String| {
        let component = stamp(component(folder, &name))?;
        let settings = stamp(settings(folder, &name));
        Some((name, (Some(component), settings)))
    };
    names.into_iter().filter_map(look).collect()
}

fn component(folder: &Path, tenant: &str) -> PathBuf {
    folder.join(format!("{tenant}.wasm"))
}

fn settings(folder: &Path, tenant: &str) -> PathBuf {
    folder.join(format!("{tenant}.json"))
}

async fn tell(service: &Service, folder: &Path, tenant: &str) {
    let file = component(folder, tenant);
    match deploy(service, folder, tenant).await {
        Ok(Some((version, from))) => {
            tracing::info!(tenant, version, from, file = %file.display(), "deployed from the watched folder");
        }
        Ok(None) => {}
        Err(error) => {
            tracing::error!(tenant, code = error.code(), file = %file.display(), "not deployed: {error}");
        }
    }
}

/// Deploys what the folder holds for a tenant, unless it is what is live.
async fn deploy(service: &Service, folder: &Path, tenant: &str) -> Result<Option<(u32, u64)>, ServiceError> {
    let (file, settings_file) = (component(folder, tenant), settings(folder, tenant));
    let most = service.config().limits.component_bytes;
    let unread = |file: &Path, problem: String| ServiceError::Component {
        tenant: tenant.to_owned(),
        file: file.display().to_string(),
        problem,
    };
    let read = tokio::task::spawn_blocking(move || {
        let bytes = orders::read(&file, most).map_err(|error| (file.clone(), error.to_string()))?;
        let settings = match orders::read(&settings_file, most) {
            Ok(bytes) => Some(String::from_utf8(bytes).map_err(|error| (settings_file, error.to_string()))?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err((settings_file, error.to_string())),
        };
        Ok((bytes, settings))
    });
    let read = read.await.map_err(|error| ServiceError::Task(error.to_string()))?;
    let (bytes, settings) = read.map_err(|(file, problem): (PathBuf, String)| unread(&file, problem))?;
    let asker =
        Asker { by: "watched folder".to_owned(), reason: format!("saved as {}", component(folder, tenant).display()) };
    let offer = Offer { component: Offered::New(bytes.into()), settings, selector: OfferedSelector::Live };
    let deployment = Deployment { offer, canary: None, expected: None, dry_run: false, asker };
    let deployed = service.deploy(tenant, &deployment).await?;
    let is_other = deployed.pin != deployed.before;
    let activation = deployed.activation.filter(|_| is_other);
    Ok(activation.map(|activation| (activation.version, activation.from)))
}
