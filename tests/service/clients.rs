//! Amplitude's own SDKs, released and unmodified, as clients of the service.
//!
//! `.ci/clients` installs them. Where they are not, these tests say so and end, unless
//! `ACCOIL_STREAM_CLIENTS=required` asks that they run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::watch;

use crate::oracle::host::{client, config, ingest_key, serve_router};
use crate::oracle::{Accoil, Host};

const COUNT: usize = 50;

/// An SDK as a command line that sends to a URL.
struct Sdk {
    /// The letters that its events and users begin with.
    name: &'static str,
    program: PathBuf,
    script: PathBuf,
    folder: PathBuf,
}

fn sdk(name: &'static str) -> Option<Sdk> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
    // The folder of the tests is `target/tmp`, or that of CARGO_TARGET_DIR.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("clients");
    let (program, script) = match name {
        "py" => (folder.join("python/bin/python"), tests.join("send.py")),
        _ => (PathBuf::from("node"), folder.join("send.mjs")),
    };
    let is_there = if name == "py" { program.exists() } else { folder.join("node_modules").exists() };
    if !is_there {
        let is_required = std::env::var("ACCOIL_STREAM_CLIENTS").is_ok_and(|value| value == "required");
        assert!(!is_required, "Amplitude's SDKs are not there: run .ci/clients");
        eprintln!("not run: Amplitude's SDKs are not there; run .ci/clients");
        return None;
    }
    if name == "js" {
        // Modules are looked for beside the script.
        std::fs::copy(tests.join("send.mjs"), &script).unwrap();
    }
    Some(Sdk { name, program, script, folder })
}

impl Sdk {
    /// Has it send its events; gives what it was told of each.
    async fn send(&self, url: &str) -> Vec<Value> {
        let output = Command::new(&self.program)
            .arg(&self.script)
            .args([url, &ingest_key("acme"), &COUNT.to_string()])
            .current_dir(&self.folder)
            .output()
            .await
            .unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        let answers = out.lines().last().and_then(|line| serde_json::from_str(line).ok());
        answers.unwrap_or_else(|| panic!("{}: {out}\n{err}", self.name))
    }

    /// In which order the SDK sends is its own affair: it sends again what was in a request with a bad event.
    fn expect_all_once(&self, accoil: &Accoil) {
        let expected: BTreeMap<String, usize> =
            (0..COUNT).map(|number| (format!("{}-{number}", self.name), 1)).collect();
        assert_eq!(accoil.counts(), expected);
    }
}

async fn all_events_arrive(name: &'static str, bad: &str) {
    let Some(sdk) = sdk(name) else { return };
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let answers = sdk.send(&format!("http://{}/2/httpapi", host.ingest)).await;
    accoil.until_tracked(COUNT).await;
    host.until_drained("acme").await;
    sdk.expect_all_once(&accoil);
    // Its group's properties were told once, and stand in every event since.
    let calls = accoil.calls();
    let traits = json!({ "group_type": "org", "name": "Org One", "seats": 5 });
    assert!(calls.iter().any(|call| call.kind == "group" && call.body["traits"] == traits), "{calls:?}");
    let identified = calls.iter().filter(|call| call.kind == "identify" && call.body["groupId"] == "o1");
    let identified: BTreeSet<&str> = identified.map(|call| call.user()).collect();
    assert_eq!(identified.len(), 3, "{calls:?}");
    // The bad one was named by its index, and it alone was dropped.
    let codes: BTreeMap<&str, u64> =
        answers.iter().map(|answer| (answer["event"].as_str().unwrap(), answer["code"].as_u64().unwrap())).collect();
    assert_eq!(codes.get(bad), Some(&400), "{codes:?}");
    assert!(codes.iter().all(|(event, code)| *event == bad || *code == 200), "{codes:?}");
    assert_eq!(codes.len(), COUNT + 3);
}

/// Every other of the first answers of the service is lost on its way, after the events were accepted.
async fn a_retry_doubles_nothing(name: &'static str) {
    let Some(sdk) = sdk(name) else { return };
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ingest = host.ingest;
    let requests = Arc::new(AtomicUsize::new(0));
    let lossy = move |request: Request| {
        let number = requests.fetch_add(1, Ordering::SeqCst);
        async move {
            let body = to_bytes(request.into_body(), 1 << 24).await.unwrap();
            let answer = client().post(format!("http://{ingest}/2/httpapi")).body(body).send().await.unwrap();
            let status = answer.status();
            let text = answer.text().await.unwrap();
            // No more than three, for the SDKs give an event up after a few tries.
            let is_lost = number < 6 && number.is_multiple_of(2);
            let lost = r#"{"code":503,"error":"Service Unavailable"}"#.to_owned();
            let mut response = Response::new(Body::from(if is_lost { lost } else { text }));
            *response.status_mut() = if is_lost { http::StatusCode::SERVICE_UNAVAILABLE } else { status };
            response
        }
    };
    let proxy =
        tokio::spawn(serve_router(listener, axum::Router::new().fallback(any(lossy)), watch::Sender::default()));
    sdk.send(&format!("http://{address}/2/httpapi")).await;
    accoil.until_tracked(COUNT).await;
    host.until_drained("acme").await;
    proxy.abort();
    assert!(!host.metrics().await.contains("accoil_stream_events_duplicate_total{tenant=\"acme\"} 0"));
    sdk.expect_all_once(&accoil);
}

#[tokio::test]
async fn all_events_of_the_python_sdk_arrive() {
    all_events_arrive("py", "py-deep").await;
}

#[tokio::test]
async fn all_events_of_the_node_sdk_arrive() {
    all_events_arrive("js", "js-no-time").await;
}

#[tokio::test]
async fn a_retry_of_the_python_sdk_doubles_nothing() {
    a_retry_doubles_nothing("py").await;
}

#[tokio::test]
async fn a_retry_of_the_node_sdk_doubles_nothing() {
    a_retry_doubles_nothing("js").await;
}
