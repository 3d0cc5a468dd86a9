//! A stand-in for the service: answers by a function, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::client::{Admin, Service};

/// A request.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Seen {
    /// Method, path and query.
    pub(in crate::cli) line: String,
    pub(super) authorization: String,
    pub(super) body: String,
}

/// Status, `Retry-After`, body; status 0 cuts the connection.
pub(super) type Given = (u16, Option<&'static str>, String);

type Script = Arc<Mutex<dyn FnMut(&Seen) -> Given + Send>>;

pub(in crate::cli) struct StandIn {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _runtime: Runtime,
}

impl StandIn {
    pub(super) fn start(answer: impl FnMut(&Seen) -> Given + Send + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        runtime.spawn(serve(listener, Arc::new(Mutex::new(answer)), Arc::clone(&seen)));
        Self { address, seen, _runtime: runtime }
    }

    /// One that gives the same answer to everything.
    pub(in crate::cli) fn always(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self::start(move |_| (status, None, body.clone()))
    }

    pub(in crate::cli) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// A folder with the configuration of this service, whose token is in a file.
    pub(in crate::cli) fn folder(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        write("data/admin-token", "token-canary\n");
        write("key", "ingest-canary\n");
        let address = self.address;
        write(
            "accoil.toml",
            &format!(
                "[server]\nlisten = \"127.0.0.1:1\"\nadmin_listen = \"{address}\"\n[[tenants]]\nname = \"acme\"\n\
                 ingest_keys = [\"file:key\"]\n[tenants.accoil]\napi_key = \"env:ACCOIL_STREAM_UNSET\"\n"
            ),
        );
        folder
    }

    /// What asks this service; it lives as long as the folder.
    pub(super) fn admin(&self) -> (Admin, tempfile::TempDir) {
        let folder = self.folder();
        let service = Service { config: folder.path().join("accoil.toml"), json: false };
        (service.find().unwrap(), folder)
    }
}

async fn serve(listener: TcpListener, script: Script, seen: Arc<Mutex<Vec<Seen>>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
        let service = service_fn(move |request: Request<Incoming>| {
            let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
            async move { answer(request, &script, &seen).await.ok_or_else(|| std::io::Error::other("cut")) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(request: Request<Incoming>, script: &Script, seen: &Mutex<Vec<Seen>>) -> Option<Response<Body>> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.ok()?;
    let authorization = parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let request = Seen {
        line: format!("{} {}", parts.method, parts.uri),
        authorization: authorization.unwrap_or_default(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let (status, retry_after, body) = (script.lock().unwrap())(&request);
    seen.lock().unwrap().push(request);
    let mut response = Response::builder().status(if status == 0 { 500 } else { status });
    if let Some(wait) = retry_after {
        response = response.header("retry-after", wait);
    }
    (status != 0).then(|| response.body(Body::from(body)).unwrap())
}
