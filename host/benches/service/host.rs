//! The service in a process of its own.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::sink::Sink;

pub(crate) struct Host {
    pub(crate) ingest: SocketAddr,
    admin: SocketAddr,
    pub(crate) client: reqwest::Client,
    child: Child,
    folder: tempfile::TempDir,
    log: std::sync::mpsc::Receiver<String>,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Host {
    pub(crate) async fn start(sink: &Sink, tenants: usize, more: &str) -> Self {
        // On the disk, not in memory: what is measured includes its syncs.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::write(folder.path().join("accoil.toml"), config(sink, tenants, more, false)).unwrap();
        std::fs::write(folder.path().join("key"), "key").unwrap();
        for tenant in 0..tenants {
            std::fs::write(folder.path().join(format!("key-{tenant}")), key(tenant)).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_accoil-stream"))
            .args(["serve", "--config", "accoil.toml"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (said, log) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(said.send(line))));
        let mut addresses = None;
        while let Ok(line) = log.recv_timeout(Duration::from_secs(60)) {
            if let Some((_, rest)) = line.split_once("serving events on ") {
                let (ingest, rest) = rest.split_once(", operators on ").unwrap();
                let admin = rest.split_whitespace().next().unwrap();
                addresses = Some((ingest.parse().unwrap(), admin.parse().unwrap()));
                break;
            }
            println!("{line}");
        }
        let (ingest, admin) = addresses.expect("the service starts");
        Self { ingest, admin, client: client(), child, folder, log }
    }

    /// Processor time that the service has used.
    pub(crate) fn processor_time(&self) -> Duration {
        processor_time(&self.child.id().to_string())
    }

    /// Deploys a component to the first tenant.
    pub(crate) async fn deploy(&self, component: &str, settings: &serde_json::Value) -> serde_json::Value {
        self.order("deploy", &serde_json::json!({ "component": component, "settings": settings })).await
    }

    /// Has the first tenant's version changed.
    pub(crate) async fn order(&self, what: &str, more: &serde_json::Value) -> serde_json::Value {
        let mut body = serde_json::json!({ "tenant": "t0", "by": "benchmark", "reason": "to see" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let token = std::fs::read_to_string(self.folder.path().join("data/admin-token")).unwrap();
        let url = format!("http://{}/versions/{what}", self.admin);
        let answer = self.client.post(url).bearer_auth(token.trim()).body(body.to_string()).send().await.unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    }

    /// Pauses or resumes delivery, by configuration.
    pub(crate) async fn pause(&self, sink: &Sink, tenants: usize, paused: bool) {
        std::fs::write(self.folder.path().join("accoil.toml"), config(sink, tenants, "", paused)).unwrap();
        while let Ok(line) = self.log.recv_timeout(Duration::from_secs(60)) {
            if line.contains("reloaded") {
                return;
            }
        }
        panic!("the configuration is not taken over");
    }
}

pub(crate) fn key(tenant: usize) -> String {
    format!("key-of-tenant-{tenant}")
}

pub(crate) fn client() -> reqwest::Client {
    // The first one to install it wins; it is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn config(sink: &Sink, tenants: usize, more: &str, paused: bool) -> String {
    let mut text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\n\
         [delivery]\nin_flight = {}\n{more}\n",
        std::env::var("IN_FLIGHT").unwrap_or_else(|_| "32".to_owned())
    );
    for tenant in 0..tenants {
        write!(
            text,
            "[[tenants]]\nname = \"t{tenant}\"\npaused = {paused}\ningest_keys = [\"file:key-{tenant}\"]\n\
             [tenants.accoil]\napi_key = \"file:key\"\nendpoint = \"http://{}\"\nallow_private_endpoint = true\n",
            sink.address
        )
        .unwrap();
    }
    text
}

/// Processor time that a process has used (proc(5): fields 14 and 15 of stat, in hundredths of a second).
pub(crate) fn processor_time(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
