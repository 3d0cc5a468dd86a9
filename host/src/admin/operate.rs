//! Commands: backup, forgetting, reloading.

use std::path::PathBuf;

use http::StatusCode;
use serde::Deserialize;

use super::Admin;
use super::asked::Asked;
use super::reply::{Refusal, Reply, json};
use crate::event::Event;
use crate::queue::Stored;
use crate::service::ServiceError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Backup {
    file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    tenant: String,
    user: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClearTold {
    tenant: String,
}

/// Copies the store, as of one moment, while it is in use.
pub(super) async fn backup(admin: &Admin, asked: &Asked) -> Reply {
    let Backup { file } = asked.json()?;
    if !file.is_absolute() {
        return Err(Refusal::bad_request("backup-path", "the file must be an absolute path on the service's machine"));
    }
    let folder = &admin.service.config().server.data_dir;
    let is_inside = file.parent().and_then(|parent| parent.canonicalize().ok()) == folder.canonicalize().ok();
    if is_inside || file.to_string_lossy().contains('\0') {
        return Err(Refusal::bad_request(
            "backup-path",
            "the file must have a name without nul, outside the data folder",
        ));
    }
    admin.service.queue().backup(&file).await?;
    let bytes = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
    tracing::info!(file = %file.display(), bytes, "backup written");
    json(&serde_json::json!({ "file": file, "bytes": bytes }))
}

/// Removes what the history and the dead letters hold of a person.
pub(super) async fn forget(admin: &Admin, asked: &Asked) -> Reply {
    let Forget { tenant, user } = asked.json()?;
    if user.is_empty() {
        return Err(Refusal::bad_request("admin-body", "user is empty"));
    }
    let running = admin.service.tenant(&tenant)?;
    // Its report holds examples.
    if let Some(shadow) = running.handle.shadow() {
        shadow.forget();
    }
    let count = admin.service.queue().erase(running.handle.id(), Box::new(move |stored| is_of(stored, &user))).await?;
    tracing::info!(tenant, count, "events of a person forgotten");
    json(&serde_json::json!({ "count": count }))
}

/// Whether an event is of this person: by user or device id, or by a request that names it. An event
/// that can't be read is kept: nobody can say whose it is.
fn is_of(stored: &Stored, user: &str) -> bool {
    let is_named = Event::read(&stored.body).is_ok_and(|event| {
        let ids = [event.user_id, event.device_id];
        ids.into_iter().flatten().any(|id| id == user)
    });
    is_named || stored.attempt.as_ref().is_some_and(|attempt| names_user(&attempt.calls, user))
}

fn names_user(lines: &str, user: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        user_id: Option<String>,
    }
    #[derive(Deserialize)]
    struct Line {
        body: Body,
    }
    let named = |line: &str| serde_json::from_str::<Line>(line).ok()?.body.user_id;
    lines.lines().filter_map(named).any(|named| named == user)
}

/// Forgets what a tenant's destination was told.
pub(super) async fn clear_told(admin: &Admin, asked: &Asked) -> Reply {
    let ClearTold { tenant } = asked.json()?;
    let count = admin.service.tenant(&tenant)?.handle.clear_told().await?;
    json(&serde_json::json!({ "count": count }))
}

/// Reads the configuration again.
pub(super) async fn reload(admin: &Admin) -> Reply {
    // A mapping that is refused is a mistake in the file, like any other.
    let refused = |error| Refusal { status: StatusCode::BAD_REQUEST, ..Refusal::from(error) };
    let changed = admin.service.reload().await.map_err(|error| match error {
        ServiceError::Mapping { .. } => refused(error),
        _ => error.into(),
    })?;
    tracing::info!(changed = changed.join("; "), "reloaded by command");
    json(&serde_json::json!({ "changed": changed }))
}
