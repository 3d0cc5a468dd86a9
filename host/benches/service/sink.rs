//! A sink that answers 202 and counts.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::body::{Body, to_bytes};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    tracks: AtomicUsize,
    wanted: AtomicUsize,
    reached: Notify,
    /// When each event whose name begins with `at-` came.
    times: Mutex<Vec<(usize, Instant)>>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        state.wanted.store(usize::MAX, Ordering::SeqCst);
        let counting = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let state = Arc::clone(&counting);
                let service = service_fn(move |request| answer(Arc::clone(&state), request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { address, state }
    }

    /// Tracks that have come.
    pub(crate) fn tracks(&self) -> usize {
        self.state.tracks.load(Ordering::SeqCst)
    }

    /// Waits until so many tracks have come.
    pub(crate) async fn until(&self, number: usize) {
        self.state.wanted.store(number, Ordering::SeqCst);
        while self.tracks() < number {
            let reached = self.state.reached.notified();
            if self.tracks() < number {
                let waited = tokio::time::timeout(std::time::Duration::from_secs(600), reached).await;
                assert!(waited.is_ok(), "only {} of {number} came", self.tracks());
            }
        }
    }

    /// When the numbered events came.
    pub(crate) fn times(&self) -> Vec<(usize, Instant)> {
        std::mem::take(&mut self.state.times.lock().unwrap())
    }
}

async fn answer(
    state: Arc<State>,
    request: hyper::Request<hyper::body::Incoming>,
) -> Result<hyper::Response<Body>, Infallible> {
    let is_track = request.uri().path().ends_with("/track");
    let body = to_bytes(Body::new(request.into_body()), 1 << 20).await.unwrap();
    if is_track {
        note_time(&state, &body);
        let tracks = 1 + state.tracks.fetch_add(1, Ordering::SeqCst);
        if tracks >= state.wanted.load(Ordering::SeqCst) {
            state.reached.notify_waiters();
            state.reached.notify_one();
        }
    }
    let mut response = hyper::Response::new(Body::empty());
    *response.status_mut() = http::StatusCode::ACCEPTED;
    Ok(response)
}

fn note_time(state: &State, body: &[u8]) {
    const MARK: &[u8] = b"\"event\":\"at-";
    let Some(place) = body.windows(MARK.len()).position(|window| window == MARK) else { return };
    let digits: Vec<u8> = body[place + MARK.len()..].iter().copied().take_while(u8::is_ascii_digit).collect();
    let number = String::from_utf8(digits).unwrap().parse().unwrap();
    state.times.lock().unwrap().push((number, Instant::now()));
}
