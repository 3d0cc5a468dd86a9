//! A queue in memory, a door on a socket, and a client that shows every byte.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};

use crate::config::{IngestConfig, IntakeConfig};
use crate::ingest::{Door, Entrant, router};
use crate::queue::*;
use crate::secret::Secret;
use crate::server::{ServerLimits, serve};

const PERMITS: u32 = 1000;

type FactKey = (TenantId, Space, Vec<u8>);

/// Only `accept`, `record` and the facts work.
pub(super) struct MemoryQueue {
    pub(super) events: Mutex<Vec<(TenantId, NewEvent)>>,
    pub(super) facts: Mutex<BTreeMap<FactKey, Vec<u8>>>,
    pub(super) refusal: Mutex<Option<QueueError>>,
    /// `accept` answers when it gets one of the [`PERMITS`].
    pub(super) gate: Arc<Semaphore>,
    /// How often `accept` was asked.
    pub(super) asked: watch::Sender<usize>,
    pub(super) health: watch::Sender<Health>,
    keys: Mutex<HashSet<(TenantId, DedupKey)>>,
}

impl MemoryQueue {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            events: Mutex::default(),
            facts: Mutex::default(),
            refusal: Mutex::default(),
            gate: Arc::new(Semaphore::new(PERMITS as usize)),
            asked: watch::channel(0).0,
            health: watch::channel(Health::Good).0,
            keys: Mutex::default(),
        })
    }

    /// Lets no `accept` answer until what is given back is dropped.
    pub(super) async fn hold(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.gate.acquire_many(PERMITS).await.unwrap()
    }

    pub(super) async fn was_asked(&self, times: usize) {
        self.asked.subscribe().wait_for(|asked| *asked >= times).await.unwrap();
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        self.events.lock().unwrap().iter().map(|(_, event)| event.body.clone()).collect()
    }

    pub(super) fn values(&self) -> Vec<Value> {
        self.bodies().iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// The facts of all tenants, as key and value.
    pub(super) fn fact_texts(&self) -> Vec<(String, String)> {
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        self.facts.lock().unwrap().iter().map(|((_, _, key), value)| (text(key), text(value))).collect()
    }

    fn keep(&self, tenant: TenantId, facts: Vec<Fact>) {
        let mut kept = self.facts.lock().unwrap();
        for fact in facts {
            match fact.value {
                Some(value) => kept.insert((tenant, fact.space, fact.key), value),
                None => kept.remove(&(tenant, fact.space, fact.key)),
            };
        }
    }

    fn take_in(&self, tenant: TenantId, events: Vec<NewEvent>, facts: Vec<Fact>) -> Result<Accepted, QueueError> {
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal);
        }
        self.keep(tenant, facts);
        let mut accepted = Accepted::default();
        for event in events {
            if event.key.is_some_and(|key| !self.keys.lock().unwrap().insert((tenant, key))) {
                accepted.duplicates += 1;
                continue;
            }
            accepted.events += 1;
            accepted.bytes += event.body.len() as u64;
            self.events.lock().unwrap().push((tenant, event));
        }
        Ok(accepted)
    }
}

fn answered<T>(answer: Result<T, QueueError>) -> Pending<T> {
    let (sender, pending) = Pending::new();
    let _ = sender.send(answer);
    pending
}

fn closed<T>() -> Pending<T> {
    answered(Err(QueueError::Closed))
}

/// What a test shares with the task that answers.
struct Shared(Arc<MemoryQueue>);

impl Queue for Shared {
    fn accept(&self, tenant: TenantId, events: Vec<NewEvent>, facts: Vec<Fact>) -> Pending<Accepted> {
        let (sender, pending) = Pending::new();
        let queue = Arc::clone(&self.0);
        queue.asked.send_modify(|asked| *asked += 1);
        tokio::spawn(async move {
            let Ok(_permit) = queue.gate.acquire().await else { return };
            let _ = sender.send(queue.take_in(tenant, events, facts));
        });
        pending
    }

    fn record(&self, tenant: TenantId, _: Vec<Change>, facts: Vec<Fact>) -> Pending<()> {
        self.0.keep(tenant, facts);
        answered(Ok(()))
    }

    fn facts(&self, tenant: TenantId, space: Space) -> Pending<Vec<(Vec<u8>, Vec<u8>, UnixMs)>> {
        let facts = self.0.facts.lock().unwrap();
        let of_space = facts.iter().filter(|((other, kind, _), _)| *other == tenant && *kind == space);
        answered(Ok(of_space.zip(1..).map(|(((_, _, key), value), at)| (key.clone(), value.clone(), at)).collect()))
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.0.health.subscribe()
    }

