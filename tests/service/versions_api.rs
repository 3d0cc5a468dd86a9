//! Versions over the operators' listener: deployed, refused, taken back, run again.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::cli::support::run_in;
use crate::oracle::host::{ADMIN_TOKEN, client, config, serve_router};
use crate::oracle::{Accoil, Host, event, events};

fn asked(more: Value) -> Value {
    let mut body = json!({ "tenant": "acme", "by": "tester", "reason": "to see" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn without(name: &str) -> Value {
    json!({ "component": "default", "settings": { "event_types": { "exclude": [name] } } })
}

async fn audit(host: &Host, what: &str) -> Vec<Value> {
    let lines = host.admin("/audit?tenant=acme").await["lines"].as_array().unwrap().clone();
    lines.into_iter().filter(|line| line["what"] == what).collect()
}

#[tokio::test]
async fn a_deployment_is_in_force_from_the_event_that_it_says_and_can_be_taken_back() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &events("u", 0..2)).await;
    host.until_drained("acme").await;
    let (status, dry) =
        host.command("/versions/deploy", &asked(merged(without("u-3"), json!({ "dry_run": true })))).await;
    assert_eq!((status, &dry["version"], &dry["before"]["version"]), (200, &Value::Null, &json!(1)), "{dry}");
    assert_eq!(host.status("acme").await["version"], 1);

    let (status, deployed) = host.command("/versions/deploy", &asked(without("u-3"))).await;
    assert_eq!((status, &deployed["version"], &deployed["from"]), (200, &json!(2), &json!(3)), "{deployed}");
    assert_eq!(deployed["settings_digest"], dry["settings_digest"]);
    assert!(deployed["times_ms"]["total"].as_f64().unwrap() > 0.0, "{deployed}");
    let status = host.status("acme").await;
    assert_eq!((&status["version"], &status["from"]), (&json!(2), &json!(3)), "{status}");
    assert!(status["watched_until"].is_string(), "{status}");
    host.accept("acme", &events("u", 2..5)).await;
    host.until_drained("acme").await;
    assert_eq!(host.admin("/events/u-3").await["not_delivered"], "skipped: event type not selected");

    let (status, back) = host.command("/versions/rollback", &asked(json!({}))).await;
    assert_eq!((status, &back["version"], &back["before"]["version"]), (200, &json!(1), &json!(2)), "{back}");
    let listed = host.admin("/versions?tenant=acme").await;
    assert_eq!((&listed["in_force"]["version"], &listed["more"]), (&json!(1), &json!(false)), "{listed}");
    let numbers = |list: &str| -> Vec<u64> {
        listed[list].as_array().unwrap().iter().map(|one| one["version"].as_u64().unwrap()).collect()
    };
    assert_eq!((numbers("versions"), numbers("activations")), (vec![2, 1], vec![1, 2, 1]));
    assert_eq!(listed["versions"][0]["by"], "tester");
    let check = host.admin("/audit/check").await;
    assert_eq!(check["broken"], Value::Null, "{check}");
    assert!(check["lines"].as_u64().unwrap() >= 3 && check["head"].as_str().unwrap().len() == 64, "{check}");
    let rollback = &audit(&host, "rollback").await[0];
    assert_eq!((&rollback["by"], &rollback["reason"]), (&json!("tester"), &json!("to see")));
}

fn merged(mut one: Value, other: Value) -> Value {
    one.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    one
}

#[tokio::test]
async fn a_canary_is_promoted_once() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let canary = asked(merged(without("x"), json!({ "canary": 0.25 })));
    let (status, deployed) = host.command("/versions/deploy", &canary).await;
    assert_eq!((status, &deployed["version"], &deployed["live"]), (200, &json!(2), &json!(1)), "{deployed}");
    assert_eq!(host.status("acme").await["canary"]["share"], 0.25);
    let (status, promoted) = host.command("/versions/promote", &asked(json!({}))).await;
    assert_eq!(
        (status, &promoted["version"], &promoted["before"]["canary"]),
        (200, &json!(2), &json!(2)),
        "{promoted}"
    );
    let (status, again) = host.command("/versions/promote", &asked(json!({}))).await;
    assert_eq!((status, &again["code"]), (409, &json!("rollout-state")), "{again}");
}

