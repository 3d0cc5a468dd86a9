//! Who is let in, and where.

use super::support::{House, MemoryQueue, Request, as_queue, entrant, tenants};
use crate::config::IngestConfig;
use crate::ingest::{Door, Proof, ROUTES, Route};
use crate::queue::{Health, QueueError};

const EVENTS: &str = r#""events":[{"event_type":"a","user_id":"u"}],"identification":{"user_id":"u","group_type":"t","group_value":"v","group_properties":{}}"#;

#[tokio::test]
async fn every_route_but_health_wants_a_key() {
    let house = House::open().await;
    for entry in ROUTES {
        let path = entry.path.replace("{tenant}", "acme");
        let send = async |key: &str, headers: &str| {
            let body = format!("{{{key}{EVENTS}}}");
            let request = Request { method: entry.method.as_str(), path: &path, headers, body: body.as_bytes() };
            house.send(request).await.status
        };
        let expected = match entry.proof {
            Proof::Nothing => {
                assert!(matches!(entry.route, Route::Alive | Route::Ready), "{entry:?} lets anybody in");
                200
            }
            Proof::KeyInBody => 400,
            Proof::KeyInHeader => 401,
        };
        assert_eq!(send("", "").await, expected, "{entry:?}");
        assert_eq!(send("\"api_key\":\"key-x\",", "Authorization: Bearer key-x\r\n").await, expected, "{entry:?}");
        assert!(house.queue.bodies().is_empty(), "{entry:?}");
    }
    for entry in ROUTES.iter().filter(|entry| entry.proof == Proof::KeyInBody) {
        let body = format!("{{\"api_key\":\"key-b\",{EVENTS}}}");
        assert_eq!(house.post(entry.path, body).await.status, 200, "{entry:?}");
    }
    assert_eq!(house.queue.bodies().len(), 4, "so the test above sent what would be taken");
}

