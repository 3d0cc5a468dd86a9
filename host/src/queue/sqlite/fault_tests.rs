//! Tests of a disk that has no room, and of processes that are killed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::support::*;
use super::{SqliteQueue, system_clock};
use crate::config::QueueConfig;
use crate::queue::{Health, Queue, QueueError};

/// A small file system of its own, if this machine lets one be made.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(place: &Place) -> Option<Self> {
        let path = place.path();
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&path).output();
        if mounted.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self(path));
        }
        println!("skipped: no small file system can be mounted here");
        None
    }

    fn fill(&self) {
        let filler = "x".repeat(4096);
        let mut file = std::fs::File::create(self.0.join("filler")).unwrap();
        while std::io::Write::write_all(&mut file, filler.as_bytes()).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

/// Waits, but not for ever.
fn soon<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), future).await.unwrap() })
}

pub(super) fn wait_for(queue: &SqliteQueue, wanted: impl Fn(&Health) -> bool) {
    let mut health = queue.health();
    soon(async { health.wait_for(|health| wanted(health)).await.map(drop) }).unwrap();
}

#[test]
fn a_full_disk_refuses_events_keeps_changes_and_recovers_by_itself() {
    let mut place = Place::new();
    let Some(disk) = SmallDisk::new(&place) else { return };
    place.config.reserve_bytes = 300_000;
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..200));
    queue.get(tenant, 0);
    disk.fill();
    // Without a look at what is free the write itself fails.
    let body = "x".repeat(100_000);
    let mut problems = Vec::new();
    for key in 1_000..1_100 {
        let refused = queue.accept(tenant, vec![event(key, &body)], Vec::new()).wait();
        problems.extend(refused.err());
    }
    let is_full = |error: &QueueError| matches!(error, QueueError::DiskFull { .. } | QueueError::Failing { .. });
    assert!(problems.len() > 90 && problems.iter().all(is_full), "{problems:?}");
    for seq in 1..=100 {
        soon(queue.record(tenant, vec![settled(seq)], vec![])).unwrap();
    }
    assert_eq!(seqs(&queue.unsettled(tenant, 0, MANY).wait().unwrap())[0], 101);
    disk.make_room();
    let start = Instant::now();
    while queue.accept(tenant, events(5_000..5_001), Vec::new()).wait().is_err() {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(*queue.health().borrow(), Health::Good);
    queue.abandon();
    let queue = place.open();
    assert_eq!(queue.put(tenant, events(0..200)).duplicates, 200);
    assert_eq!(seqs(&queue.unsettled(tenant, 0, MANY).wait().unwrap())[0], 101);
    drop(queue);
    assert_eq!(SqliteQueue::verify(&place.path()).unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_write_that_fails_is_outlived() {
    let mut place = Place::new();
    let Some(disk) = SmallDisk::new(&place) else { return };
    place.config.reserve_bytes = 0;
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, events(0..3));
    queue.get(tenant, 0);
    disk.fill();
    let body = "x".repeat(3_000_000);
    let refused = queue.accept(tenant, vec![event(70, &body)], Vec::new()).wait();
    assert!(matches!(refused, Err(QueueError::Failing { .. })), "{refused:?}");
    assert!(matches!(&*queue.health().borrow(), Health::Failing { .. }));
    let changes =
        [queue.record(tenant, vec![settled(1)], Vec::new()), queue.record(tenant, vec![dead(2, "x")], vec![])];
    disk.make_room();
    for change in changes {
        soon(change).unwrap();
    }
    wait_for(&queue, |health| *health == Health::Good);
    assert_eq!((queue.stats(tenant).queued, queue.stats(tenant).dead), (1, 1));
    assert_eq!(queue.put(tenant, vec![event(70, "{}"), event(1, "{}")]).events, 1);
}

#[test]
fn a_store_on_a_full_disk_opens_and_recovers() {
    let mut place = Place::new();
    let Some(disk) = SmallDisk::new(&place) else { return };
    place.config.reserve_bytes = 0;
    let queue = place.open();
    let tenant = queue.id("a");
    queue.put(tenant, (0..300).map(|key| event(key, &"x".repeat(5_000))).collect());
    queue.abandon();
    disk.fill();
    let queue = place.open();
    assert!(matches!(queue.accept(tenant, events(900..901), vec![]).wait(), Err(QueueError::Failing { .. })));
    disk.make_room();
    wait_for(&queue, |health| *health == Health::Good);
    assert_eq!(queue.get(tenant, 0).len(), 300);
}

/// What the child says when an event is durable.
const SAID: &str = "accepted ";

#[test]
fn killed_processes_lose_nothing_they_told() {
    if let Ok(folder) = std::env::var("QUEUE_CHILD") {
        return child(Path::new(&folder));
    }
    let place = Place::new();
    let mut told = 0;
    for round in 0..20_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["killed_processes_lose_nothing_they_told", "--nocapture", "--test-threads=1"])
            .env("QUEUE_CHILD", place.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut lines = std::io::BufRead::lines(output).map_while(Result::ok);
        let wanted = 1 + usize::try_from(round % 7 * 5).unwrap();
        let mut said = |lines: &mut dyn Iterator<Item = String>| {
            for line in lines {
                told = line.strip_prefix(SAID).map_or(told, |seq| told.max(seq.parse().unwrap()));
            }
        };
        said(&mut lines.by_ref().filter(|line| line.starts_with(SAID)).take(wanted));
        child.kill().unwrap();
        child.wait().unwrap();
        said(&mut lines);
    }
    let queue = SqliteQueue::open(&place.path(), &QueueConfig::default(), false).unwrap();
    let tenant = queue.id("a");
    let stats = queue.stats(tenant);
    assert!(stats.accepted >= told && told > 50, "{} of {told}", stats.accepted);
    let open = queue.get(tenant, 0);
    assert_eq!(open.len() as u64, stats.queued);
    drop(queue);
    let report = SqliteQueue::verify(&place.path()).unwrap();
    assert!(report.problems.is_empty() && report.events == stats.accepted, "{report:?}");
}

