//! One connection, from the first byte to the last.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::activity::{Activity, Verdict, Watched};
use super::{GOODBYE, IDLE};

/// Most header lines of a request.
const HEADERS: usize = 100;
/// Most bytes of a request's head, and of what is read ahead.
const HEAD_BYTES: usize = 64 * 1024;
/// Most requests at a time on one connection of HTTP/2.
const STREAMS: u32 = 128;
/// Most streams that a client may reset before it is cut off (CVE-2023-44487).
const RESETS: usize = 64;
/// How often it is asked whether the peer of a connection of HTTP/2 is still there.
const PING: Duration = Duration::from_secs(20);

/// What all connections of a listener share.
pub(super) struct Context {
    pub(super) router: Router,
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) head_timeout: Duration,
    /// The service is closing.
    pub(super) closing: watch::Receiver<bool>,
    /// A receiver of it is held by every request that began before that.
    pub(super) under_way: watch::Sender<()>,
    /// The drain is over.
    pub(super) goodbye: watch::Receiver<bool>,
}

pub(super) async fn serve(stream: TcpStream, context: Arc<Context>) {
    // Answers are small, and should leave at once.
    let _ = stream.set_nodelay(true);
    match &context.acceptor {
        None => serve_stream(stream, &context).await,
        Some(acceptor) => match timeout(context.head_timeout, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => serve_stream(stream, &context).await,
            Ok(Err(error)) => tracing::debug!(code = "tls-handshake", %error, "a tls handshake failed"),
            Err(_) => tracing::debug!(code = "tls-handshake", "a tls handshake took too long"),
        },
    }
}

async fn serve_stream(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, context: &Arc<Context>) {
    let activity = Activity::new(Instant::now());
    let service = service_fn(|request| answer(request, Arc::clone(context), Arc::clone(&activity)));
    let builder = builder();
    let watched = Watched { stream, activity: Arc::clone(&activity) };
    let mut connection = pin!(builder.serve_connection(TokioIo::new(watched), service));
    let mut goodbye = context.goodbye.clone();
    let mut check_at = Instant::now() + context.head_timeout;
    loop {
        tokio::select! {
            // How a connection ends is the client's affair.
            _ = connection.as_mut() => return,
            _ = goodbye.wait_for(|said| *said) => break,
            () = sleep_until(check_at) => match activity.verdict(Instant::now(), context.head_timeout, IDLE) {
                Verdict::Keep(until) => check_at = until,
                Verdict::Late => return,
                Verdict::Idle => break,
            },
        }
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(GOODBYE, connection).await;
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_headers(HEADERS).max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS)
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

async fn answer(
    request: hyper::Request<Incoming>,
    context: Arc<Context>,
    activity: Arc<Activity>,
) -> Result<Response, Infallible> {
    let version = request.version();
    let _open = activity.request(version == Version::HTTP_2);
    let is_closing = || *context.closing.borrow();
    let _under_way = (!is_closing()).then(|| context.under_way.subscribe());
    let mut response = context.router.clone().oneshot(request.map(Body::new)).await?;
    if is_closing() && version <= Version::HTTP_11 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
