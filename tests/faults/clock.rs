//! The clock on the wall jumps, as it does when a machine wakes up or its time is set.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::oracle::host::{command, config};
use crate::oracle::{Accoil, Host, Reply, events};

/// A clock of the service's own, behind a library that is loaded before all others.
struct Clock {
    library: PathBuf,
}

impl Clock {
    /// That of Debian's package `libfaketime`, if it is there.
    fn find() -> Option<Self> {
        let folders =
            ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime"];
        let library =
            folders.iter().map(|folder| Path::new(folder).join("libfaketimeMT.so.1")).find(|path| path.is_file());
        if library.is_none() {
            let is_required = std::env::var("ACCOIL_STREAM_FAULTS").is_ok_and(|value| value == "required");
            assert!(!is_required, "no libfaketime here; run .ci/faults");
            eprintln!("not run: no libfaketime here; run .ci/faults. `tenant/simulation` has clocks that stand still");
        }
        library.map(|library| Self { library })
    }

    /// Starts a service whose clock is set by the file `clock` in its folder. What passes stays as it is: only the wall's
    /// clock is another one.
    async fn start(&self, config: &str) -> Host {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), 0);
        let with_clock = |folder: &Path| {
            let mut command: Command = command(folder, &[]);
            command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", folder.join("clock"));
            command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            command
        };
        Host::start_by(folder, config, with_clock).await
    }
}

/// Puts the clock of a service so many seconds off from now on.
fn set(folder: &Path, seconds: i64) {
    // In one piece: the library reads the file at every look at the clock.
    let new = folder.join("clock.new");
    std::fs::write(&new, format!("{seconds:+}")).unwrap();
    std::fs::rename(new, folder.join("clock")).unwrap();
}

async fn a_jump_holds_up_nothing(seconds: i64) {
    let Some(clock) = Clock::find() else { return };
    let accoil = Accoil::behaving(|_| Reply::status(500)).await;
    let text = config(&accoil, "").replace("[delivery]\n", "[delivery]\ncircuit_failures = 1000\n");
    let host = clock.start(&text).await;
    for user in ["a", "b", "c"] {
        host.accept("acme", &events(user, 0..10)).await;
    }
    // All are waiting for their next try.
    accoil.until(|calls| calls.len() > 30).await;
    set(host.folder.path(), seconds);
    let before = accoil.calls().len();
    accoil.until(|calls| calls.len() > before + 30).await;
    let tried = Instant::now();
    accoil.behave(|_| Reply::ok());
    host.until_drained("acme").await;
    assert!(tried.elapsed() < Duration::from_secs(10), "{:?} after a jump by {seconds} s", tried.elapsed());
    assert!(host.dead_letters().await.is_empty());
    for order in accoil.orders().values() {
        assert!(order.len() == 10 && order.is_sorted(), "{order:?}");
    }
    // It did see the jump: an event that comes now is dated by it.
    host.accept("acme", &events("d", 0..1)).await;
    host.until_drained("acme").await;
    let story = host.admin("/events/d-0").await;
    let accepted: jiff::Timestamp = story["accepted_at"].as_str().unwrap().parse().unwrap();
    let off = accepted.as_second() - jiff::Timestamp::now().as_second();
    assert!((off - seconds).abs() < 60, "{story}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_back_holds_up_no_retry() {
    a_jump_holds_up_nothing(-3600).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_ahead_gives_up_nothing() {
    a_jump_holds_up_nothing(3600).await;
}

/// Written by a clock that was a day ahead: what waits is not waited for by that clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_a_clock_that_was_ahead_is_delivered_now() {
    let Some(clock) = Clock::find() else { return };
    let accoil = Accoil::behaving(|_| Reply::status(500)).await;
    let text = config(&accoil, "").replace("[delivery]\n", "[delivery]\ncircuit_failures = 1000\n");
    let host = clock.start(&text).await;
    set(host.folder.path(), 86_400);
    host.accept("acme", &events("a", 0..10)).await;
    accoil.until(|calls| calls.len() > 5).await;
    let folder = host.kill();
    accoil.next_generation().await;
    accoil.behave(|_| Reply::ok());
    let started = Instant::now();
    let host = Host::start_in(folder, &text, &[]).await;
    host.until_drained("acme").await;
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_eq!(accoil.orders()["a"].len(), 10);
}