    fn tenant(&self, _: &str) -> Pending<TenantId> {
        closed()
    }
    fn arrivals(&self, _: TenantId) -> Arc<Notify> {
        Arc::default()
    }
    fn take(&self, _: TenantId, _: Seq, _: TakeLimits) -> Pending<Vec<Stored>> {
        closed()
    }
    fn unsettled(&self, _: TenantId, _: Seq, _: TakeLimits) -> Pending<Vec<Stored>> {
        closed()
    }
    fn load(&self, _: TenantId, _: Seq) -> Pending<Option<Stored>> {
        closed()
    }
    fn activate(&self, _: TenantId, _: Option<Seq>, _: NewActivation) -> Pending<Activation> {
        closed()
    }
    fn activations(&self, _: TenantId) -> Pending<Vec<Activation>> {
        closed()
    }
    fn activations_from(&self, _: TenantId, _: Seq) -> Pending<Vec<Activation>> {
        closed()
    }
    fn versions(&self, _: TenantId) -> Pending<Vec<KnownVersion>> {
        closed()
    }
    fn audit(&self, _: AuditEntry) -> Pending<AuditRecord> {
        closed()
    }
    fn audit_log(&self, _: AuditFilter) -> Pending<Vec<AuditRecord>> {
        closed()
    }
    fn audit_check(&self) -> Pending<AuditCheck> {
        closed()
    }
    fn recent(&self, _: TenantId, _: Seq, _: UnixMs, _: TakeLimits) -> Pending<Vec<Stored>> {
        closed()
    }
    fn keep_component(&self, _: String, _: Vec<u8>) -> Pending<()> {
        closed()
    }
    fn component(&self, _: &str) -> Pending<Option<Vec<u8>>> {
        closed()
    }
    fn clear_facts(&self, _: TenantId, _: Space) -> Pending<u64> {
        closed()
    }
    fn dead_letters(&self, _: DeadFilter) -> Pending<Vec<DeadLetter>> {
        closed()
    }
    fn replay(&self, _: DeadFilter) -> Pending<u64> {
        closed()
    }
    fn drop_dead_letters(&self, _: DeadFilter) -> Pending<u64> {
        closed()
    }
    fn find(&self, _: TenantId, _: &str) -> Pending<Option<Story>> {
        closed()
    }
    fn erase(&self, _: TenantId, _: Box<dyn FnMut(&Stored) -> bool + Send>) -> Pending<u64> {
        closed()
    }
    fn backup(&self, _: &Path) -> Pending<()> {
        closed()
    }
    fn tenant_stats(&self) -> Pending<BTreeMap<TenantId, TenantStats>> {
        closed()
    }
    fn store_stats(&self) -> Pending<StoreStats> {
        closed()
    }
    fn close(&self) {}
}

pub(super) fn as_queue(queue: &Arc<MemoryQueue>) -> Arc<dyn Queue> {
    Arc::new(Shared(Arc::clone(queue)))
}

pub(super) fn entrant(id: u32, name: &str, keys: &[&str]) -> Entrant {
    let intake = IntakeConfig {
        enabled: true,
        paused: false,
        ingest_keys: keys.iter().map(|key| Secret::new(*key)).collect(),
        remember_group_properties: true,
        remember_user_properties: false,
    };
    Entrant { id: TenantId(id), name: name.to_owned(), intake }
}

/// Most bytes of an event in these tests.
pub(super) const EVENT_BYTES: usize = 64 * 1024;

/// A door that is open on a port of its own. Tenants: `acme` with `key-a` and `key-b`, `other` with
/// `key-o`.
pub(super) struct House {
    pub(super) queue: Arc<MemoryQueue>,
    pub(super) door: Arc<Door>,
    pub(super) address: SocketAddr,
    pub(super) closing: watch::Sender<bool>,
    pub(super) served: tokio::task::JoinHandle<()>,
}

impl House {
    pub(super) async fn open() -> Self {
        Self::with(IngestConfig::default(), tenants()).await
    }

    pub(super) async fn with(config: IngestConfig, tenants: Vec<Entrant>) -> Self {
        Self::on(MemoryQueue::new(), config, tenants).await
    }

    pub(super) async fn on(queue: Arc<MemoryQueue>, config: IngestConfig, tenants: Vec<Entrant>) -> Self {
        let (closing, is_closing) = watch::channel(false);
        let limits = ServerLimits {
            connections: config.connections,
            head_timeout: Duration::from_millis(config.head_timeout_ms),
        };
        let door = Door::load(as_queue(&queue), EVENT_BYTES, is_closing.clone(), config, tenants).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let drain = Duration::from_secs(5);
        let served = tokio::spawn(serve(listener, router(&door), None, limits, is_closing, drain));
        Self { queue, door, address, closing, served }
    }

    pub(super) async fn send(&self, request: Request<'_>) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&request.bytes()).await.unwrap();
        read_answer(&mut stream).await
    }

    pub(super) async fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.send(Request { path, body: body.as_ref(), ..Request::default() }).await
    }

    /// Posts events as an SDK does; they must be taken in.
    pub(super) async fn events(&self, events: &str) {
        let answer = self.post("/2/httpapi", format!(r#"{{"api_key":"key-a","events":{events}}}"#)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

pub(super) fn tenants() -> Vec<Entrant> {
    vec![entrant(1, "acme", &["key-a", "key-b"]), entrant(2, "other", &["key-o"])]
}

#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) headers: &'a str,
    pub(super) body: &'a [u8],
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self { method: "POST", path: "/2/httpapi", headers: "Content-Type: application/json\r\n", body: b"" }
    }
}

impl Request<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let Self { method, path, headers, body } = self;
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: t\r\n{headers}Content-Length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Reads one answer from a connection.
pub(super) async fn read_answer(stream: &mut TcpStream) -> Answer {
    try_answer(stream).await.expect("an answer")
}

/// The same, or nothing if the connection ends before.
pub(super) async fn try_answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut read = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut answer = Answer { status: 0, head: head.to_owned(), body: body.to_owned() };
            let length: usize = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
            if answer.body.len() >= length {
                answer.status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return Some(answer);
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => read.extend_from_slice(&chunk[..count]),
        }
    }
}
