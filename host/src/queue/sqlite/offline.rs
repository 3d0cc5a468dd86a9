//! Copies of a store, and looking at one that nobody uses.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, InterruptHandle, OpenFlags};
use sha2::{Digest, Sha256};

use super::audit::Chain;
use super::folder::{Folder, damaged, open_error};
use super::row::{self, COLUMNS};
use super::shared::Shared;
use super::state::State;
use super::{SqliteQueue, dead, fault, log, open, schema};
use crate::config::QueueConfig;
use crate::queue::{AuditCheck, DeadFilter, QueueError};

/// Problems that are named one by one.
const MOST_PROBLEMS: usize = 20;

/// What [`SqliteQueue::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Rows of events, ended ones included.
    pub events: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Of both, rows whose checksum does not fit.
    pub damaged: u64,
    /// Lines of the audit log.
    pub audit_lines: u64,
    /// The digest of its last line, as in [`AuditCheck::head`](crate::queue::AuditCheck::head); empty
    /// when the store's format has none.
    pub audit_head: String,
    /// Frames of the log that are whole.
    pub log_frames: u64,
    /// Transactions in the log.
    pub log_commits: u64,
    /// What is wrong, the first ones; empty when all is well.
    pub problems: Vec<String>,
}

impl SqliteQueue {
    /// Makes a backup the store of a folder that has none.
    ///
    /// # Errors
    /// [`QueueError::Locked`], [`QueueError::Foreign`], [`QueueError::TooNew`],
    /// [`QueueError::Damaged`], or [`QueueError::Open`], for instance when there is a store already.
    pub fn restore(backup: &Path, data_dir: &Path) -> Result<(), QueueError> {
        let folder = Folder::lock(data_dir, 0)?;
        let database = folder.database();
        if database.exists() || folder.log().exists() || folder.is_marked() {
            let problem = "there is a store already; move its files (queue.db*, running) away first";
            return Err(open_error(&database, problem));
        }
        check_backup(backup)?;
        let unfinished = folder.unfinished();
        let copied = fs::copy(backup, &unfinished)
            .and_then(|_| File::open(&unfinished)?.sync_all())
            .and_then(|()| fs::rename(&unfinished, &database))
            .and_then(|()| folder.sync());
        copied.map_err(|error| open_error(&database, error))
    }

    /// Looks through a store that nobody uses: every page, every row's checksum, every frame of the
    /// log. It changes nothing that counts.
    ///
    /// # Errors
    /// [`QueueError::Locked`], [`QueueError::Foreign`], [`QueueError::TooNew`], or
    /// [`QueueError::Open`] when there is no store. Damage is in the report, not an error.
    pub fn verify(data_dir: &Path) -> Result<Report, QueueError> {
        let database = data_dir.join("queue.db");
        if !database.exists() {
            return Err(open_error(&database, "there is no store"));
        }
        let folder = Folder::lock(data_dir, 0)?;
        schema::check_owner(&database)?;
        let found = log::look_through(&folder.log()).map_err(|error| open_error(&folder.log(), error))?;
        let mut report = Report { log_frames: found.frames, log_commits: found.commits, ..Report::default() };
        if let Some((file, problem)) = open::log_problem(&folder)? {
            report.problems.push(format!("{}: {problem}", file.display()));
        }
        let connection = schema::connect(&database).map_err(|error| fault::at_open(&database, &error))?;
        let format = schema::check_version(&connection, &database)?;
        let looked = look_at_rows(&connection, &mut report);
        let looked = looked.and_then(|()| look_at_components(&connection, &mut report));
        let looked = looked.and_then(|()| if format > 1 { look_at_audit(&connection, &mut report) } else { Ok(()) });
        // What a start reads: the checks above do not know what tables and columns are called.
        let is_current = format == schema::VERSION;
        let looked = looked
            .and_then(|()| if is_current { State::new(&QueueConfig::default()).load(&connection) } else { Ok(()) });
        if let Err(error) = looked {
            report.problems.push(fault::describe(&error));
        }
        Ok(report)
    }
}

