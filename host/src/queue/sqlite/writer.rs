//! The thread that writes: groups requests into transactions, and outlives a failing disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::apply::{Applied, Done};
use super::checkpoint::{self, LOG_BYTES, MOST_LOG_BYTES};
use super::inbox::{Group, Op, Record};
use super::shared::Shared;
use super::state::{self, State};
use super::{fault, prune, schema};
use crate::queue::{Health, QueueError};
use crate::traces::{Kind, Span};

/// Rows that are pruned with a commit at least, and for each change that it has.
const PRUNE_ROWS: usize = 128;
/// When nothing is asked it is looked for what can be pruned.
const IDLE: Duration = Duration::from_secs(1);
/// While there is something to prune.
const BUSY: Duration = Duration::from_millis(5);
/// Between attempts to recover.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// Between waits for readers to let go of a log that is too long.
const RESTART_PAUSE: Duration = Duration::from_secs(5);
/// Between looks at how much of the file is in use.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Changes that are applied together after a recovery.
const KEPT_OPS: usize = 1024;

/// Why a transaction failed.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: rusqlite::Error,
}

/// The thread's own.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) connection: Option<Connection>,
    pub(super) state: State,
    pub(super) room: super::room::Room,
    /// Changes that wait for the disk, in order.
    kept: Vec<Record>,
    has_more_to_prune: bool,
    restarted: Option<Instant>,
    /// When it was last looked how much of the file is in use.
    looked: Option<Instant>,
    /// Bytes of the file that were free then.
    reusable: u64,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, state: State, reserve_bytes: u64) -> Self {
        let room = super::room::Room::new(reserve_bytes);
        Self {
            shared,
            connection: None,
            state,
            room,
            kept: Vec::new(),
            has_more_to_prune: false,
            restarted: None,
            looked: None,
            reusable: 0,
        }
    }

    /// The thread. `problem` is set when it starts with a disk that fails.
    pub(super) fn serve(mut self, problem: Option<Fault>) {
        let shared = Arc::clone(&self.shared);
        let ended = catch_unwind(AssertUnwindSafe(move || self.run(problem)));
        if ended.is_err() {
            let problem = "the writer ended by an error of its own; restart the service".to_owned();
            tracing::error!(problem);
            shared.health.send_replace(Health::Failing { since: shared.now(), problem });
        }
        shared.inbox.close();
        while let Group { ops, closed: false } = shared.inbox.take(Duration::ZERO) {
            drop(ops);
        }
        shared.folder.release();
    }

    fn run(&mut self, problem: Option<Fault>) {
        if let Some(fault) = problem
            && !self.outlive(fault)
        {
            return;
        }
        loop {
            let patience = if self.has_more_to_prune { BUSY } else { IDLE };
            let group = self.shared.inbox.take(patience);
            if group.ops.is_empty() {
                self.look_for_room();
            }
            #[cfg(test)]
            if group.ops.iter().any(|op| matches!(op, Op::Abandon)) {
                return;
            }
            if let Err(fault) = self.commit(group.ops)
                && !self.outlive(fault)
            {
                return;
            }
            if group.closed {
                break;
            }
        }
        self.close();
    }

    /// One transaction with all these requests.
    fn commit(&mut self, ops: Vec<Op>) -> Result<(), Fault> {
        self.state.now = self.shared.now();
        if ops.is_empty() && !self.has_more_to_prune && !prune::is_due(&self.state, self.state.now) {
            return Ok(());
        }
        let mut dones = Vec::with_capacity(ops.len());
        let span = span(ops.len());
        let mut ops = ops.into_iter();
        let committed = self.transact(&mut ops, &mut dones);
        if let (Some(mut span), Err(error)) = (span, &committed) {
            span.fail(fault::code(error));
        }
        match committed {
            Ok(()) => {
                self.after_commit(dones);
                self.tend_log().map_err(|error| Fault { error })
            }
            Err(error) => {
                // Before anyone hears of it, so that nobody who does asks again at once.
                self.note_failing(&error);
                let problem = fault::failing(&error);
                let done = dones.into_iter().filter_map(|done| done.failed(&problem));
                let kept: Vec<_> = done.chain(ops.filter_map(|op| op.refuse(&problem))).collect();
                self.kept.splice(..0, kept);
                Err(Fault { error })
            }
        }
    }

    /// When no one asks any more, since no events are taken in, nobody else would notice that there is
    /// room again.
    fn look_for_room(&mut self) {
        let is_full = matches!(&*self.shared.health.borrow(), Health::Full { .. });
        if let (true, Some(c)) = (is_full, &self.connection)
            && let Ok((used, reusable)) = state::used_bytes(c)
        {
            (self.state.used_bytes, self.reusable) = (used, reusable);
            self.state.refusal = self.room.refusal(&self.shared.folder, reusable);
            self.note_room();
        }
    }

    /// Tells whether new events are taken in.
    fn note_room(&self) {
        let full = self.state.fullness().map(|problem| Health::Full { problem: problem.to_string() });
        self.shared.health.send_if_modified(|health| match (&*health, full) {
            (Health::Good, Some(full)) => {
                *health = full;
                true
            }
            (Health::Full { .. }, None) => {
                *health = Health::Good;
                true
            }
            _ => false,
        });
    }

    fn transact(&mut self, ops: &mut impl Iterator<Item = Op>, dones: &mut Vec<Done>) -> rusqlite::Result<()> {
        let Some(c) = &self.connection else {
            return Err(rusqlite::Error::InvalidQuery);
        };
        let state = &mut self.state;
        // Between two looks it is estimated.
        if self.looked.is_none_or(|at| at.elapsed() > LOOK_PAUSE) {
            self.looked = Some(Instant::now());
            (state.used_bytes, self.reusable) = state::used_bytes(c)?;
        }
        state.refusal = self.room.refusal(&self.shared.folder, self.reusable);
        c.execute_batch("BEGIN IMMEDIATE")?;
        let mut changes = 0;
        for op in ops.by_ref() {
            if let Op::Record(record) = &op {
                changes += record.changes.len();
            }
            let Applied { done, error } = state.apply(c, op);
            dones.push(done);
            if let Some(error) = error {
                return Err(error);
            }
        }
        self.has_more_to_prune = prune::slice(state, c, PRUNE_ROWS + 2 * changes)?;
        state.write_tenants(c)?;
        c.execute_batch("COMMIT")
    }

    fn after_commit(&mut self, dones: Vec<Done>) {
        let shared = &self.shared;
        shared.commits.fetch_add(1, Ordering::Relaxed);
        shared.used_bytes.store(self.state.used_bytes, Ordering::Relaxed);
        for (tenant, cut) in self.state.dedup.take_cuts() {
            shared.set_cut(tenant, cut);
        }
        // Before anyone hears of the commit, as all that can be asked about.
        self.note_room();
        let again: Vec<_> = dones.into_iter().filter_map(Done::committed).collect();
        for tenant in std::mem::take(&mut self.state.arrived) {
            shared.arrivals(tenant).notify_one();
        }
        self.state.committed();
        again.into_iter().rev().for_each(|op| shared.inbox.push_front(op));
    }

    /// How long the log may be. The reserve must hold what a full disk makes of it: all of the log,
    /// brought into the store.
    fn log_bytes(&self) -> u64 {
        match self.shared.folder.reserve_size() {
            0 => LOG_BYTES,
            reserve => LOG_BYTES.min(reserve / 4 * 3),
        }
    }

    /// Keeps the log short.
    fn tend_log(&mut self) -> rusqlite::Result<()> {
        let most = self.log_bytes();
        let Some(c) = &self.connection else { return Ok(()) };
        let checkpointer = &self.shared.checkpointer;
        let mode = if checkpointer.take_almost_done() || self.room.is_short() { "PASSIVE" } else { "NOOP" };
        let progress = checkpoint::run(c, mode)?;
        let bytes = progress.log_bytes();
        if bytes > most && progress.frames > progress.done {
            checkpointer.want();
        }
        if bytes > MOST_LOG_BYTES && self.restarted.is_none_or(|at| at.elapsed() > RESTART_PAUSE) {
            self.restarted = Some(Instant::now());
            c.busy_timeout(Duration::from_millis(50))?;
            let restarted = checkpoint::run(c, "RESTART");
            c.busy_timeout(Duration::from_secs(5))?;
            restarted?;
        }
        Ok(())
    }

    /// Waits until the disk can be written again. False when the store is closed before.
    fn outlive(&mut self, Fault { error }: Fault) -> bool {
        self.connection = None;
        self.state.rolled_back();
        self.note_failing(&error);
        let mut pause = FIRST_PAUSE;
        loop {
            let is_open = self.hold(Instant::now() + pause);
            match self.recover() {
                Ok(()) => break,
                Err(error) => {
                    self.connection = None;
                    self.state.rolled_back();
                    self.note_failing(&error);
                }
            }
            if !is_open {
                tracing::error!(changes = self.kept.len(), "the store is closed while the disk fails");
                return false;
            }
            pause = LONGEST_PAUSE.min(pause * 3 / 2);
        }
        tracing::warn!("the store can be written again");
        self.shared.health.send_replace(Health::Good);
        // Whether a failed commit reached the disk is known only now.
        for (tenant, entry) in &self.state.tenants {
            if entry.accepted > entry.taken {
                self.shared.arrivals(*tenant).notify_one();
            }
        }
        true
    }

    fn note_failing(&mut self, error: &rusqlite::Error) {
        if fault::is_full(error) {
            self.room.used_up(&self.shared.folder);
        }
        let problem = fault::describe(error);
        let now = self.shared.now();
        self.shared.health.send_if_modified(|health| {
            let since = match health {
                Health::Failing { problem: known, .. } if *known == problem => return false,
                Health::Failing { since, .. } => *since,
                Health::Good | Health::Full { .. } => now,
            };
            tracing::error!(problem, "the store can't be written; it is tried again");
            *health = Health::Failing { since, problem };
            true
        });
    }

    /// Keeps changes and refuses everything else until then. False when the store is being closed.
    fn hold(&mut self, until: Instant) -> bool {
        let problem = match &*self.shared.health.borrow() {
            Health::Failing { problem, .. } => QueueError::Failing { problem: problem.clone() },
            Health::Good | Health::Full { .. } => QueueError::Busy,
        };
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let group = self.shared.inbox.take(left);
            self.kept.extend(group.ops.into_iter().filter_map(|op| op.refuse(&problem)));
            if group.closed {
                return false;
            }
            if left.is_zero() {
                return true;
            }
        }
    }

    /// Opens the store anew. After a failed sync the system may hold pages for clean that never
    /// reached the disk; bringing the whole log in writes them again.
    pub(super) fn recover(&mut self) -> rusqlite::Result<()> {
        self.state.now = self.shared.now();
        let c = schema::connect_writer(&self.shared.folder.database())?;
        let progress = checkpoint::run(&c, "RESTART")?;
        if !progress.is_complete() {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            return Err(rusqlite::Error::SqliteFailure(code, Some("the log could not be brought in".into())));
        }
        super::migrate::migrate(&c)?;
        self.state.load(&c)?;
        for (tenant, cut) in self.state.dedup.take_cuts() {
            self.shared.set_cut(tenant, cut);
        }
        // From here on the log has something in it, and the marker may say so.
        c.execute_batch("UPDATE start SET count = count + 1")?;
        self.shared.folder.mark().map_err(|error| io_failure(&error))?;
        self.shared.used_bytes.store(state::used_bytes(&c)?.0, Ordering::Relaxed);
        self.connection = Some(c);
        while !self.kept.is_empty() {
            let part = self.kept.drain(..KEPT_OPS.min(self.kept.len())).map(Op::Record).collect();
            self.commit(part).map_err(|fault| fault.error)?;
        }
        Ok(())
    }

    /// Leaves a store that is whole without its log.
    fn close(&mut self) {
        let Some(c) = self.connection.take() else { return };
        if let Err(error) = self.bring_all_in(&c) {
            tracing::warn!(%error, "the log stays for the next start");
            return;
        }
        // Only now may SQLite delete the log; until then the marker's absence says that it can be
        // missing, and its presence does no harm.
        let _ = c.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        if let Err((_, error)) = c.close() {
            tracing::warn!(%error, "the store did not close");
        }
    }

    fn bring_all_in(&self, c: &Connection) -> rusqlite::Result<()> {
        if !checkpoint::run(c, "RESTART")?.is_complete() {
            return Err(rusqlite::Error::InvalidQuery);
        }
        self.shared.folder.unmark().map_err(|error| io_failure(&error))
    }
}

/// The span of a commit, if it is among those that are traced.
fn span(requests: usize) -> Option<Span> {
    let mut span = Span::root(Kind::Internal, || "COMMIT".into())?;
    span.set("db.system.name", "sqlite");
    span.set("db.operation.name", "COMMIT");
    span.set("db.operation.batch.size", requests);
    Some(span)
}

fn io_failure(error: &std::io::Error) -> rusqlite::Error {
    let code = if error.kind() == std::io::ErrorKind::StorageFull {
        rusqlite::ffi::SQLITE_FULL
    } else {
        rusqlite::ffi::SQLITE_IOERR
    };
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(error.to_string()))
}
