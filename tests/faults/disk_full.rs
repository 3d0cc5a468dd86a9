//! A disk that is full: the service stays up, takes in nothing that it can't keep, and goes on by
//! itself.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::oracle::host::{client, config, event, upload};
use crate::oracle::load::{judge, tracks};
use crate::oracle::{Accoil, Host, Reply};

/// A file system of a few megabytes, as long as it lives.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder.path()).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("not run: no file system can be mounted here");
        None
    }

    fn free(&self) -> u64 {
        let status = rustix::fs::statvfs(self.0.path()).unwrap();
        status.f_bavail * status.f_frsize
    }

    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }

    /// Takes so many bytes away, or all that there are.
    fn fill(&self, bytes: usize) {
        let mut file = std::fs::File::create(self.filler()).unwrap();
        let block = [1; 4096];
        for _ in 0..bytes / block.len() {
            if file.write_all(&block).is_err() {
                return;
            }
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    /// A configuration whose store is here.
    fn config(&self, accoil: &Accoil, reserve_bytes: u64, queue: &str) -> String {
        let data = format!("data_dir = {:?}", self.0.path().join("data"));
        let queue = format!("reserve_bytes = {reserve_bytes}\n{queue}");
        config(accoil, "").replace("data_dir = \"data\"", &data).replace("reserve_bytes = 0", &queue)
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// Sends events one by one, and remembers those that had their 200.
pub(crate) struct Sender<'a> {
    pub(crate) host: &'a Host,
    pub(crate) answered: &'a mut BTreeSet<String>,
    pub(crate) number: &'a mut usize,
    pub(crate) bytes: usize,
}

impl Sender<'_> {
    /// The status of one more event; of a refusal it is looked at how it is told.
    pub(crate) async fn send(&mut self) -> u16 {
        let user = format!("u{}", *self.number % 5);
        let name = format!("{user}-{:06}", *self.number);
        *self.number += 1;
        let mut event = event(&user, &name);
        event["event_properties"] = json!({ "filling": "x".repeat(self.bytes) });
        let request = client().post(format!("http://{}/2/httpapi", self.host.ingest));
        let response = request.body(upload("acme", &[event]).to_string()).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(answer["code"], status, "{answer}");
        match status {
            200 => drop(self.answered.insert(name)),
            503 => drop(headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap()),
            _ => panic!("{status}: {answer}"),
        }
        status
    }

    pub(crate) async fn until(&mut self, wanted: u16) {
        let sending = async {
            while self.send().await != wanted {
                // There is nothing to be told by.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(60), sending).await.is_ok(), "never {wanted}");
    }
}

pub(crate) async fn ready(host: &Host) -> (u16, String) {
    let response = client().get(format!("http://{}/readyz", host.admin)).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

pub(crate) async fn until_ready(host: &Host, wanted: u16) {
    let asking = async {
        while ready(host).await.0 != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), asking).await.is_ok(), "never {wanted}");
}

/// Kills it, starts it again, and looks whether everything that had its 200 is delivered.
pub(crate) async fn assert_whole(host: Host, accoil: &Accoil, answered: &BTreeSet<String>) {
    accoil.behave(|_| Reply::ok());
    let text = std::fs::read_to_string(host.path("accoil.toml")).unwrap();
    let folder = host.kill();
    accoil.next_generation().await;
    let host = Host::start_in(folder, &text, &[]).await;
    host.until_drained("acme").await;
    let judgement = judge(&tracks(&accoil.calls(), ""));
    let lost: Vec<_> = answered.difference(&judgement.delivered).collect();
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), answered.len());
    eprintln!(
        "{} answered, {} delivered, {} twice",
        answered.len(),
        judgement.delivered.len(),
        judgement.all_doubles()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_disk_is_full_senders_are_told_to_come_later() {
    let Some(disk) = Tmpfs::mount("size=8m") else { return };
    let accoil = Accoil::behaving(|_| Reply::status(500)).await;
    disk.fill(2 << 20);
    let host = Host::start(&disk.config(&accoil, 1 << 20, "")).await;
    let (mut answered, mut number) = (BTreeSet::new(), 0);
    let mut sender = Sender { host: &host, answered: &mut answered, number: &mut number, bytes: 20_000 };
    sender.until(503).await;
    assert!(sender.answered.len() > 50, "{}", sender.answered.len());
    assert!(disk.free() > 512 << 10, "{}", disk.free());
    assert!(!host.log().contains("full:") && !host.log().contains("can't be written"), "{}", host.log());
    accoil.behave(|_| Reply::ok());
    host.until_drained("acme").await;
    disk.make_room();
    Sender { host: &host, answered: &mut answered, number: &mut number, bytes: 100 }.until(200).await;
    assert_whole(host, &accoil, &answered).await;
}

/// What is delivered leaves the store, and its room is used again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_delivered_makes_room_by_itself() {
    let Some(disk) = Tmpfs::mount("size=96m") else { return };
    let accoil = Accoil::behaving(|_| Reply::status(500)).await;
    let host = Host::start(&disk.config(&accoil, 40 << 20, "history_hours = 0")).await;
    let (mut answered, mut number) = (BTreeSet::new(), 0);
    let mut sender = Sender { host: &host, answered: &mut answered, number: &mut number, bytes: 200_000 };
    sender.until(503).await;
    accoil.behave(|_| Reply::ok());
    host.until_drained("acme").await;
    sender.until(200).await;
    assert_whole(host, &accoil, &answered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_deliveries_are_settled_from_the_reserve() {
    settles_from_the_reserve("size=8m", 1 << 20, 200, 2000).await;
}

/// With nearly as much in the log as may be there before it is brought into the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_deliveries_are_settled_from_the_reserve_whatever_the_log_holds() {
    settles_from_the_reserve("size=64m", 8 << 20, 350, 20_000).await;
}

async fn settles_from_the_reserve(disk: &str, reserve_bytes: u64, events: usize, bytes: usize) {
    let Some(disk) = Tmpfs::mount(disk) else { return };
    let accoil = Accoil::behaving(|_| Reply::status(500)).await;
    let host = Host::start(&disk.config(&accoil, reserve_bytes, "")).await;
    let (mut answered, mut number) = (BTreeSet::new(), 0);
    let mut sender = Sender { host: &host, answered: &mut answered, number: &mut number, bytes };
    for _ in 0..events {
        assert_eq!(sender.send().await, 200);
    }
    disk.fill(usize::MAX);
    sender.until(503).await;
    accoil.behave(|_| Reply::ok());
    host.until_drained("acme").await;
    assert_eq!(sender.send().await, 503);
    disk.make_room();
    sender.until(200).await;
    until_ready(&host, 200).await;
    assert_whole(host, &accoil, &answered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_without_a_reserve_deliveries_go_on_and_are_settled_later() {
    let Some(disk) = Tmpfs::mount("size=8m") else { return };
    let accoil = Accoil::behaving(|_| Reply::ok().after(Duration::from_millis(100))).await;
    let host = Host::start(&disk.config(&accoil, 0, "")).await;
    let (mut answered, mut number) = (BTreeSet::new(), 0);
    let mut sender = Sender { host: &host, answered: &mut answered, number: &mut number, bytes: 2000 };
    for _ in 0..200 {
        assert_eq!(sender.send().await, 200);
    }
    disk.fill(usize::MAX);
    sender.until(503).await;
    until_ready(&host, 503).await;
    let tracked = accoil.tracks().len();
    accoil.behave(|_| Reply::ok());
    // What was not taken yet waits for room: without a reserve the take can't be written.
    accoil.until_tracked(tracked + 50).await;
    assert_eq!(ready(&host).await.0, 503);
    disk.make_room();
    until_ready(&host, 200).await;
    sender.until(200).await;
    host.until_drained("acme").await;
    assert!(accoil.counts().values().all(|count| *count == 1));
    assert_whole(host, &accoil, &answered).await;
}
