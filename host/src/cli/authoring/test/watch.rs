//! Running the cases again whenever a file that they depend on changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::session::Session;
use crate::cli::{Exit, Failure, complain, tell};

/// How often the files are looked at, as in the folder that a service watches.
const LOOK: Duration = Duration::from_millis(250);

/// When each file was written, and its size.
type Seen = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// Runs until Ctrl-C, whatever comes of the runs.
pub(super) fn run(session: Session) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Output, "runtime", error))?;
    let ended = runtime.block_on(async {
        let interrupt = signal(SignalKind::interrupt());
        let interrupt = interrupt.map_err(|error| Failure::new(Exit::Output, "signal", error))?;
        watch(&Arc::new(session), interrupt).await;
        Ok(Exit::Success)
    });
    // Nobody waits for a run that is under way.
    runtime.shutdown_background();
    ended
}

async fn watch(session: &Arc<Session>, mut interrupt: Signal) {
    let mut seen = look(session);
    loop {
        let running = Arc::clone(session);
        let run = tokio::task::spawn_blocking(move || running.once());
        tokio::select! {
            _ = interrupt.recv() => return,
            ran = run => match ran {
                Ok(Err(failure)) => complain(&failure.code, &failure.message),
                Ok(Ok(_)) => {}
                Err(error) => complain("threads", &error.to_string()),
            },
        }
        tell("waiting for a change; Ctrl-C ends");
        tokio::select! {
            _ = interrupt.recv() => return,
            now = changed(session, &seen) => seen = now,
        }
    }
}

/// Waits until files look otherwise, and look the same twice: one that is still being written is not read.
async fn changed(session: &Session, seen: &Seen) -> Seen {
    let mut before = seen.clone();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = look(session);
        if now == before && now != *seen {
            return now;
        }
        before = now;
    }
}

fn look(session: &Session) -> Seen {
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let stamp = metadata.map(|data| (data.modified().unwrap_or(SystemTime::UNIX_EPOCH), data.len()));
        (path, stamp)
    };
    session.files().into_iter().map(stamp).collect()
}