#[tokio::test]
async fn what_can_not_be_is_refused_with_a_code_and_changes_nothing() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let garbage = json!({ "component": { "base64": "AGFzbQ==" } });
    let unknown = format!("sha256:{}", "0".repeat(64));
    for (path, body, status, code) in [
        ("deploy", asked(merged(without("x"), json!({ "expect": 7 }))), 409, "version-conflict"),
        ("deploy", merged(asked(without("x")), json!({ "tenant": "nobody" })), 404, "unknown-tenant"),
        ("deploy", merged(asked(without("x")), json!({ "all": true })), 400, "admin-body"),
        ("deploy", merged(asked(without("x")), json!({ "by": " " })), 400, "admin-asker"),
        ("deploy", merged(asked(without("x")), json!({ "canary": 2 })), 400, "admin-share"),
        ("deploy", asked(json!({ "component": { "base64": "?" } })), 400, "admin-base64"),
        ("deploy", asked(json!({ "component": { "digest": unknown } })), 404, "unknown-component"),
        ("deploy", asked(json!({ "component": "default", "settings": { "no": 1 } })), 422, "settings-invalid"),
        ("rollback", asked(json!({ "to": 9 })), 404, "unknown-version"),
        ("rollback", asked(json!({})), 409, "rollout-state"),
    ] {
        let (found, answer) = host.command(&format!("/versions/{path}"), &body).await;
        assert_eq!((found, answer["code"].as_str().unwrap()), (status, code), "{body}: {answer}");
    }
    let (status, answer) = host.command("/versions/deploy", &asked(garbage)).await;
    assert_eq!(status, 422, "{answer}");
    let refused = audit(&host, "refuse").await;
    assert_eq!((&refused[0]["detail"]["code"], &refused[0]["detail"]["refused"]), (&answer["code"], &json!("deploy")));
    assert!(refused.iter().any(|line| line["detail"]["code"] == "version-conflict"), "{refused:?}");
    assert_eq!(host.status("acme").await["version"], 1);
}

#[tokio::test]
async fn an_upload_beyond_the_limit_is_told_by_its_name() {
    let accoil = Accoil::start().await;
    let text = format!("{}[limits]\ncomponent_bytes = 4194304\n", config(&accoil, ""));
    let host = Host::start(&text).await;
    let over = "A".repeat(4_194_308 / 3 * 4);
    let (status, answer) = host.command("/versions/deploy", &asked(json!({ "component": { "base64": over } }))).await;
    assert_eq!((status, answer["code"].as_str().unwrap()), (413, "component-too-large"), "{answer}");
    let far = "A".repeat(16 << 20);
    let (status, answer) = host.command("/versions/deploy", &asked(json!({ "component": { "base64": far } }))).await;
    assert_eq!((status, answer["code"].as_str().unwrap()), (413, "admin-body-too-long"), "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("limits.component_bytes"), "{answer}");
}

/// Answers 202 to everything, and keeps the text of it.
async fn recorder() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let texts = Arc::new(Mutex::new(Vec::new()));
    let keeping = Arc::clone(&texts);
    let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let keeping = Arc::clone(&keeping);
        async move {
            let path = request.uri().path().to_owned();
            let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
            let body = String::from_utf8(body.to_vec()).unwrap();
            keeping.lock().unwrap().push(format!(r#"{{"method":"POST","path":"{path}","body":{body}}}"#));
            http::StatusCode::ACCEPTED
        }
    });
    tokio::spawn(serve_router(listener, router, tokio::sync::watch::channel(0).0));
    (address, texts)
}

