//! Opening a store: everything that is looked at before anything is written.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::folder::{Folder, damaged, open_error};
use super::log::{self, Log};
use super::shared::{Clock, Shared};
use super::state::State;
use super::writer::{Fault, Writer};
use super::{fault, schema};
use crate::config::QueueConfig;
use crate::queue::{Health, QueueError};

/// Makes or opens the store of a folder and starts the writer.
pub(super) fn open(
    data_dir: &Path,
    config: &QueueConfig,
    accept_damage: bool,
    clock: Clock,
) -> Result<(Arc<Shared>, JoinHandle<()>), QueueError> {
    let folder = Folder::lock(data_dir, config.reserve_bytes)?;
    let database = folder.database();
    prepare(&folder, accept_damage)?;
    let shared = Arc::new(Shared::new(folder, config, clock));
    let mut writer = Writer::new(Arc::clone(&shared), State::new(config), config.reserve_bytes);
    let problem = match first_open(&mut writer) {
        Ok(()) => None,
        Err(error) if fault::can_pass(&error) => {
            let problem = fault::describe(&error);
            shared.health.send_replace(Health::Failing { since: shared.now(), problem });
            Some(Fault { error })
        }
        Err(error) => return Err(fault::at_open(&database, &error)),
    };
    let thread = std::thread::Builder::new().name("queue-writer".into()).spawn(move || writer.serve(problem));
    thread.map(|thread| (shared, thread)).map_err(|error| open_error(&database, error))
}

/// A disk that is full gets a second chance with the room that was set aside for that.
fn first_open(writer: &mut Writer) -> rusqlite::Result<()> {
    match writer.recover() {
        Err(error) if fault::is_full(&error) => {
            writer.room.used_up(&writer.shared.folder);
            writer.recover()
        }
        first => first,
    }
}

/// Makes a store when there is none; else looks whether it may be used.
fn prepare(folder: &Folder, accept_damage: bool) -> Result<(), QueueError> {
    let database = folder.database();
    if !database.exists() {
        let log = look(folder)?;
        if !log.empty || folder.is_marked() {
            return Err(damaged(&database, "the file is missing, though its log or the file \"running\" is there"));
        }
        return schema::create(folder);
    }
    schema::check_owner(&database)?;
    if let Some((file, problem)) = log_problem(folder)? {
        let error = damaged(&file, problem);
        if !accept_damage {
            return Err(error);
        }
        tracing::error!(code = error.code(), "{error}; going on, as --accept-damage says");
    }
    let connection = schema::connect(&database).map_err(|error| fault::at_open(&database, &error))?;
    schema::check_version(&connection, &database).map(drop)
}

fn look(folder: &Folder) -> Result<Log, QueueError> {
    log::look_through(&folder.log()).map_err(|error| open_error(&folder.log(), error))
}

/// What is wrong with the log, if something certainly is.
pub(super) fn log_problem(folder: &Folder) -> Result<Option<(std::path::PathBuf, String)>, QueueError> {
    let log = look(folder)?;
    let problem = match log.damage {
        None if log.empty && folder.is_marked() => {
            "the log is missing or empty, though the store was not closed in order; what was accepted last is lost"
                .into()
        }
        None => return Ok(None),
        Some(damage) => damage,
    };
    Ok(Some((folder.log(), problem)))
}
