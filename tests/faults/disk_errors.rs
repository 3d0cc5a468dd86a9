//! A disk that fails: nothing is answered with 200 that is not on it, and the service goes on by itself.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::disk_full::{Sender, assert_whole, ready, until_ready};
use crate::oracle::host::config;
use crate::oracle::{Accoil, Host};

/// Makes system calls of a process on its store fail, as long as it lives.
struct Injection(Child);

impl Injection {
    fn into(host: &Host, calls: &str) -> Option<Self> {
        let inject = format!("inject={calls}:error=EIO");
        let mut strace = Command::new("strace");
        strace.args([
            "-f",
            "-o",
            "/dev/null",
            "-e",
            &format!("trace={calls}"),
            "-e",
            &inject,
            "-p",
            &host.pid().to_string(),
        ]);
        for name in ["queue.db", "queue.db-wal"] {
            strace.arg("-P").arg(host.path("data").join(name));
        }
        let started = strace.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().ok();
        let attached = started.and_then(|mut child| {
            let said = BufReader::new(child.stderr.take()?).lines().map_while(Result::ok);
            let mut said = said.filter(|line| !line.contains("Requested path"));
            said.next()?.contains("attached").then_some(Self(child))
        });
        if attached.is_none() {
            eprintln!("not run: no process can be traced here");
        }
        attached
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

async fn outlives(calls: &str) {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let (mut answered, mut number) = (BTreeSet::new(), 0);
    let mut sender = Sender { host: &host, answered: &mut answered, number: &mut number, bytes: 100 };
    for round in 0..3 {
        for _ in 0..20 {
            sender.until(200).await;
        }
        let Some(injection) = Injection::into(&host, calls) else { return };
        for _ in 0..10 {
            assert_eq!(sender.send().await, 503, "answered though {calls} fail");
        }
        assert_eq!(ready(&host).await.0, 503);
        // It must not have recovered by a way around.
        if round == 0 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(sender.send().await, 503);
        }
        drop(injection);
        until_ready(&host, 200).await;
        sender.until(200).await;
    }
    assert_whole(host, &accoil, &answered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_with_200_while_syncs_fail() {
    outlives("fsync,fdatasync").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_with_200_while_writes_fail() {
    outlives("write,pwrite64").await;
}
