//! Traces: what a collector gets to see of the service, and that it can't hold it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::oracle::host::{ACCOIL_KEY, ADMIN_TOKEN, INGEST_KEY, base, tenant};
use crate::oracle::{Accoil, Host, Reply, event, events};

const COLLECTOR_KEY: &str = "canary-collector-3f17";
const USER: &str = "canary-user-aa01";

/// How a collector answers.
#[derive(Clone, Copy)]
enum Manner {
    Takes,
    /// Sends to another place.
    Redirects(SocketAddr),
    /// Reads, and never answers.
    Hangs,
}

type Received = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

/// Takes traces by OTLP over HTTP. It ends with the test.
struct Collector {
    address: SocketAddr,
    received: Received,
    serving: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Collector {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Received::default();
        let taking = Arc::clone(&received);
        let router = axum::Router::new().fallback(move |request: Request| answer(Arc::clone(&taking), manner, request));
        let (open, _) = watch::channel(0);
        let serving = tokio::spawn(crate::oracle::host::serve_router(listener, router, open));
        Self { address, received, serving }
    }

    fn requests(&self) -> Vec<(HeaderMap, Vec<u8>)> {
        self.received.lock().unwrap().clone()
    }

    /// All spans until now.
    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for (_, body) in self.requests() {
            for resource in ExportTraceServiceRequest::decode(body.as_slice()).unwrap().resource_spans {
                let about = attributes(&resource.resource.unwrap().attributes);
                assert_eq!(about["service.name"], "under-test");
                let scopes = resource.scope_spans.into_iter();
                spans.extend(scopes.flat_map(|scope| scope.spans).map(|span| Span {
                    kind: span.kind(),
                    attributes: attributes(&span.attributes),
                    is_error: span.status.is_some_and(|status| status.code() == StatusCode::Error),
                    name: span.name,
                    trace: span.trace_id,
                    id: span.span_id,
                    parent: span.parent_span_id,
                }));
            }
        }
        spans
    }
}

async fn answer(received: Received, manner: Manner, request: Request) -> Response {
    let headers = request.headers().clone();
    let body = to_bytes(request.into_body(), 1 << 26).await.unwrap_or_default();
    received.lock().unwrap().push((headers, body.to_vec()));
    let mut response = Response::new(Body::empty());
    match manner {
        Manner::Takes => {}
        Manner::Redirects(to) => {
            *response.status_mut() = http::StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert("location", format!("http://{to}/v1/traces").parse().unwrap());
        }
        Manner::Hangs => std::future::pending().await,
    }
    response
}

#[derive(Debug)]
struct Span {
    name: String,
    kind: SpanKind,
    attributes: BTreeMap<String, Value>,
    is_error: bool,
    trace: Vec<u8>,
    id: Vec<u8>,
    parent: Vec<u8>,
}

impl Span {
    fn says(&self, attributes: &Value) -> bool {
        attributes.as_object().unwrap().iter().all(|(key, value)| self.attributes.get(key) == Some(value))
    }
}

fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, Value> {
    let pairs = pairs.iter().map(|pair| {
        let value = match pair.value.as_ref().and_then(|value| value.value.as_ref()).unwrap() {
            any_value::Value::StringValue(text) => json!(text),
            any_value::Value::IntValue(number) => json!(number),
            other => panic!("{other:?}"),
        };
        (pair.key.clone(), value)
    });
    pairs.collect()
}

/// A service that sends a share of its traces to this address.
async fn host(accoil: &Accoil, collector: SocketAddr, sample: &str, log: &str) -> Host {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("collector"), COLLECTOR_KEY).unwrap();
    let traces = format!(
        "[server.traces]\nendpoint = \"http://{collector}/v1/traces\"\nsample = {sample}\n\
         service_name = \"under-test\"\nheaders = {{ x-collector-key = \"file:collector\" }}\n"
    );
    let config = base().replace("[queue]", &format!("{traces}[queue]")).replace("\"info\"", &format!("\"{log}\""));
    Host::start_in(folder, &format!("{config}{}", tenant("acme", accoil, "")), &[]).await
}

