//! The store's file: its tables, and connections to it.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::folder::{Folder, open_error};
use crate::queue::QueueError;

/// Says that a file is ours: `AccQ`.
pub(super) const APPLICATION_ID: i32 = 0x4163_6351;
/// The format that this release writes.
pub(super) const VERSION: i64 = 3;

/// Events are clustered by tenant: their key is the tenant's number, shifted, and the sequence
/// number. There is no second index on them, as it would touch a page of its own for each event.
const TABLES: &str = "
CREATE TABLE tenant (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    accepted INTEGER NOT NULL DEFAULT 0, taken INTEGER NOT NULL DEFAULT 0, low INTEGER NOT NULL DEFAULT 0,
    queued_events INTEGER NOT NULL DEFAULT 0, queued_bytes INTEGER NOT NULL DEFAULT 0,
    history_events INTEGER NOT NULL DEFAULT 0, history_bytes INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0, dedup_cut INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE event (
    key INTEGER PRIMARY KEY, id TEXT, at INTEGER NOT NULL, sum INTEGER NOT NULL,
    original INTEGER, delivered TEXT, body BLOB NOT NULL
) STRICT;
CREATE TABLE settled (
    key INTEGER PRIMARY KEY, at INTEGER NOT NULL, version INTEGER NOT NULL, ending INTEGER NOT NULL, note TEXT NOT NULL
) STRICT;
CREATE TABLE attempt (
    key INTEGER PRIMARY KEY, version INTEGER NOT NULL, calls TEXT NOT NULL, delivered TEXT NOT NULL,
    attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, age_ms INTEGER NOT NULL, status INTEGER, answer TEXT NOT NULL
) STRICT;
CREATE TABLE dead (
    number INTEGER PRIMARY KEY AUTOINCREMENT, tenant INTEGER NOT NULL, seq INTEGER NOT NULL,
    id TEXT NOT NULL, at INTEGER NOT NULL, sum INTEGER NOT NULL, original INTEGER, replayed TEXT,
    died_at INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    version INTEGER NOT NULL, calls TEXT NOT NULL, delivered TEXT NOT NULL, attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL, age_ms INTEGER NOT NULL, status INTEGER, answer TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX dead_id ON dead (tenant, id);
CREATE TABLE fact (
    tenant INTEGER NOT NULL, space INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (tenant, space, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE component (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE seen (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, at INTEGER NOT NULL, keys BLOB NOT NULL) STRICT;
CREATE TABLE start (only INTEGER PRIMARY KEY CHECK (only = 1), count INTEGER NOT NULL) STRICT;
INSERT INTO start VALUES (1, 0);
";

/// What format 2 added, in place of format 1's `activation (tenant, version, from_seq, at, pin,
/// reason)`. The triggers stop mistakes; what gets around them shows in the digests.
pub(super) const ROLLOUT_TABLES: &str = "
CREATE TABLE version (
    tenant INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, pin TEXT NOT NULL, by TEXT NOT NULL,
    reason TEXT NOT NULL, PRIMARY KEY (tenant, number)
) STRICT;
CREATE INDEX version_pin ON version (tenant, pin, number);
CREATE TABLE activation (
    number INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, from_seq INTEGER NOT NULL, at INTEGER NOT NULL,
    version INTEGER NOT NULL, canary INTEGER, share INTEGER, fallback INTEGER, fallback_until INTEGER,
    by TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX activation_tenant ON activation (tenant, number);
CREATE TABLE audit (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, tenant TEXT, what TEXT NOT NULL, by TEXT NOT NULL,
    reason TEXT NOT NULL, detail TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE INDEX audit_tenant ON audit (tenant, number);
CREATE TRIGGER audit_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
";

/// What format 3 added: dead letters count in a tenant's share.
pub(super) const DEAD_BYTES: &str = "ALTER TABLE tenant ADD COLUMN dead_bytes INTEGER NOT NULL DEFAULT 0;";

/// Makes a new store beside, complete, and gives it its name: whatever interrupts this, there is no
/// store or a whole one.
pub(super) fn create(folder: &Folder) -> Result<(), QueueError> {
    let unfinished = folder.unfinished();
    remove_with_logs(&unfinished).map_err(|error| open_error(&unfinished, error))?;
    let made = fill(&unfinished);
    made.map_err(|error| open_error(&unfinished, error))?;
    let named = File::open(&unfinished)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&unfinished, folder.database()))
        .and_then(|()| folder.sync());
    named.map_err(|error| open_error(&folder.database(), error))
}

fn fill(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    // The log and its index get the mode of the file. What is in it is nobody else's business.
    drop(fs::set_permissions(path, fs::Permissions::from_mode(0o600)));
    connection.execute_batch("PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN")?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch(ROLLOUT_TABLES)?;
    connection.execute_batch(DEAD_BYTES)?;
    connection
        .execute_batch(&format!("PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION}; COMMIT"))?;
    connection.close().map_err(|(_, error)| error)
}

fn remove_with_logs(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A connection to the store that is there.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // The log must outlive every connection but that of a close in order: the look-through of the
    // next start relies on it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // Without spilling only committed transactions reach the log.
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA mmap_size=0;
         PRAGMA wal_autocheckpoint=0; PRAGMA secure_delete=FAST; PRAGMA trusted_schema=OFF;
         PRAGMA cell_size_check=ON; PRAGMA cache_spill=OFF; PRAGMA temp_store=MEMORY;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The writer's connection: it alone has a big cache.
pub(super) fn connect_writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.execute_batch("PRAGMA cache_size=-65536")?;
    Ok(connection)
}

/// Refuses a file that is none of ours, without having SQLite touch it.
pub(super) fn check_owner(path: &Path) -> Result<(), QueueError> {
    let foreign = || QueueError::Foreign { file: path.display().to_string() };
    let mut header = [0; 100];
    let read = File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut header));
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Err(foreign()),
        read => read.map_err(|error| open_error(path, error))?,
    }
    let id = header.get(68..72).and_then(|id| id.try_into().ok()).map(i32::from_be_bytes);
    let ours = header.starts_with(b"SQLite format 3\0") && id == Some(APPLICATION_ID);
    if ours { Ok(()) } else { Err(foreign()) }
}

/// Refuses a format that this release does not know; gives the one that the store has.
pub(super) fn check_version(connection: &Connection, path: &Path) -> Result<i64, QueueError> {
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    let found: i64 = found.map_err(|error| super::fault::at_open(path, &error))?;
    let file = path.display().to_string();
    match found {
        1..=VERSION => Ok(found),
        ..1 => Err(QueueError::Foreign { file }),
        _ => Err(QueueError::TooNew { file, found, known: VERSION }),
    }
}
