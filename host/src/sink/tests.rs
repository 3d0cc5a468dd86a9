//! Tests of the sink with a plain socket, so that wrong requests can be sent too.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn sink(script: &str) -> Sink {
    let script = Script::parse(script).unwrap();
    Sink::start(any_port(), SinkOptions { script, keep: 10, ..SinkOptions::default() }).await.unwrap()
}

/// Sends one request and gives all that comes back until the connection is closed.
async fn send(sink: &Sink, request_line: &str, headers: &str, body: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(sink.addr).await.unwrap();
    let length = body.len();
    let request = format!(
        "{request_line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A cut connection may end in a reset instead of an end.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

const HEADERS: &str = "authorization: Basic canary\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn a_good_call_gets_202_without_a_body_and_no_problem() {
    let sink = sink("").await;
    let answer = send(&sink, "POST /v2/track", HEADERS, r#"{"userId":"u","event":"e","extra":1}"#).await;
    assert!(answer.starts_with("HTTP/1.1 202 Accepted\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    let calls = sink.calls();
    assert!(calls[0].problems.is_empty(), "{calls:?}");
    assert_eq!(calls[0].remarks, ["extra is no field of this call; accoil ignores it"]);
    let line = calls[0].line();
    assert!(!line.contains("canary") && line.contains(r#""authorization":"Basic raw "#), "{line}");
    assert!(line.contains(r#""body":{"userId":"u","event":"e","extra":1}"#), "{line}");
    assert_eq!(sink.stop().await.paths, BTreeMap::from([("/v2/track".to_owned(), 1)]));
}

#[tokio::test]
async fn every_breach_of_the_contract_is_named_and_still_answered_as_accoil_does() {
    let sink = sink("").await;
    let json = "content-type: application/json\r\n";
    for (line, headers, body, status, problems) in [
        ("POST /v2/track", HEADERS, "{}", "202", vec!["userId is missing", "event is missing"]),
        ("POST /v2/track", HEADERS, "[]", "202", vec!["body is no json object"]),
        ("POST /v2/track", HEADERS, "{", "202", vec!["body is no json"]),
        (
            "POST /v2/identify",
            HEADERS,
            r#"{"userId":1,"traits":[]}"#,
            "202",
            vec!["userId is no string", "traits is no object"],
        ),
        (
            "POST /v2/group",
            HEADERS,
            r#"{"groupId":"","timestamp":"now"}"#,
            "202",
            vec!["groupId is empty", "timestamp is no rfc 3339 time"],
        ),
        ("POST /v2/group", json, r#"{"groupId":"g"}"#, "202", vec!["authorization is missing"]),
        (
            "POST /v2/group",
            "authorization: Bearer x\r\n",
            r#"{"groupId":"g"}"#,
            "202",
            vec!["authorization does not begin with \"Basic \"", "content-type is not application/json"],
        ),
        ("GET /v2/group", HEADERS, "", "405", vec!["method is not post"]),
        ("POST /v1/users", HEADERS, r#"{"api_key":"canary"}"#, "404", vec!["path is none of the api"]),
    ] {
        let answer = send(&sink, line, headers, body).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        let call = sink.calls().pop().unwrap();
        assert_eq!(call.problems, problems, "{line} {body}");
        assert!(!call.line().contains("canary"));
    }
    assert_eq!(sink.counts().problems["authorization is missing"], 1);
}

#[tokio::test]
async fn a_script_is_followed_and_then_it_is_202_again() {
    let script = r#"[{"status":503,"retry_after":"2","body":"busy"},{"cut":true}]"#;
    let sink = sink(script).await;
    let body = r#"{"groupId":"g"}"#;
    let first = send(&sink, "POST /v2/group", HEADERS, body).await;
    assert!(first.starts_with("HTTP/1.1 503 ") && first.contains("retry-after: 2\r\n") && first.ends_with("busy"));
    assert_eq!(send(&sink, "POST /v2/group", HEADERS, body).await, "");
    assert!(send(&sink, "POST /v2/group", HEADERS, body).await.starts_with("HTTP/1.1 202 "));
    let given: Vec<Given> = sink.calls().iter().map(|call| call.answer).collect();
    assert_eq!(given, [Given::Status(503), Given::Cut, Given::Status(202)]);
}

#[tokio::test]
async fn a_body_over_the_limit_gets_413() {
    let options = SinkOptions { body_limit: 10, ..SinkOptions::default() };
    let sink = Sink::start(any_port(), options).await.unwrap();
    let answer = send(&sink, "POST /v2/group", HEADERS, r#"{"groupId":"long"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let sink = sink("").await;
    let error = Sink::start(sink.addr, SinkOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("port 0 for any free one"), "{error}");
}