#[tokio::test]
async fn spans_say_what_happened_and_nothing_that_is_secret_or_personal() {
    let failed = Mutex::new(false);
    let accoil = Accoil::behaving(move |call| match (call.kind.as_str(), &mut *failed.lock().unwrap()) {
        ("track", failed @ false) => {
            *failed = true;
            Reply::status(500).saying(&call.key)
        }
        _ => Reply::ok(),
    })
    .await;
    let collector = Collector::start(Manner::Takes).await;
    let host = host(&accoil, collector.address, "1", "trace").await;
    host.accept("acme", &events(USER, 0..3)).await;
    let wrong = json!({ "api_key": format!("{INGEST_KEY}-wrong"), "events": [event(USER, "x")] });
    assert_eq!(host.post("/batch", &wrong).await.0, 400);
    assert_eq!(host.post(&format!("/webhook/{INGEST_KEY}?key={INGEST_KEY}"), &json!({})).await.0, 401);
    host.until_drained("acme").await;
    let (exit, log, _folder) = host.stop().await;
    assert_eq!(exit, 0, "{log}");

    let spans = collector.spans();
    let all = |name: &str, kind: SpanKind, wanted: Value| -> Vec<&Span> {
        let found: Vec<&Span> =
            spans.iter().filter(|span| (span.name.as_str(), span.kind) == (name, kind) && span.says(&wanted)).collect();
        assert!(!found.is_empty(), "no {name} {wanted} in {spans:#?}");
        found
    };
    let method = "http.request.method";
    let status = "http.response.status_code";
    let taken = json!({ method: "POST", "http.route": "/2/httpapi", status: 200, "accoil_stream.tenant": "acme",
        "accoil_stream.events": 3, "accoil_stream.result": "taken" });
    assert_eq!(all("POST /2/httpapi", SpanKind::Server, taken).len(), 1);
    let refused = json!({ method: "POST", status: 400, "accoil_stream.result": "invalid-key" });
    let refused = all("POST /batch", SpanKind::Server, refused)[0];
    assert!(!refused.is_error && !refused.attributes.contains_key("accoil_stream.tenant"));
    all("POST /webhook/{tenant}", SpanKind::Server, json!({ "http.route": "/webhook/{tenant}", status: 401 }));
    let batch = json!({ "accoil_stream.tenant": "acme", "accoil_stream.version": 1, "accoil_stream.faults": 0 });
    let batches = all("map", SpanKind::Internal, batch);
    let mapped: i64 = batches.iter().map(|span| span.attributes["accoil_stream.events"].as_i64().unwrap()).sum();
    assert_eq!(mapped, 3);
    all("COMMIT", SpanKind::Internal, json!({ "db.system.name": "sqlite", "db.operation.name": "COMMIT" }));

    let attempt = |number: u32, result: &str| json!({ "accoil_stream.tenant": "acme", "accoil_stream.attempt": number, "accoil_stream.result": result });
    let first = all("deliver", SpanKind::Internal, attempt(1, "retry"));
    let again = all("deliver", SpanKind::Internal, attempt(2, "delivered"));
    assert_eq!((first.len(), again.len()), (1, 1));
    assert!(first[0].is_error && !again[0].is_error);
    assert_eq!(first[0].attributes["accoil_stream.seq"], again[0].attributes["accoil_stream.seq"]);
    let call = |status_code: u32| {
        json!({ method: "POST", "server.address": "127.0.0.1", "server.port": accoil.address.port(),
            "accoil_stream.call": "track", "accoil_stream.tenant": "acme", status: status_code })
    };
    let calls = all("POST track", SpanKind::Client, call(500));
    assert_eq!((calls.len(), &calls[0].attributes["error.type"]), (1, &json!("500")));
    assert_eq!((&calls[0].trace, &calls[0].parent), (&first[0].trace, &first[0].id));
    assert!(calls[0].is_error);
    assert_eq!(all("POST track", SpanKind::Client, call(202)).len(), 3);
    let resent = all("POST track", SpanKind::Client, json!({ "http.request.resend_count": 1, status: 202 }));
    assert_eq!((resent.len(), &resent[0].parent), (1, &again[0].id));
    all("POST identify", SpanKind::Client, json!({ status: 202 }));

    let canaries = [INGEST_KEY, ACCOIL_KEY, ADMIN_TOKEN, COLLECTOR_KEY, USER];
    for (headers, body) in collector.requests() {
        assert_eq!(headers["x-collector-key"], COLLECTOR_KEY);
        assert_eq!(headers["content-type"], "application/x-protobuf");
        let text = String::from_utf8_lossy(&body);
        assert!(canaries.iter().all(|canary| !text.contains(canary)), "{text}");
    }
    assert!(!log.contains(COLLECTOR_KEY) && !log.contains("traces can't be sent"), "{log}");
}

#[tokio::test]
async fn a_share_of_0_sends_nothing_and_a_share_of_1_percent_little() {
    let accoil = Accoil::start().await;
    for (sample, most) in [("0", 0), ("0.01", 60)] {
        let collector = Collector::start(Manner::Takes).await;
        let host = host(&accoil, collector.address, sample, "info").await;
        host.accept("acme", &events(&format!("u{sample}"), 0..200)).await;
        host.until_drained("acme").await;
        let (exit, log, _folder) = host.stop().await;
        assert_eq!(exit, 0, "{log}");
        // Of about 600 spans.
        assert!(collector.spans().len() <= most, "{sample}: {}", collector.spans().len());
        assert!(most > 0 || collector.requests().is_empty());
    }
}

/// Delivers more than the queue of spans holds, and stops; gives the log, and how long the stop took.
async fn run(accoil: &Accoil, collector: SocketAddr, user: &str) -> (String, Duration) {
    let host = host(accoil, collector, "1", "info").await;
    let before = accoil.tracks().len();
    for from in [0, 500, 1000] {
        let of_many =
            (from..from + 500).map(|number| event(&format!("{user}-{}", number % 50), &format!("{user}{number}")));
        host.accept("acme", &of_many.collect::<Vec<_>>()).await;
    }
    host.until_drained("acme").await;
    assert_eq!(accoil.tracks().len() - before, 1500);
    let stopping = Instant::now();
    let (exit, log, _folder) = host.stop().await;
    assert_eq!(exit, 0, "{log}");
    (log, stopping.elapsed())
}

#[tokio::test]
async fn a_collector_that_hangs_or_is_gone_or_sends_elsewhere_holds_nothing() {
    let accoil = Accoil::start().await;
    let hanging = Collector::start(Manner::Hangs).await;
    let (_, took) = run(&accoil, hanging.address, "hanging").await;
    // What waits would take four requests of five seconds each.
    assert!(took < Duration::from_secs(9), "{took:?}");
    assert!(!hanging.requests().is_empty());

    let gone = Collector::start(Manner::Takes).await.address;
    let (log, _) = run(&accoil, gone, "gone").await;
    assert_eq!(log.matches("traces can't be sent").count(), 1, "{log}");

    let other = Collector::start(Manner::Takes).await;
    let redirecting = Collector::start(Manner::Redirects(other.address)).await;
    let (log, _) = run(&accoil, redirecting.address, "redirecting").await;
    assert!(log.contains("traces can't be sent, and are lost: the answer was 307"), "{log}");
    assert!(other.requests().is_empty());
}