#[tokio::test]
async fn a_rerun_gives_the_very_bytes_that_were_sent() {
    let (accoil, (address, texts)) = (Accoil::start().await, recorder().await);
    let settings = "\n[tenants.mapping]\nsettings = { properties = [\"price\", \"note\"] }";
    let host = Host::start(&config(&accoil, settings).replace(&accoil.address.to_string(), &address.to_string())).await;
    let mut sold = event("u", "sold");
    sold["event_properties"] = json!({ "price": 1.0, "note": "é\u{1}/\u{2028}" });
    host.accept("acme", &[sold]).await;
    host.until_drained("acme").await;
    let sent = texts.lock().unwrap().join(",");
    assert!(sent.contains("/v2/track") && sent.contains(r#""price":1.0"#), "{sent}");
    let path = format!("http://{}/events/sold/rerun?tenant=acme", host.admin);
    let rerun = client().get(path).bearer_auth(ADMIN_TOKEN).send().await.unwrap().text().await.unwrap();
    assert!(rerun.ends_with(&format!(r#""requests":[{sent}]}}"#)), "{rerun}\n{sent}");
    assert!(rerun.contains(r#""version":1,"ran":1"#), "{rerun}");
    host.command("/versions/deploy", &asked(without("sold"))).await;
    let other = host.admin("/events/sold/rerun?version=2").await;
    assert_eq!((&other["ran"], &other["requests"]), (&json!(1), &json!([])), "{other}");
    assert_eq!(other["not_delivered"], "skipped: event type not selected");
}

#[tokio::test]
async fn history_and_components_come_as_they_were_stored() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &events("u", 0..5)).await;
    host.until_drained("acme").await;
    let get = |path: String| client().get(format!("http://{}{path}", host.admin)).bearer_auth(ADMIN_TOKEN).send();
    let (mut after, mut lines) = (String::from("0"), Vec::new());
    loop {
        let page = get(format!("/history?tenant=acme&limit=2&after={after}")).await.unwrap();
        let next = page.headers().get("x-next-after").map(|next| next.to_str().unwrap().to_owned());
        lines.extend(page.text().await.unwrap().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    let types: Vec<_> = lines.iter().map(|line| line["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["u-0", "u-1", "u-2", "u-3", "u-4"]);
    let old = get("/history?tenant=acme&until=2020-01-01T00:00:00Z".into()).await.unwrap();
    assert_eq!((old.headers().get("x-next-after"), old.content_length()), (None, Some(0)));
    assert_eq!(get("/history?tenant=acme&since=2999-01-01T00:00:00Z".into()).await.unwrap().text().await.unwrap(), "");
    let digest = host.status("acme").await["mapping"].as_str().unwrap().to_owned();
    let bytes = get(format!("/components/{digest}")).await.unwrap().bytes().await.unwrap();
    assert_eq!(*bytes, *accoil_stream::sandbox::DEFAULT_COMPONENT);
    assert_eq!(get(format!("/components/{}", "0".repeat(64))).await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_list_of_versions_is_short_and_says_how_many_are_older() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.command("/versions/deploy", &asked(without("u-3"))).await;
    for turn in 0..23 {
        host.command("/versions/rollback", &asked(json!({ "to": turn % 2 + 1 }))).await;
    }
    let listed = host.admin("/versions?tenant=acme").await;
    assert_eq!(listed["activations"].as_array().unwrap().len(), 20);
    assert_eq!((&listed["more"], &listed["older"]), (&json!(true), &json!({ "versions": 0, "activations": 5 })));
    let listed = host.admin("/versions?tenant=acme&version=2&limit=1").await;
    let numbers: Vec<_> = listed["versions"].as_array().unwrap().iter().map(|one| &one["version"]).collect();
    assert_eq!((numbers, &listed["older"]), (vec![&json!(2)], &json!({ "versions": 0, "activations": 11 })));
    let ran = host.run(&["mappings", "list", "--config", "client.toml", "--limit", "2"]);
    assert_eq!((ran.exit, ran.out.lines().count()), (0, 10), "{ran:?}");
    let last = "… and 0 older versions and 23 older changes; ask for them with --limit (1000 at most)\n";
    assert!(ran.out.ends_with(last), "{ran:?}");
}

#[tokio::test]
async fn a_store_that_is_not_in_use_tells_the_head_of_its_audit_log() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.command("/versions/deploy", &asked(without("u-3"))).await;
    let check = host.admin("/audit/check").await;
    let (_, _, folder) = host.stop().await;
    let ran = run_in(folder.path(), &["verify"]);
    let expected = format!("audit log: 2 lines, head {}\n", check["head"].as_str().unwrap());
    assert!(ran.exit == 0 && ran.out.ends_with(&expected), "{ran:?} {check}");
}

#[tokio::test]
async fn an_experiment_tells_what_a_candidate_would_change() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let start = asked(merged(without("u-3"), json!({ "share": 1 })));
    let (status, started) = host.command("/experiments/start", &start).await;
    assert_eq!((status, &started["share"], &started["by"]), (200, &json!(1.0), &json!("tester")), "{started}");
    assert_eq!(host.status("acme").await["experiment"], true);
    assert_eq!(host.command("/experiments/start", &start).await.0, 409);
    host.accept("acme", &events("u", 0..10)).await;
    host.until_drained("acme").await;
    let (status, found) = host.command("/experiments/stop", &asked(json!({}))).await;
    let counted = &found["report"]["events"];
    assert_eq!((status, &counted["compared"], &counted["differing"]), (200, &json!(10), &json!(1)), "{found}");
    assert_eq!(accoil.tracks().len(), 10, "a candidate delivers nothing and keeps nothing back");
    let (status, answer) = host.command("/experiments/stop", &asked(json!({}))).await;
    assert_eq!((status, &answer["code"]), (404, &json!("no-experiment")), "{answer}");
}