#[tokio::test]
async fn a_webhook_wants_a_key_of_its_own_tenant() {
    let house =
        House::with(IngestConfig::default(), vec![entrant(1, "a b+c", &["key-a"]), entrant(2, "other", &["key-o"])])
            .await;
    let send = async |path: &str, headers: &str| {
        house.send(Request { path, headers, body: br#"{"event_type":"a"}"#, ..Request::default() }).await
    };
    let refused = send("/webhook/other", "Authorization: Bearer key-a\r\n").await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    for (path, headers) in [
        ("/webhook/nobody", "Authorization: Bearer key-a\r\n"),
        ("/webhook/other", ""),
        ("/webhook/other", "Authorization: Basic key-o\r\n"),
        ("/webhook/other", "X-Api-Key: key-a\r\n"),
    ] {
        let answer = send(path, headers).await;
        assert_eq!((answer.status, &answer.body), (401, &refused.body), "{path} {headers}");
    }
    for (path, headers) in [
        ("/webhook/other", "authorization: bearer  key-o\r\n"),
        ("/webhook/other", "X-Api-Key: key-o\r\n"),
        ("/webhook/a%20b+c", "X-Api-Key: key-a\r\n"),
    ] {
        assert_eq!(send(path, headers).await.status, 200, "{path} {headers}");
    }
}

#[tokio::test]
async fn events_go_to_the_tenant_of_the_key() {
    let house = House::open().await;
    for key in ["key-a", "key-b", "key-o"] {
        house.post("/batch", format!("{{\"api_key\":\"{key}\",{EVENTS}}}")).await;
    }
    let tenants: Vec<_> = house.queue.events.lock().unwrap().iter().map(|(tenant, _)| tenant.0).collect();
    assert_eq!(tenants, [1, 1, 2]);
}

#[tokio::test]
async fn two_tenants_with_one_key_are_an_error_that_does_not_repeat_it() {
    let (_closing, is_closing) = tokio::sync::watch::channel(false);
    let tenants = vec![entrant(1, "first", &["canary", "canary"]), entrant(2, "second", &["canary"])];
    let queue = as_queue(&MemoryQueue::new());
    let error = Door::load(queue, 100, is_closing, IngestConfig::default(), tenants).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert_eq!(error.code(), "ingest-key-shared");
    assert!(text.contains("first") && text.contains("second") && !text.contains("canary"), "{text}");
}

#[tokio::test]
async fn tenants_are_replaced_while_the_door_is_open() {
    let house = House::open().await;
    let mut disabled = entrant(2, "other", &["key-o"]);
    disabled.intake.enabled = false;
    house.door.replace(IngestConfig::default(), vec![entrant(1, "acme", &["key-new"]), disabled]).await.unwrap();
    let send = async |key: &str| house.post("/batch", format!("{{\"api_key\":\"{key}\",{EVENTS}}}")).await;
    assert_eq!(send("key-a").await.status, 400);
    assert_eq!(send("key-new").await.status, 200);
    let answer = send("key-o").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("30")));
    let headers = "X-Api-Key: key-o\r\n";
    assert_eq!(house.send(Request { path: "/webhook/other", headers, ..Request::default() }).await.status, 503);
    let both = vec![entrant(1, "acme", &["key-new"]), entrant(3, "third", &["key-new"])];
    house.door.replace(IngestConfig::default(), both).await.unwrap_err();
    assert_eq!(send("key-new").await.status, 200, "the list before stays in force");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_answered_in_json() {
    let house = House::open().await;
    let answer = house.post("/nothing", "{}").await;
    assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"code":404,"error":"Not found"}"#));
    let answer = house.send(Request { method: "GET", ..Request::default() }).await;
    assert_eq!((answer.status, answer.body.as_str()), (405, r#"{"code":405,"error":"Method not allowed"}"#));
    assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
    let answer = house.post("/healthz", "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn browsers_of_any_site_may_send() {
    let house = House::open().await;
    for entry in ROUTES.iter().filter(|entry| entry.proof != Proof::Nothing) {
        let headers = "Origin: https://site.test\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n";
        let path = entry.path.replace("{tenant}", "acme");
        let answer = house.send(Request { method: "OPTIONS", path: &path, headers, body: b"" }).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("POST,OPTIONS"));
        let allowed = answer.header("access-control-allow-headers").unwrap();
        assert_eq!(allowed, "content-type,content-encoding,authorization,x-api-key");
        assert_eq!(answer.header("access-control-max-age"), Some("86400"));
    }
    let body = format!("{{\"api_key\":\"key-a\",{EVENTS}}}");
    let headers = "Origin: https://site.test\r\n";
    let answer = house.send(Request { headers, body: body.as_bytes(), ..Request::default() }).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("*")));
}

#[tokio::test]
async fn readiness_follows_the_disk_and_the_closing() {
    let house = House::open().await;
    let get = async |path: &str| {
        let answer = house.send(Request { method: "GET", path, headers: "", body: b"" }).await;
        (answer.status, answer.body)
    };
    assert_eq!(get("/healthz").await, (200, r#"{"code":200,"status":"ok"}"#.to_owned()));
    assert_eq!(get("/readyz").await, (200, r#"{"code":200,"status":"ok"}"#.to_owned()));
    house.queue.health.send_replace(Health::Failing { since: 0, problem: "x".into() });
    assert_eq!(get("/readyz").await, (503, r#"{"code":503,"status":"disk-failing"}"#.to_owned()));
    assert_eq!(get("/healthz").await.0, 200);
    house.queue.health.send_replace(Health::Good);
    house.closing.send_replace(true);
    assert_eq!(get("/readyz").await, (503, r#"{"code":503,"status":"closing"}"#.to_owned()));
}

#[tokio::test]
async fn errors_never_repeat_a_key() {
    let house = House::with(IngestConfig::default(), tenants()).await;
    *house.queue.refusal.lock().unwrap() = Some(QueueError::Busy);
    for key in ["key-a", "key-canary"] {
        let body = format!("{{\"api_key\":\"{key}\",{EVENTS}}}");
        let answer = house.post("/2/httpapi", body).await;
        assert!(answer.status >= 400 && !format!("{answer:?} {:?}", house.door).contains(key));
    }
}