fn check_backup(backup: &Path) -> Result<(), QueueError> {
    schema::check_owner(backup)?;
    let at_open = |error| fault::at_open(backup, &error);
    let connection = Connection::open_with_flags(backup, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(at_open)?;
    schema::check_version(&connection, backup)?;
    let answers = pragma(&connection, "PRAGMA quick_check(5)").map_err(at_open)?;
    if answers == ["ok"] { Ok(()) } else { Err(damaged(backup, answers.join("; "))) }
}

fn pragma(c: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    c.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

fn look_at_rows(c: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let answers = pragma(c, &format!("PRAGMA integrity_check({MOST_PROBLEMS})"))?;
    report.problems.extend(answers.into_iter().filter(|answer| answer != "ok"));
    let mut all = c.prepare(&format!("SELECT {COLUMNS} FROM event AS e LEFT JOIN attempt AS a ON a.key=e.key"))?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let event = row::stored(row)?;
        report.events += 1;
        report.note(event.damaged, || format!("event {} of tenant {}", event.seq, tenant(row)));
    }
    let mut after = 0;
    loop {
        let letters = dead::letters(c, &DeadFilter::default(), after, i64::MAX, dead::SLICE)?;
        let Some(last) = letters.last() else { return Ok(()) };
        after = last.id;
        for letter in letters {
            report.dead_letters += 1;
            report.note(letter.event.damaged, || format!("dead letter {}", letter.id));
        }
    }
}

fn look_at_components(c: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut all = c.prepare("SELECT digest, bytes FROM component")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let digest: String = row.get(0)?;
        let is_damaged = row::hex(&Sha256::digest(row.get_ref(1)?.as_blob().unwrap_or_default())) != digest;
        report.note(is_damaged, || format!("component {digest}"));
    }
    Ok(())
}

fn look_at_audit(c: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut chain = Chain::new();
    while chain.slice(c)? {}
    let AuditCheck { lines, head, broken } = chain.check;
    (report.audit_lines, report.audit_head) = (lines, head);
    if let Some(line) = broken {
        report.problems.push(format!("line {line} of the audit log does not fit the ones before it"));
    }
    Ok(())
}

fn tenant(row: &rusqlite::Row<'_>) -> u32 {
    row.get(0).map_or(0, |key| row::tenant_of(key).0)
}

impl Report {
    fn note(&mut self, is_damaged: bool, what: impl FnOnce() -> String) {
        if is_damaged {
            self.damaged += 1;
            if self.problems.len() < MOST_PROBLEMS {
                self.problems.push(format!("{}: its checksum does not fit", what()));
            }
        }
    }
}

/// Writes a copy of the whole store, as of one moment.
pub(super) fn backup(shared: &Shared, file: &Path, current: &Mutex<Option<InterruptHandle>>) -> Result<(), QueueError> {
    if file.exists() {
        return Err(open_error(file, "the file is there already"));
    }
    let at_open = |error| fault::at_open(file, &error);
    let connection = schema::connect(&shared.folder.database()).map_err(at_open)?;
    *current.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection.get_interrupt_handle());
    if shared.closing.load(Ordering::SeqCst) {
        return Err(QueueError::Closed);
    }
    let unfinished = unfinished(file);
    let made = connection.execute("VACUUM INTO ?", [unfinished.to_string_lossy()]);
    current.lock().unwrap_or_else(PoisonError::into_inner).take();
    let named = made.map_err(at_open).and_then(|_| name(&unfinished, file).map_err(|error| open_error(file, error)));
    if named.is_err() {
        drop(fs::remove_file(&unfinished));
    }
    named
}

fn unfinished(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn name(unfinished: &Path, file: &Path) -> std::io::Result<()> {
    fs::set_permissions(unfinished, fs::Permissions::from_mode(0o600))?;
    File::open(unfinished)?.sync_all()?;
    // A link, as renaming would replace a file that was made meanwhile.
    fs::hard_link(unfinished, file)?;
    fs::remove_file(unfinished)?;
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}
