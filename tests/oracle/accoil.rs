//! A stand-in for Accoil that records every request and answers as it is told, request by request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The key, as shown.
    pub(crate) key: String,
    /// `identify`, `group` or `track`.
    pub(crate) kind: String,
    pub(crate) body: Value,
    /// How it was answered; 0 when it was not.
    pub(crate) status: u16,
    pub(crate) at: Instant,
    /// How often the service was killed before: see [`Accoil::next_generation`].
    pub(crate) generation: u32,
}

impl Call {
    pub(crate) fn user(&self) -> &str {
        self.body["userId"].as_str().unwrap_or_default()
    }

    pub(crate) fn event(&self) -> &str {
        self.body["event"].as_str().unwrap_or_default()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) delay: Duration,
    /// Whether the body never ends.
    pub(crate) is_endless: bool,
    /// Whether the connection is closed instead of an answer.
    pub(crate) is_cut: bool,
}

/// Marks an answer that is not to be given.
#[derive(Clone)]
pub(crate) struct Cut;

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
            delay: Duration::ZERO,
            is_endless: false,
            is_cut: false,
        }
    }

    pub(crate) fn ok() -> Self {
        Self::status(202)
    }

    pub(crate) fn endless() -> Self {
        Self { is_endless: true, ..Self::ok() }
    }

    pub(crate) fn cut() -> Self {
        Self { is_cut: true, status: 599, ..Self::ok() }
    }

    pub(crate) fn with(mut self, header: &'static str, value: &str) -> Self {
        self.headers.push((header, value.to_owned()));
        self
    }

    pub(crate) fn saying(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

type Behaviour = Box<dyn Fn(&Call) -> Reply + Send + Sync>;

struct State {
    calls: Mutex<Vec<Call>>,
    came: Notify,
    behaviour: Mutex<Behaviour>,
    generation: AtomicU32,
}

/// The stand-in. It ends with the test.
pub(crate) struct Accoil {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    connections: watch::Receiver<usize>,
    serving: JoinHandle<()>,
}

/// Where it answers without recording anything.
const SETTLED: &str = "/settled";

impl Drop for Accoil {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Accoil {
    /// Answers everything with 202.
    pub(crate) async fn start() -> Self {
        Self::behaving(|_| Reply::ok()).await
    }

    pub(crate) async fn behaving(behaviour: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            calls: Mutex::default(),
            came: Notify::new(),
            behaviour: Mutex::new(Box::new(behaviour)),
            generation: AtomicU32::new(0),
        });
        let (open, connections) = watch::channel(0);
        let answering = Arc::clone(&state);
        let router = axum::Router::new().fallback(any(move |request: Request| answer(Arc::clone(&answering), request)));
        let serving = tokio::spawn(super::host::serve_router(listener, router, open));
        Self { address, state, connections, serving }
    }

    /// Behaves differently from now on.
    pub(crate) fn behave(&self, behaviour: impl Fn(&Call) -> Reply + Send + Sync + 'static) {
        *self.state.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    /// After a kill: waits until all that the dead process sent has been read, so that what comes
    /// from now on is of the next one. Gives its number.
    pub(crate) async fn next_generation(&self) -> u32 {
        // Connections are accepted in order: once this one is answered, all of the dead process are open or closed.
        super::host::client().get(format!("http://{}{SETTLED}", self.address)).send().await.unwrap();
        let settled = self.connections.clone().wait_for(|open| *open == 0).await.map(|_| ());
        settled.unwrap();
        self.state.generation.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// All requests until now.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lock().clone()
    }

    /// The tracks that were answered with success, as user and event.
    pub(crate) fn tracks(&self) -> Vec<(String, String)> {
        let calls = self.lock();
        let tracks = calls.iter().filter(|call| call.kind == "track" && call.status == 202);
        tracks.map(|call| (call.user().to_owned(), call.event().to_owned())).collect()
    }

    /// How often each event was tracked, by name.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, event) in self.tracks() {
            *counts.entry(event).or_default() += 1;
        }
        counts
    }

    /// Waits until the requests are as wanted.
    pub(crate) async fn until(&self, is_wanted: impl Fn(&[Call]) -> bool) {
        let waiting = async {
            loop {
                let came = self.state.came.notified();
                if is_wanted(&self.lock()) {
                    return;
                }
                came.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        assert!(waited.is_ok(), "the requests never came: {:?}", self.lock().iter().rev().take(20).collect::<Vec<_>>());
    }

    /// Waits until so many tracks were answered with success.
    pub(crate) async fn until_tracked(&self, number: usize) {
        self.until(|calls| calls.iter().filter(|call| call.kind == "track" && call.status == 202).count() >= number)
            .await;
    }

    /// For each user the tracks in the order in which they were first answered with success.
    pub(crate) fn orders(&self) -> BTreeMap<String, Vec<String>> {
        let mut orders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (user, event) in self.tracks() {
            let order = orders.entry(user).or_default();
            if !order.contains(&event) {
                order.push(event);
            }
        }
        orders
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.state.calls.lock().unwrap()
    }
}

async fn answer(state: Arc<State>, request: Request) -> Response {
    if request.uri().path() == SETTLED {
        return Response::new(Body::empty());
    }
    let kind = request.uri().path().trim_start_matches("/v2/").to_owned();
    let key = authorization(request.headers());
    // What is cut off on its way is no request.
    let Ok(body) = to_bytes(request.into_body(), 1 << 24).await else { return Response::new(Body::empty()) };
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let generation = state.generation.load(Ordering::SeqCst);
    let mut call = Call { key, kind, body, status: 0, at: Instant::now(), generation };
    let reply = (state.behaviour.lock().unwrap())(&call);
    call.status = reply.status;
    state.calls.lock().unwrap().push(call);
    state.came.notify_waiters();
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    let body = if reply.is_endless { endless() } else { Body::from(reply.body) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    if reply.is_cut {
        response.extensions_mut().insert(Cut);
    }
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

fn endless() -> Body {
    Body::from_stream(Endless)
}

/// A body that goes on and on.
struct Endless;

impl futures_core::Stream for Endless {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(Some(Ok(Bytes::from_static(&[b'x'; 4096]))))
    }
}

fn authorization(headers: &HeaderMap) -> String {
    headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
