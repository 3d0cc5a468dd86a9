//! The threads that run mappings.
//!
//! Guests need more stack than a thread of the runtime has, and may hold a thread for a whole
//! deadline. A tenant has at most one batch in the pool, so a slow mapping takes one thread, and the
//! system shares the processors out among the threads.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use tokio::sync::{mpsc, oneshot};

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// How many threads there are for each processor: while some are held by slow mappings, the others
/// go on.
const THREADS_PER_PROCESSOR: usize = 4;

/// The most threads; the sandbox has room for more.
const MOST_THREADS: usize = 32;

/// The pool. Dropping it ends the threads when they are done.
#[derive(Debug, Clone)]
pub struct MappingPool {
    jobs: mpsc::UnboundedSender<Job>,
}

impl MappingPool {
    /// Starts the threads, each with `stack_bytes` of stack.
    ///
    /// # Errors
    /// When a thread can't be started.
    pub fn start(stack_bytes: usize) -> io::Result<Self> {
        let (jobs, todo) = mpsc::unbounded_channel::<Job>();
        let todo = Arc::new(Mutex::new(todo));
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        for number in 0..(processors * THREADS_PER_PROCESSOR).min(MOST_THREADS) {
            let todo = Arc::clone(&todo);
            Builder::new().name(format!("mapper-{number}")).stack_size(stack_bytes).spawn(move || {
                loop {
                    // The lock is held while waiting: one waits for a job, the others for the lock.
                    let job = todo.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                    match job {
                        Some(job) => job(),
                        None => return,
                    }
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// A pool without threads: whoever has the other end runs the work.
    #[cfg(test)]
    pub(super) fn by_hand() -> (Self, mpsc::UnboundedReceiver<Job>) {
        let (jobs, todo) = mpsc::unbounded_channel();
        (Self { jobs }, todo)
    }

    /// Runs work on a thread of the pool. `None` when the work panicked.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, result) = oneshot::channel();
        let job = Box::new(move || {
            // A panic of the host's own code must not take the thread with it.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            // Whoever asked may be gone.
            let _ = done.send(outcome.ok());
        });
        self.jobs.send(job).ok()?;
        result.await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_and_a_panic_costs_only_itself() {
        let pool = MappingPool::start(1 << 20).unwrap();
        assert_eq!(pool.run(|| -> u8 { panic!("expected") }).await, None);
        for number in 0..100 {
            assert_eq!(pool.run(move || number).await, Some(number));
        }
    }
}
