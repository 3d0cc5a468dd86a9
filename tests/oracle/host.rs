//! The service in a process of its own, with its folder.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt;

use super::Accoil;

/// Secrets that may show up nowhere.
pub(crate) const INGEST_KEY: &str = "canary-ingest-81c2";
pub(crate) const ACCOIL_KEY: &str = "canary-accoil-55d0";
pub(crate) const ADMIN_TOKEN: &str = "canary-admin-9be4";

/// A service, and where its files are.
pub(crate) struct Host {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) ingest: SocketAddr,
    pub(crate) admin: SocketAddr,
    child: Child,
    log: Log,
    client: reqwest::Client,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the service\n{}", self.log());
        }
    }
}

/// A configuration of one tenant, `acme`, that delivers to a stand-in with short waits.
pub(crate) fn config(accoil: &Accoil, more: &str) -> String {
    format!("{}{}", base(), tenant("acme", accoil, more))
}

/// Everything but the tenants.
pub(crate) fn base() -> String {
    "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nadmin_token = \"file:token\"\n\
     data_dir = \"data\"\nlog = \"info\"\ndrain_s = 5\n\
     [queue]\nreserve_bytes = 0\n\
     [delivery]\nretry_first_ms = 10\nretry_max_ms = 100\nin_flight = 16\ncircuit_probe_s = 1\n"
        .to_owned()
}

/// One tenant; its key at the door is [`INGEST_KEY`], a dash and its name. `more` is TOML of its own
/// table, and of the tables in it.
pub(crate) fn tenant(name: &str, accoil: &Accoil, more: &str) -> String {
    let (own, tables) = more.split_once("\n[").map_or((more, String::new()), |(own, rest)| (own, format!("[{rest}")));
    format!(
        "[[tenants]]\nname = \"{name}\"\ningest_keys = [\"file:ingest-{name}\"]\n{own}\n\
         [tenants.accoil]\napi_key = \"file:accoil-{name}\"\nendpoint = \"http://{}\"\nallow_private_endpoint = true\n\
         {tables}\n",
        accoil.address
    )
}

pub(crate) fn ingest_key(tenant: &str) -> String {
    format!("{INGEST_KEY}-{tenant}")
}

impl Host {
    /// Starts a service in a folder of its own.
    pub(crate) async fn start(config: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config, &[]).await
    }

    /// Starts one in this folder, with more arguments.
    pub(crate) async fn start_in(folder: tempfile::TempDir, config: &str, arguments: &[&str]) -> Self {
        Self::start_by(folder, config, |folder| command(folder, arguments)).await
    }

    /// Starts one in this folder by a command that is made for it.
    pub(crate) async fn start_by(
        folder: tempfile::TempDir,
        config: &str,
        command: impl FnOnce(&Path) -> Command,
    ) -> Self {
        match Self::try_start_by(folder, config, command).await {
            Ok(host) => host,
            Err((_, said)) => panic!("the service does not start:\n{said}"),
        }
    }

    /// The same, which may fail: then it gives the folder, and what was said.
    pub(crate) async fn try_start_by(
        folder: tempfile::TempDir,
        config: &str,
        command: impl FnOnce(&Path) -> Command,
    ) -> Result<Self, (tempfile::TempDir, String)> {
        std::fs::write(folder.path().join("accoil.toml"), config).unwrap();
        write_secrets(folder.path(), config);
        let mut child = command(folder.path()).spawn().unwrap();
        let log = Log::of(&mut child);
        let Some((ingest, admin)) = log.addresses().await else {
            child.wait().unwrap();
            return Err((folder, log.text()));
        };
        Ok(Self { folder, ingest, admin, child, log, client: client() })
    }

    /// Kills it as a power cut would, and gives the folder.
    pub(crate) fn kill(mut self) -> tempfile::TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Kills it and starts it again.
    pub(crate) async fn restart(self) -> Self {
        let config = std::fs::read_to_string(self.path("accoil.toml")).unwrap();
        let folder = self.kill();
        Self::start_in(folder, &config, &[]).await
    }

    /// Starts one in this folder and kills it after a while, ready or not.
    pub(crate) async fn killed_early(folder: &Path, after: Duration) {
        let mut child = command(folder, &[]).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(after).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to stop, waits for that, and gives its exit code, log and folder.
    pub(crate) async fn stop(mut self) -> (i32, String, tempfile::TempDir) {
        self.signal("TERM");
        let exit = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status.code().unwrap_or(-1),
                // A process that ends can't be awaited without a thread; this is for the end alone.
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let log = self.log.text();
        (exit, log, std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap()))
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Waits until the log says something.
    pub(crate) async fn until_log(&self, words: &str) {
        let waited = tokio::time::timeout(Duration::from_secs(60), self.log.until(|text| text.contains(words))).await;
        assert!(matches!(waited, Ok(true)), "never said {words:?}");
    }

    /// Posts JSON to the event listener; gives status and answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.client.post(format!("http://{}{path}", self.ingest)).body(body.to_string()).send().await;
        answer(response.unwrap()).await
    }

    /// The same, which may fail when the service is killed.
    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> Option<u16> {
        let request = self.client.post(format!("http://{}{path}", self.ingest)).body(body.to_string());
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// Has events of a tenant accepted.
    pub(crate) async fn accept(&self, tenant: &str, events: &[Value]) {
        let (status, answer) = self.post("/2/httpapi", &upload(tenant, events)).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn admin(&self, path: &str) -> Value {
        let (status, answer) = self.admin_request(self.client.get(format!("http://{}{path}", self.admin))).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn command(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("http://{}{path}", self.admin)).body(body.to_string());
        self.admin_request(request).await
    }

    /// The same, which may fail when the service stops.
    pub(crate) async fn try_command(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let request = self.client.post(format!("http://{}{path}", self.admin)).body(body.to_string());
        Some(answer(request.bearer_auth(ADMIN_TOKEN).send().await.ok()?).await)
    }

    async fn admin_request(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        answer(request.bearer_auth(ADMIN_TOKEN).send().await.unwrap()).await
    }

    pub(crate) async fn metrics(&self) -> String {
        let request = self.client.get(format!("http://{}/metrics", self.admin)).bearer_auth(ADMIN_TOKEN);
        request.send().await.unwrap().text().await.unwrap()
    }

    /// The state of a tenant.
    pub(crate) async fn status(&self, tenant: &str) -> Value {
        let status = self.admin("/status").await;
        let found = status["tenants"].as_array().unwrap().iter().find(|one| one["name"] == tenant);
        found.unwrap_or_else(|| panic!("no tenant {tenant}: {status}")).clone()
    }

    /// Waits until a tenant's state is as wanted, by asking again and again.
    pub(crate) async fn until_status(&self, tenant: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let status = self.status(tenant).await;
                if is_wanted(&status) {
                    return status;
                }
                // There is nothing to be told by.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), asking).await;
        match waited {
            Ok(status) => status,
            Err(_) => panic!("never so: {}", self.status(tenant).await),
        }
    }

    /// Waits until nothing of a tenant is queued any more.
    pub(crate) async fn until_drained(&self, tenant: &str) -> Value {
        self.until_status(tenant, |status| status["queued"] == 0).await
    }

    pub(crate) async fn dead_letters(&self) -> Vec<Value> {
        self.admin("/dead-letters?limit=1000").await["dead_letters"].as_array().unwrap().clone()
    }

    /// Writes the configuration anew; it is taken over by itself.
    pub(crate) fn configure(&self, config: &str) {
        write_secrets(self.folder.path(), config);
        std::fs::write(self.path("accoil.toml"), config).unwrap();
    }
}

/// The program, to be started in a folder.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accoil-stream-under-test"));
    command.args(["serve", "--config", "accoil.toml"]).args(arguments).current_dir(folder);
    command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// A file for every secret that the configuration names.
fn write_secrets(folder: &Path, config: &str) {
    std::fs::write(folder.join("token"), ADMIN_TOKEN).unwrap();
    for name in config.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')) {
        for (kind, key) in [("ingest", INGEST_KEY), ("accoil", ACCOIL_KEY)] {
            let path = folder.join(format!("{kind}-{name}"));
            if !path.exists() {
                std::fs::write(path, format!("{key}-{name}")).unwrap();
            }
        }
    }
}

