//! Serves a router over TCP, with or without TLS: the same for the event and the admin listener.
//!
//! What it sees to, since a router can't:
//!
//! - **Nobody holds a connection for nothing.** A head must come within its time; a connection on
//!   which nothing happens is closed after [`IDLE`]. Hyper's own timeout for heads is not used: it
//!   also runs while a connection is idle, and Amplitude's SDKs lose the events of a request that
//!   meets a connection being closed. Node's sends every ten seconds over the same one.
//! - **Connections are bounded.** When there are as many as may be, new ones wait in the backlog of
//!   the listener instead of being cut.
//! - **A stop answers.** While it drains, the listener stays open, so that whoever comes then gets
//!   the router's answer (503) and not a closed door; answers carry `Connection: close`. When the
//!   requests that were under way have ended, or the time for it is over, what is idle is closed.

mod activity;
mod connection;
#[cfg(test)]
mod tests;
mod tls;
#[cfg(test)]
mod tls_tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use tls::{Identity, TlsError};

/// How long a connection may be idle between requests. Longer than the 60 seconds of common load
/// balancers: who closes first should be the client.
pub const IDLE: Duration = Duration::from_secs(120);

/// How long the listener rests when the system refuses to accept, mostly for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long the listener stays open at least when the service closes: whoever was about to send on
/// an open connection gets an answer.
const LINGER: Duration = Duration::from_millis(250);

/// How long connections get to say goodbye when the drain is over.
const GOODBYE: Duration = Duration::from_millis(500);

/// What clients may take of a listener.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Most connections at a time.
    pub connections: usize,
    /// For the head of a request, and for a TLS handshake, to come in.
    pub head_timeout: Duration,
}

/// Serves `router` until `closing` says so (or its sender is gone), then lets requests under way
/// end for at most `drain`.
///
/// That new requests are refused from then on is the router's own affair.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<rustls::ServerConfig>>,
    limits: ServerLimits,
    mut closing: watch::Receiver<bool>,
    drain: Duration,
) {
    let (under_way, _) = watch::channel(());
    let (goodbye, goodbye_said) = watch::channel(false);
    let context = Arc::new(connection::Context {
        router,
        acceptor: tls.map(TlsAcceptor::from),
        head_timeout: limits.head_timeout,
        closing: closing.clone(),
        under_way: under_way.clone(),
        goodbye: goodbye_said,
    });
    let mut connections = JoinSet::new();
    let accepting = accept(&listener, limits.connections, &context, &mut connections);
    let drained = async {
        let _: Result<_, _> = closing.wait_for(|closing| *closing).await;
        // Requests that began before hold a receiver each.
        let ended = async { tokio::join!(under_way.closed(), tokio::time::sleep(LINGER)) };
        let _: Result<((), ()), _> = tokio::time::timeout(drain, ended).await;
    };
    tokio::select! {
        () = accepting => {}
        () = drained => {}
    }
    drop(listener);
    goodbye.send_replace(true);
    let all_gone = async { while connections.join_next().await.is_some() {} };
    // What is still there afterwards is cut with the tasks.
    let _: Result<(), _> = tokio::time::timeout(GOODBYE, all_gone).await;
}

async fn accept(
    listener: &TcpListener,
    most: usize,
    context: &Arc<connection::Context>,
    connections: &mut JoinSet<()>,
) {
    let room = Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
    loop {
        // Asked before: a connection that waits in the backlog is not lost.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let context = Arc::clone(context);
                connections.spawn(async move {
                    connection::serve(stream, context).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(code = "accept-failed", %error, "a connection can't be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}
