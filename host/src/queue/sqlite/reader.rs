//! Threads that read: what needs no write must not hold up commits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::shared::Shared;
use super::{fault, schema};
use crate::queue::{Pending, QueueError};

type Job = Box<dyn FnOnce(&mut Reader) + Send>;

/// One thread and the way to it.
pub(super) struct Lane {
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Lane {
    /// Starts the thread.
    pub(super) fn start(name: &str, shared: Arc<Shared>) -> std::io::Result<Self> {
        let (sender, jobs) = channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || serve(&jobs, shared))?;
        Ok(Self { jobs: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Has something read.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Reader) -> Result<T, QueueError> + Send + 'static,
    ) -> Pending<T> {
        let (reply, pending) = Pending::new();
        self.run(move |reader| drop(reply.send(work(reader))));
        pending
    }

    /// Has something done that gives its answer itself.
    pub(super) fn run(&self, job: impl FnOnce(&mut Reader) + Send + 'static) {
        if let Some(jobs) = &*self.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            // A job that is not taken answers "closed" by being dropped.
            drop(jobs.send(Box::new(job)));
        }
    }

    /// Does what is waiting and ends.
    pub(super) fn end(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(thread.map(JoinHandle::join));
    }
}

fn serve(jobs: &Receiver<Job>, shared: Arc<Shared>) {
    let mut reader = Reader { shared, connection: None };
    while let Ok(job) = jobs.recv() {
        if catch_unwind(AssertUnwindSafe(|| job(&mut reader))).is_err() {
            tracing::error!("a read ended by an error of its own");
            reader.connection = None;
        }
    }
}

/// The thread's own.
pub(super) struct Reader {
    pub(super) shared: Arc<Shared>,
    connection: Option<Connection>,
}

impl Reader {
    /// Reads in a transaction of its own, so that the log can start anew between two reads.
    pub(super) fn read<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, QueueError> {
        let result = match &self.connection {
            Some(connection) => work(connection),
            None => schema::connect(&self.shared.folder.database())
                .and_then(|connection| work(self.connection.insert(connection))),
        };
        result.map_err(|error| {
            tracing::error!(problem = fault::describe(&error), "the store can't be read");
            self.connection = None;
            fault::failing(&error)
        })
    }
}