pub(crate) fn client() -> reqwest::Client {
    // The first one to install it wins; it is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap()
}

async fn answer(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) fn upload(tenant: &str, events: &[Value]) -> Value {
    json!({ "api_key": ingest_key(tenant), "events": events })
}

/// An event with an insert id, which is its type as well.
pub(crate) fn event(user: &str, name: &str) -> Value {
    json!({ "event_type": name, "user_id": user, "insert_id": name })
}

/// Events of one user, numbered.
pub(crate) fn events(user: &str, numbers: std::ops::Range<usize>) -> Vec<Value> {
    numbers.map(|number| event(user, &format!("{user}-{number}"))).collect()
}

/// Serves a router until it is aborted. Says how many connections are open.
pub(crate) async fn serve_router(listener: TcpListener, router: axum::Router, open: watch::Sender<usize>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let open = open.clone();
        open.send_modify(|open| *open += 1);
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let answer = router.clone().oneshot(request.map(axum::body::Body::new));
            async move {
                let response = answer.await.map_err(std::io::Error::other)?;
                // An error of the service makes hyper close the connection without a word.
                let is_cut = response.extensions().get::<super::accoil::Cut>().is_some();
                if is_cut { Err(std::io::Error::other("cut")) } else { Ok(response) }
            }
        });
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
            open.send_modify(|open| *open -= 1);
        });
    }
}

/// What the service says, as it comes.
#[derive(Clone)]
struct Log {
    text: Arc<Mutex<String>>,
    grown: watch::Receiver<u64>,
}

impl Log {
    fn of(child: &mut Child) -> Self {
        let pipe = BufReader::new(child.stderr.take().unwrap());
        let text = Arc::new(Mutex::new(String::new()));
        let (growing, grown) = watch::channel(0);
        let writing = Arc::clone(&text);
        std::thread::spawn(move || {
            for line in pipe.lines().map_while(Result::ok) {
                let mut text = writing.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
                drop(text);
                growing.send_modify(|lines| *lines += 1);
            }
        });
        Self { text, grown }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// Waits until the text is as wanted; false when it ends before.
    async fn until(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        let mut grown = self.grown.clone();
        loop {
            grown.borrow_and_update();
            if is_wanted(&self.text()) {
                return true;
            }
            if grown.changed().await.is_err() {
                return is_wanted(&self.text());
            }
        }
    }

    async fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        if !self.until(|text| text.contains("serving events on ")).await {
            return None;
        }
        let text = self.text();
        let (_, rest) = text.split_once("serving events on ")?;
        let (ingest, rest) = rest.split_once(", operators on ")?;
        let admin = rest.split_whitespace().next()?;
        Some((ingest.parse().ok()?, admin.parse().ok()?))
    }
}
