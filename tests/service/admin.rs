//! The operators' listener: nothing without the token, and no secret in anything.

use accoil_stream::admin::{Access, ROUTES};
use serde_json::json;

use crate::oracle::host::{ACCOIL_KEY, ADMIN_TOKEN, INGEST_KEY, client, config};
use crate::oracle::{Accoil, Host, Reply, event, events};

#[tokio::test]
async fn every_route_but_health_wants_the_token() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let open: Vec<_> = ROUTES.iter().filter(|route| route.access == Access::Open).map(|route| route.path).collect();
    assert_eq!(open, ["/healthz", "/readyz"]);
    for route in ROUTES.iter().filter(|route| route.access == Access::Token) {
        let path = route.path.replace("{id}", "1");
        for path in
            [path.clone(), format!("/{path}"), path.to_uppercase(), format!("{path}/"), format!("{path}/..{path}")]
        {
            let url = format!("http://{}{path}", host.admin);
            for token in [None, Some("wrong"), Some(""), Some("canary-admin-9be"), Some(INGEST_KEY)] {
                let mut request = client().request(route.method.clone(), &url).body("{}");
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                assert_eq!(request.send().await.unwrap().status(), 401, "{} {url} {token:?}", route.method);
            }
        }
    }
    // The event listener knows none of these paths.
    for route in ROUTES.iter().filter(|route| route.access == Access::Token) {
        let url = format!("http://{}{}", host.ingest, route.path.replace("{id}", "1"));
        let request = client().request(route.method.clone(), &url).bearer_auth(ADMIN_TOKEN).body("{}");
        assert_eq!(request.send().await.unwrap().status(), 404, "{url}");
    }
}

/// Canaries in every place that a secret can be in, and everything run at trace level.
#[tokio::test]
async fn secrets_show_up_nowhere() {
    let accoil = Accoil::behaving(|call| match call.event() {
        // An answer that repeats the key, as a debugging page would.
        "u-1" => Reply::status(400).saying(&format!("you sent {}", call.key)),
        "u-2" => Reply::status(500).saying(&call.key),
        _ => Reply::ok(),
    })
    .await;
    let text = config(&accoil, "").replace("log = \"info\"", "log = \"trace\"");
    let text = text.replace("[delivery]\n", "[delivery]\nkeep_trying_s = 1\n");
    let host = Host::start(&text).await;
    host.accept("acme", &events("u", 0..4)).await;
    let mut said = vec![
        host.post("/batch", &json!({ "api_key": format!("{INGEST_KEY}-wrong"), "events": [event("u", "x")] }))
            .await
            .1
            .to_string(),
    ];
    said.push(host.post("/batch", &json!([INGEST_KEY])).await.1.to_string());
    host.until_drained("acme").await;
    for letter in host.dead_letters().await {
        said.push(letter.to_string());
        said.push(host.admin(&format!("/dead-letters/{}", letter["id"])).await.to_string());
        said.push(host.admin(&format!("/events/{}", letter["event_id"].as_str().unwrap())).await.to_string());
    }
    assert_eq!(said.len(), 8);
    said.push(host.admin("/status").await.to_string());
    said.push(host.metrics().await);
    std::fs::write(host.path("accoil-acme"), format!("{ACCOIL_KEY}-rotated")).unwrap();
    said.push(host.command("/reload", &json!({})).await.1.to_string());
    host.configure(&text.replace("file:accoil-acme", ACCOIL_KEY));
    host.until_log("a secret is not written in the configuration").await;
    let backup = host.path("backup.db");
    let (status, answer) = host.command("/backup", &json!({ "file": backup })).await;
    assert_eq!(status, 200, "{answer}");
    // And nobody else on the machine reads them, or the events.
    for path in ["backup.db", "data/queue.db", "data/queue.db-wal"] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(host.path(path)).unwrap().permissions());
        assert_eq!(mode & 0o77, 0, "{path}: {mode:o}");
    }
    let (exit, log, folder) = host.stop().await;
    assert_eq!(exit, 0, "{log}");
    assert!(log.contains("TRACE"));
    said.push(log);
    for entry in std::fs::read_dir(folder.path().join("data"))
        .unwrap()
        .chain([std::fs::read_dir(folder.path()).unwrap()].into_iter().flatten())
    {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".db") || name.contains("queue") {
            said.push(String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned());
        }
    }
    for text in said {
        for canary in [INGEST_KEY, ACCOIL_KEY, ADMIN_TOKEN] {
            if let Some(place) = text.find(canary) {
                let from = text.floor_char_boundary(place.saturating_sub(300));
                panic!("{canary} in …{}", &text[from..text.ceil_char_boundary(place + 60)]);
            }
        }
    }
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_answers_503_meanwhile() {
    let accoil = Accoil::behaving(|_| Reply::ok().after(std::time::Duration::from_millis(700))).await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &events("u", 0..2)).await;
    accoil.until(|calls| !calls.is_empty()).await;
    host.signal("TERM");
    host.until_log("stopping").await;
    let late = host.try_post("/2/httpapi", &crate::oracle::host::upload("acme", &events("u", 2..3))).await;
    assert!(matches!(late, Some(503) | None), "{late:?}");
    let (exit, log, folder) = host.stop().await;
    assert_eq!(exit, 0, "{log}");
    let text = std::fs::read_to_string(folder.path().join("accoil.toml")).unwrap();
    accoil.behave(|_| Reply::ok());
    let host = Host::start_in(folder, &text, &[]).await;
    host.until_drained("acme").await;
    // What was under way at the stop was settled by it: nothing is doubled.
    let tracks = accoil.calls().into_iter().filter(|call| call.kind == "track").count();
    let identified = accoil.calls().into_iter().filter(|call| call.kind == "identify").count();
    assert_eq!((tracks, identified), (2, 1));
}
