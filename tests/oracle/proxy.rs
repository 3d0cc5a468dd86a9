//! A proxy for TCP that does to connections what networks do: as a test tells it, while it runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to all connections, those that are open included. Bytes are counted from when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Every piece comes so much later, each way.
    Latency(Duration),
    /// So many bytes come back at a time, every so often.
    Trickle(usize, Duration),
    /// After so many bytes that came back the connection is closed.
    Cut(usize),
    /// It is reset instead.
    Reset(usize),
    /// After so many bytes on their way there the connection is closed.
    CutRequest(usize),
    /// Connections are taken and read, and nothing is ever passed on.
    BlackHole,
    /// Connections are taken and not even read.
    Deaf,
    /// What is sent arrives, and nothing comes back; nobody is told.
    HalfOpen,
    /// Nobody listens, and what was open is closed.
    Refused,
}

/// The proxy. It ends with the test.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    fault: watch::Sender<Fault>,
    counts: Arc<Counts>,
    serving: JoinHandle<()>,
    /// Keeps the port while nobody listens.
    _port: TcpSocket,
}

#[derive(Default)]
struct Counts {
    open: AtomicUsize,
    spoiled: AtomicUsize,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Proxy {
    /// Passes everything on to an address.
    pub(crate) async fn before(target: SocketAddr) -> Self {
        let port = bind("127.0.0.1:0".parse().unwrap());
        let address = port.local_addr().unwrap();
        let fault = watch::Sender::new(Fault::None);
        let counts = Arc::<Counts>::default();
        let listener = bind(address).listen(1024).unwrap();
        let serving = tokio::spawn(serve(listener, target, fault.subscribe(), Arc::clone(&counts)));
        Self { address, fault, counts, serving, _port: port }
    }

    pub(crate) fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.counts.open.load(Ordering::SeqCst)
    }

    /// Connections that ended and on which something was lost or held up: each may have cost the answer to one request.
    pub(crate) fn spoiled(&self) -> usize {
        self.counts.spoiled.load(Ordering::SeqCst)
    }
}

fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

async fn serve(mut listener: TcpListener, target: SocketAddr, mut fault: watch::Receiver<Fault>, counts: Arc<Counts>) {
    let (address, told) = (listener.local_addr().unwrap(), fault.clone());
    loop {
        let refused = tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                tokio::spawn(carry(stream, target, told.clone(), Arc::clone(&counts)));
                continue;
            }
            refused = fault.wait_for(|fault| *fault == Fault::Refused) => refused.is_ok(),
        };
        drop(listener);
        let is_over = !refused || fault.wait_for(|fault| *fault != Fault::Refused).await.is_err();
        if is_over {
            return;
        }
        listener = bind(address).listen(1024).unwrap();
    }
}

async fn carry(mut near: TcpStream, target: SocketAddr, fault: watch::Receiver<Fault>, counts: Arc<Counts>) {
    counts.open.fetch_add(1, Ordering::SeqCst);
    if let Ok(mut far) = TcpStream::connect(target).await {
        let (_, _) = (near.set_nodelay(true), far.set_nodelay(true));
        let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
        let mut spoiled = [false; 2];
        let [there, back] = &mut spoiled;
        tokio::select! {
            () = pass(near_in, far_out, fault.clone(), false, there) => {}
            () = pass(far_in, near_out, fault.clone(), true, back) => {}
        }
        counts.spoiled.fetch_add(usize::from(spoiled.contains(&true)), Ordering::SeqCst);
        if matches!(*fault.borrow(), Fault::Reset(_)) {
            let _ = near.set_zero_linger();
        }
    }
    counts.open.fetch_sub(1, Ordering::SeqCst);
}

/// Passes one way on until the connection is to end.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut fault: watch::Receiver<Fault>,
    is_back: bool,
    spoiled: &mut bool,
) {
    let (mut buffer, mut passed, mut is_dead) = (vec![0; 16 * 1024], 0_usize, false);
    loop {
        let now = *fault.borrow_and_update();
        *spoiled |= !matches!(now, Fault::None | Fault::Latency(_));
        if now == Fault::Refused {
            return;
        }
        let count = tokio::select! {
            read = from.read(&mut buffer), if now != Fault::Deaf => read.unwrap_or(0),
            changed = fault.changed() => {
                passed = 0;
                if changed.is_err() { return }
                continue;
            }
        };
        if count == 0 {
            return;
        }
        // What was lost once of a stream can't be made good by what comes later.
        is_dead |= now == Fault::BlackHole || (now == Fault::HalfOpen && is_back);
        let mut rest = &buffer[..if is_dead { 0 } else { count }];
        while !rest.is_empty() {
            let (most, wait) = match (now, is_back) {
                (Fault::Cut(most) | Fault::Reset(most), true) | (Fault::CutRequest(most), false) => {
                    (most.saturating_sub(passed), Duration::ZERO)
                }
                (Fault::Trickle(bytes, wait), true) => (bytes, wait),
                (Fault::Latency(wait), _) => (rest.len(), wait),
                _ => (rest.len(), Duration::ZERO),
            };
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let (piece, later) = rest.split_at(most.min(rest.len()));
            if to.write_all(piece).await.is_err() || (piece.len() < rest.len() && wait.is_zero()) {
                return;
            }
            (rest, passed) = (later, passed + piece.len());
        }
    }
}
