//! The folder that is watched, for development: a component that is saved there while the service
//! runs goes live. `TENANT.wasm` is a mapping and `TENANT.selector.wasm` a group selector, each with its settings in
//! a file of the same name that ends with `.json`.

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

/// A component and its settings, as they look; nothing, where there is no component.
type Plugin = Option<((SystemTime, u64), Stamp)>;

/// What the folder has for a tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    mapping: Plugin,
    selector: Plugin,
}

impl Seen {
    /// What is there and does not look as it did.
    fn since(self, done: Self) -> Self {
        let changed = |now: Plugin, done: Plugin| now.filter(|_| now != done);
        Self { mapping: changed(self.mapping, done.mapping), selector: changed(self.selector, done.selector) }
    }
}

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
            let changed = seen.since(done.get(tenant).copied().unwrap_or_default());
            if before.get(tenant) == Some(seen) && changed != Seen::default() {
                done.insert(tenant.clone(), *seen);
                tell(&service, &folder, tenant, changed).await;
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
    let stamp = |path: PathBuf| -> Stamp {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len()))
    };
    let plugin = |name: &str, what: &str| -> Plugin {
        let [component, settings] = files(folder, name, what);
        Some((stamp(component)?, stamp(settings)))
    };
    let look = |name: String| {
        let seen = Seen { mapping: plugin(&name, MAPPING), selector: plugin(&name, SELECTOR) };
        (seen != Seen::default()).then_some((name, seen))
    };
    names.into_iter().filter_map(look).collect()
}

/// What stands in the names of files between the tenant and the ending.
const MAPPING: &str = "";
const SELECTOR: &str = ".selector";

/// The component and the settings.
fn files(folder: &Path, tenant: &str, what: &str) -> [PathBuf; 2] {
    ["wasm", "json"].map(|ending| folder.join(format!("{tenant}{what}.{ending}")))
}

async fn tell(service: &Service, folder: &Path, tenant: &str, changed: Seen) {
    let whats = [(MAPPING, changed.mapping), (SELECTOR, changed.selector)];
    let names = whats.iter().filter(|(_, plugin)| plugin.is_some()).map(|(what, _)| format!("{tenant}{what}.wasm"));
    let file = folder.join(names.collect::<Vec<_>>().join(", "));
    let reason = format!("saved as {}", file.display());
    match deploy(service, folder, tenant, changed, reason).await {
        Ok(Some((version, from))) => {
            tracing::info!(tenant, version, from, file = %file.display(), "deployed from the watched folder");
        }
        Ok(None) => {}
        Err(error) => {
            tracing::error!(tenant, code = error.code(), file = %file.display(), "not deployed: {error}");
        }
    }
}

/// Deploys what was saved for a tenant, unless it is what is live. What was not saved stays as it is.
async fn deploy(
    service: &Service,
    folder: &Path,
    tenant: &str,
    changed: Seen,
    reason: String,
) -> Result<Option<(u32, u64)>, ServiceError> {
    let most = service.config().limits.component_bytes;
    let [mapping, selector] = [(changed.mapping, MAPPING), (changed.selector, SELECTOR)]
        .map(|(plugin, what)| plugin.map(|_| files(folder, tenant, what)));
    let read = tokio::task::spawn_blocking(move || {
        let one = |files: Option<[PathBuf; 2]>| files.map(|files| read(files, most)).transpose();
        Ok((one(mapping)?, one(selector)?))
    });
    let read = read.await.map_err(|error| ServiceError::Task(error.to_string()))?;
    let (mapping, selector) = read.map_err(|(file, problem): (PathBuf, String)| ServiceError::Component {
        tenant: tenant.to_owned(),
        file: file.display().to_string(),
        problem,
    })?;
    let (component, settings) =
        mapping.map_or((Offered::Live, None), |(bytes, settings)| (Offered::New(bytes), settings));
    let selector = selector.map_or(OfferedSelector::Live, |(bytes, settings)| OfferedSelector::Other {
        component: Offered::New(bytes),
        settings,
        on_fault: None,
    });
    let asker = Asker { by: "watched folder".to_owned(), reason };
    let offer = Offer { component, settings, selector };
    let deployment = Deployment { offer, canary: None, expected: None, dry_run: false, asker };
    let deployed = service.deploy(tenant, &deployment).await?;
    let is_other = deployed.pin != deployed.before;
    let activation = deployed.activation.filter(|_| is_other);
    Ok(activation.map(|activation| (activation.version, activation.from)))
}

/// A component, and its settings if there are any.
type ReadFiles = (Arc<[u8]>, Option<String>);

fn read([file, settings_file]: [PathBuf; 2], most: usize) -> Result<ReadFiles, (PathBuf, String)> {
    let bytes = orders::read(&file, most).map_err(|error| (file, error.to_string()))?;
    let settings = match orders::read(&settings_file, most) {
        Ok(bytes) => Some(String::from_utf8(bytes).map_err(|error| (settings_file, error.to_string()))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err((settings_file, error.to_string())),
    };
    Ok((bytes.into(), settings))
}
