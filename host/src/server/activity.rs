//! What happens on a connection, as far as its timeouts need to know.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct Activity {
    /// Requests without an answer.
    open: AtomicUsize,
    /// Requests so far.
    requests: AtomicU64,
    /// The last request was one of HTTP/2, where bytes need not belong to a request.
    http2: AtomicBool,
    phase: Mutex<Phase>,
}

/// What a connection without an open request is at, and since when.
#[derive(Debug, Clone, Copy)]
enum Phase {
    Idle(Instant),
    Head(Instant),
}

/// What is to be done with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Look again at that time.
    Keep(Instant),
    /// It is idle: end it politely.
    Idle,
    /// Its head does not come: cut it.
    Late,
}

impl Activity {
    pub(super) fn new(now: Instant) -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(0),
            requests: AtomicU64::new(0),
            http2: AtomicBool::new(false),
            // The first head is awaited from the start.
            phase: Mutex::new(Phase::Head(now)),
        })
    }

    fn set(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    /// Bytes came in.
    fn bytes(&self) {
        if self.open.load(Ordering::Relaxed) > 0 || self.http2.load(Ordering::Relaxed) {
            return;
        }
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if let Phase::Idle(_) = *phase {
            *phase = Phase::Head(Instant::now());
        }
    }

    /// A request begins; it ends when what is given back is dropped.
    pub(super) fn request(self: &Arc<Self>, http2: bool) -> OpenRequest {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.http2.store(http2, Ordering::Relaxed);
        OpenRequest(Arc::clone(self))
    }

    pub(super) fn verdict(&self, now: Instant, head: Duration, idle: Duration) -> Verdict {
        if self.open.load(Ordering::Relaxed) > 0 {
            return Verdict::Keep(now + head.min(idle));
        }
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let (end, verdict) = match phase {
            Phase::Head(since) => (since + head, Verdict::Late),
            Phase::Idle(since) => (since + idle, Verdict::Idle),
        };
        if now >= end {
            return verdict;
        }
        // A head can begin at any time.
        Verdict::Keep(end.min(now + head))
    }
}

/// A request that has no answer yet.
#[derive(Debug)]
pub(super) struct OpenRequest(Arc<Activity>);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        // Before the count goes down, so that nobody sees an old phase without a request.
        self.0.set(Phase::Idle(Instant::now()));
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that tells its activity about bytes that come in.
#[derive(Debug)]
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.activity.bytes();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
