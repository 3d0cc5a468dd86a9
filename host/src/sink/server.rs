//! The sink's HTTP side: takes connections, checks and records each request, answers or cuts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{self, Request};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::State;
use super::contract::{self, Findings};
use super::record::{Given, Received};
use super::script::Entry;

/// How long to wait before listening again when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The most characters of a path that are shown.
const LONGEST_PATH: usize = 200;

/// Serves until `stop` says so, then lets requests under way end for `patience`.
pub(super) async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    mut stop: oneshot::Receiver<()>,
    patience: Duration,
) {
    let router = Router::new().fallback(handle).with_state(state);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), graceful.watcher()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
            // An error means that the sink's handle is gone.
            _ = &mut stop => break,
        }
    }
    drop(listener);
    // What is still under way afterwards is cut with the tasks.
    let _: Result<(), _> = tokio::time::timeout(patience, graceful.shutdown()).await;
}

/// Marks an answer that is not to be given.
#[derive(Clone)]
struct Cut;

async fn connection(stream: TcpStream, router: Router, watcher: Watcher) {
    // Small answers should leave at once; without it they only leave later.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let response = router.oneshot(request.map(Body::new)).await.map_err(io::Error::other)?;
            // An error of the service makes hyper close the connection without a word.
            if response.extensions().get::<Cut>().is_some() { Err(io::Error::other("cut")) } else { Ok(response) }
        }
    });
    let mut builder = http1::Builder::new();
    let connection = builder.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    // How a connection ends is the client's affair.
    let _ = watcher.watch(connection).await;
}

async fn handle(extract::State(state): extract::State<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let form = contract::form(parts.uri.path(), state.combined_path.as_deref());
    let body = to_bytes(body, state.body_limit).await;
    let mut findings = Findings::default();
    let mut entry = state.tally().script.next(parts.uri.path());
    match (&form, &body) {
        (None, _) => entry.refuse(&mut findings, StatusCode::NOT_FOUND, "path is none of the api"),
        (_, Err(_)) => {
            let problem = format!("body is cut short or longer than {} bytes", state.body_limit);
            entry.refuse(&mut findings, StatusCode::PAYLOAD_TOO_LARGE, &problem);
        }
        _ if parts.method != Method::POST => {
            entry.refuse(&mut findings, StatusCode::METHOD_NOT_ALLOWED, "method is not post");
        }
        (Some(form), Ok(body)) => {
            findings.headers(&parts.headers);
            findings.body(form, body);
        }
    }
    let given = if entry.cut { Given::Cut } else { Given::Status(entry.status) };
    let is_known_path = form.is_some();
    let call = Received {
        number: 0,
        method: parts.method.as_str().chars().take(16).collect(),
        path: parts.uri.path().chars().take(LONGEST_PATH).collect(),
        authorization: contract::authorization(&parts.headers),
        body: form.and(body.ok()).and_then(|body: Bytes| serde_json::from_slice(&body).ok()),
        problems: findings.problems,
        remarks: findings.remarks,
        answer: given,
    };
    state.record(call, is_known_path);
    if entry.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(entry.delay_ms)).await;
    }
    respond(entry)
}

impl Entry {
    /// What even Accoil's door would not let in, unless a script wants another answer.
    fn refuse(&mut self, findings: &mut Findings, status: StatusCode, problem: &str) {
        findings.problem(problem);
        if self.status == StatusCode::ACCEPTED {
            self.status = status.as_u16();
        }
    }
}

fn respond(entry: Entry) -> Response {
    let mut response = Response::new(Body::from(entry.body));
    // The script's check has seen to it that status and headers are valid.
    *response.status_mut() = StatusCode::from_u16(entry.status).unwrap_or(StatusCode::ACCEPTED);
    for (name, value) in [(header::RETRY_AFTER, entry.retry_after), (header::LOCATION, entry.location)] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    if entry.cut {
        response.extensions_mut().insert(Cut);
    }
    response
}
