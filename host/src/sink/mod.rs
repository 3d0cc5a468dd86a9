//! A stand-in for Accoil's ingest API on this machine: for trying things out and for tests.
//!
//! It checks each call against the documented contract, says what it found, and answers as Accoil
//! does: 202 with an empty body, whatever the key and the body, since Accoil looks at both only
//! later. A script can make it answer otherwise. It never shows a key: of the header it tells the
//! form and a short fingerprint.

mod contract;
mod record;
mod script;
mod server;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

pub use record::{Counts, Given, Received};
pub use script::{Script, ScriptError};

/// Bodies beyond this get 413. Accoil's own limit is not published.
const BODY_LIMIT: usize = 1024 * 1024;

/// What stands in the counts for every path that is none of the API's.
const UNKNOWN: &str = "(unknown)";

/// How long `stop` waits for requests under way.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// How a sink behaves.
pub struct SinkOptions {
    /// What it answers; 202 once that is used up.
    pub script: Script,
    /// A path that takes the combined form, besides the documented ones.
    pub combined_path: Option<String>,
    /// How many of the latest calls are kept for [`Sink::calls`].
    pub keep: usize,
    /// The most bytes of a body.
    pub body_limit: usize,
    /// Called for each call, before it is answered.
    pub on_call: Box<dyn Fn(&Received) + Send + Sync>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self {
            script: Script::default(),
            combined_path: None,
            keep: 0,
            body_limit: BODY_LIMIT,
            on_call: Box::new(|_| {}),
        }
    }
}

/// The sink cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({problem}); choose another address with --listen, port 0 for any free one")]
pub struct ListenError {
    /// The address asked for.
    pub address: SocketAddr,
    /// What the system said.
    pub problem: String,
}

impl ListenError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        "sink-listen"
    }
}

/// A running sink. Dropping it stops it at once, [`Sink::stop`] lets requests under way end.
#[derive(Debug)]
pub struct Sink {
    /// Where it listens; the port is a real one also when 0 was asked for.
    pub addr: SocketAddr,
    state: Arc<State>,
    stop: oneshot::Sender<()>,
    server: Server,
}

impl Sink {
    /// Starts a sink.
    ///
    /// # Errors
    /// [`ListenError`] when the address cannot be listened on.
    pub async fn start(listen: SocketAddr, options: SinkOptions) -> Result<Self, ListenError> {
        let problem = |error: std::io::Error| ListenError { address: listen, problem: error.to_string() };
        let listener = TcpListener::bind(listen).await.map_err(problem)?;
        let addr = listener.local_addr().map_err(problem)?;
        let state = Arc::new(State {
            tally: Mutex::new(Tally { script: options.script, counts: Counts::default(), calls: VecDeque::new() }),
            total: watch::Sender::new(0),
            combined_path: options.combined_path,
            keep: options.keep,
            body_limit: options.body_limit,
            on_call: options.on_call,
        });
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(server::serve(listener, Arc::clone(&state), stopped, STOP_PATIENCE));
        Ok(Self { addr, state, stop, server: Server(server) })
    }

    /// The calls kept, oldest first.
    pub fn calls(&self) -> Vec<Received> {
        self.state.tally().calls.iter().cloned().collect()
    }

    /// What came, by path and by problem.
    pub fn counts(&self) -> Counts {
        self.state.tally().counts.clone()
    }

    /// Waits until as many calls have come in all.
    pub async fn received(&self, calls: u64) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.state.total.subscribe().wait_for(|total| *total >= calls).await;
    }

    /// Stops listening, lets requests under way end for a short while, and gives the counts.
    pub async fn stop(self) -> Counts {
        let Self { state, stop, mut server, .. } = self;
        // A server that has ended already needs no word; how it ends changes nothing.
        let _ = stop.send(());
        let _ = (&mut server.0).await;
        state.tally().counts.clone()
    }
}

/// The task that serves; it ends with its handle.
#[derive(Debug)]
struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the connections share.
struct State {
    tally: Mutex<Tally>,
    /// How many calls have come.
    total: watch::Sender<u64>,
    combined_path: Option<String>,
    keep: usize,
    body_limit: usize,
    on_call: Box<dyn Fn(&Received) + Send + Sync>,
}

struct Tally {
    script: Script,
    counts: Counts,
    calls: VecDeque<Received>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("State").finish_non_exhaustive()
    }
}

impl State {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers and counts a call, keeps it if wanted, and tells of it.
    fn record(&self, mut call: Received, is_known_path: bool) {
        let mut tally = self.tally();
        tally.counts.total += 1;
        call.number = tally.counts.total;
        // A stranger must not fill the memory with paths.
        let path = if is_known_path { call.path.as_str() } else { UNKNOWN };
        *tally.counts.paths.entry(path.to_owned()).or_default() += 1;
        for problem in &call.problems {
            count_bounded(&mut tally.counts.problems, problem);
        }
        if self.keep > 0 {
            if tally.calls.len() >= self.keep {
                tally.calls.pop_front();
            }
            tally.calls.push_back(call.clone());
        }
        let total = tally.counts.total;
        // Under the lock, so that lines come out in the order of their numbers.
        (self.on_call)(&call);
        drop(tally);
        self.total.send_replace(total);
    }
}

/// Problems can hold words of the caller's, so a stranger must not be able to fill the memory with
/// them.
fn count_bounded(counts: &mut BTreeMap<String, u64>, key: &str) {
    const MOST: usize = 1000;
    if let Some(count) = counts.get_mut(key) {
        *count += 1;
    } else if counts.len() < MOST {
        counts.insert(key.to_owned(), 1);
    }
}