/// Accepts and settles until it is killed.
fn child(folder: &Path) {
    let queue = SqliteQueue::open(folder, &QueueConfig::default(), false).unwrap();
    let tenant = queue.id("a");
    let mut last = queue.stats(tenant).accepted;
    let now = (system_clock())();
    for round in 0.. {
        let key = u128::from(now) << 64 | round << 8;
        let pending: Vec<_> =
            (0..4).map(|n| queue.accept(tenant, events(key + n * 9..key + n * 9 + 9), vec![])).collect();
        for one in pending {
            last += one.wait().unwrap().events as u64;
            println!("{SAID}{last}");
        }
        let taken = queue.get(tenant, last.saturating_sub(20));
        queue.note(tenant, taken.iter().step_by(3).map(|event| settled(event.seq)).collect());
    }
}

#[test]
fn a_checkpoint_that_fails_is_outlived_too() {
    let place = Place::new();
    let queue = place.open();
    let tenant = queue.id("a");
    queue.shared.inbox.push(super::inbox::Op::Fault("disk I/O error".into()));
    wait_for(&queue, |health| matches!(health, Health::Failing { .. }));
    let change = queue.record(tenant, vec![], vec![]);
    let refused = queue.accept(tenant, events(0..1), vec![]).wait();
    assert!(matches!(refused, Err(QueueError::Failing { .. })));
    wait_for(&queue, |health| *health == Health::Good);
    soon(change).unwrap();
    assert_eq!(queue.put(tenant, events(0..1)).events, 1);
    assert!(queue.shared.commits.load(Ordering::Relaxed) > 1);
}

/// A run of this test in a process of its own, of which strace lets some syncs fail.
#[test]
fn a_sync_that_fails_costs_no_event() {
    if let Ok(folder) = std::env::var("QUEUE_SYNC_CHILD") {
        return child_with_failing_syncs(Path::new(&folder));
    }
    let place = Place::new();
    let trace = place.folder.path().join("trace");
    let output = Command::new("strace")
        .args(["-f", "-o"])
        .arg(&trace)
        .args(["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=40..42"])
        .arg(std::env::current_exe().unwrap())
        .args(["a_sync_that_fails_costs_no_event", "--nocapture", "--test-threads=1"])
        .env("QUEUE_SYNC_CHILD", place.path())
        .output();
    let Some(output) = output.ok().filter(|_| std::fs::metadata(&trace).is_ok_and(|trace| trace.len() > 0)) else {
        println!("skipped: strace can't be used here");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("failing "),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report = SqliteQueue::verify(&place.path()).unwrap();
    assert_eq!((report.events, report.problems), (100, vec![]));
}

fn child_with_failing_syncs(folder: &Path) {
    let queue = SqliteQueue::open(folder, &QueueConfig::default(), false).unwrap();
    let tenant = queue.id("a");
    for key in 0..100 {
        while let Err(error) = queue.accept(tenant, vec![event(key, "{}")], vec![]).wait() {
            println!("failing {error}");
            assert!(matches!(error, QueueError::Failing { .. }));
            wait_for(&queue, |health| *health == Health::Good);
        }
        assert_eq!(queue.stats(tenant).accepted, u64::try_from(key).unwrap() + 1);
    }
    queue.abandon();
}
