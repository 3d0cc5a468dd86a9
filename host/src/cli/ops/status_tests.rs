//! What `status` shows.

use super::*;
use crate::cli::ops::stand_in::StandIn;

const STATUS: &str = r#"{"version":"0.1.0","uptime_s":192,"health":{"store":"good"},
  "store":{"file_bytes":3145728,"used_bytes":1536,"free_bytes":1073741824,"damaged":0},
  "tenants":[
    {"name":"acme","enabled":true,"paused":false,"version":3,"mapping":"0123456789abcdef","queued":12,
     "queued_bytes":2048,"oldest_age_s":61,"accepted":100,"delivered":80,"skipped":7,"dead":9,"dead_letters":1,"accepted_per_s":1.25,
     "delivered_per_s":10,"retrying":2,"destination":"closed","destination_until_s":12,
     "last_error":"503 \u001b[31m\nbusy","dedup_window_s":604800},
    {"name":"beta-long","enabled":false,"paused":true,"version":1,"mapping":"ab","queued":0,"queued_bytes":0,
     "oldest_age_s":null,"accepted":0,"delivered":0,"skipped":0,"dead":0,"accepted_per_s":0,"delivered_per_s":0,
     "retrying":0,"destination":"open","destination_until_s":null,"last_error":null,"dedup_window_s":3600}]}"#;

#[test]
fn everything_is_told_in_aligned_columns() {
    let status: Status = serde_json::from_str(STATUS).unwrap();
    let expected = r"accoil-stream 0.1.0, up 3m12s, store good
store of 3.0 MiB, 1.5 KiB in use; 1.0 GiB free on the disk

tenant     state             queued     size  oldest  retrying  in/s  out/s
acme       on                    12  2.0 KiB   1m01s         2   1.2   10.0
beta-long  disabled, paused       0      0 B       -         0   0.0    0.0

tenant     dead letters  delivered*  skipped*  version  mapping       destination
acme                  1          80         7        3  0123456789ab  closed, next try in 12s
beta-long             0           0         0        1  ab            open
* since the start; in/s and out/s are of the last minute

acme: last error: 503 \u{1b}[31m\nbusy

beta-long: duplicates are recognised for 1h00m only
";
    assert_eq!(status.text(), expected);
}

#[test]
fn what_changes_is_told_below() {
    let tenant: Tenant = serde_json::from_str(
        r#"{"name":"acme","version":3,"dedup_window_s":604800,"experiment":true,
        "canary":{"version":4,"mapping":"sha256:0123456789abcdef","share":0.05},
        "watched_until":"2026-01-02T03:04:05.678Z",
        "trial":{"version":4,"good":3,"events":120,"faults":1,"rejects":0},
        "rolled_back":{"at":"2026-01-01T00:00:00Z","condemned":2,"to":1,"from":17,"reason":"of 9 events it failed on 9"}}"#,
    )
    .unwrap();
    let mut text = String::new();
    tenant.remarks(&mut text);
    let expected = "
acme: canary: version 4 (0123456789ab) for 5% of users
acme: version 3 is watched until 2026-01-02T03:04:05Z
acme: version 4 on trial: of 120 events lately, 1 failure and 0 rejects that version 3 would not have
acme: ROLLED BACK 2026-01-01T00:00:00Z from version 2 to 1, from event 17 on: of 9 events it failed on 9
acme: an experiment runs: see experiments status
";
    assert_eq!(text, expected);
}

#[test]
fn what_is_missing_or_new_in_an_answer_is_no_error() {
    let status: Status = serde_json::from_str(
        r#"{"health":{"store":"failing","problem":"disk full"},"store":{"damaged":2},"mood":"bad"}"#,
    )
    .unwrap();
    let text = status.text();
    assert!(text.contains("store failing: disk full") && text.contains("DAMAGED: 2 rows"), "{text}");
    assert!(text.ends_with("\nno tenants\n"), "{text}");
}

/// The failure of a `status` against this service.
fn failure(service: &StandIn) -> (Exit, String, String) {
    let failure = show(&service.admin().0).unwrap_err();
    (failure.exit, failure.code.into_owned(), failure.message)
}

#[test]
fn the_token_is_shown_and_an_answer_printed() {
    let service = StandIn::always(200, STATUS);
    assert_eq!(show(&service.admin().0).unwrap(), Exit::Success);
    let seen = service.seen();
    assert_eq!((seen[0].line.as_str(), seen[0].authorization.as_str()), ("GET /status", "Bearer token-canary"));
}

#[test]
fn refusals_are_told_in_the_words_of_the_service() {
    let service = StandIn::always(401, r#"{"code":"token-wrong","message":"show the token"}"#);
    assert_eq!(failure(&service), (Exit::Usage, "token-wrong".into(), "show the token".into()));
    let (exit, code, message) = failure(&StandIn::always(502, "<html>"));
    assert_eq!((exit, code.as_str()), (Exit::Incomplete, "admin-answer"));
    assert!(message.contains("502 Bad Gateway, which is no answer of accoil-stream"), "{message}");
    let (exit, code, _) = failure(&StandIn::always(200, "true"));
    assert_eq!((exit, code.as_str()), (Exit::Incomplete, "admin-answer"));
}

#[test]
fn a_service_that_does_not_run_is_named_with_its_address_and_what_to_do() {
    let service = StandIn::always(200, STATUS);
    let (admin, _folder) = service.admin();
    let address = service.address;
    drop(service);
    let failure = show(&admin).unwrap_err();
    assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Usage, "service-unreachable"));
    let start = format!("http://{address}: nothing answers there; start the service with accoil-stream serve --config");
    assert!(failure.message.starts_with(&start), "{}", failure.message);
}

#[test]
fn without_a_token_it_is_said_where_one_would_be() {
    let service = StandIn::always(200, STATUS);
    let folder = service.folder();
    std::fs::remove_file(folder.path().join("data/admin-token")).unwrap();
    let options = Service { config: folder.path().join("accoil.toml"), json: false };
    let failure = options.find().unwrap_err();
    assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Usage, "admin-token"));
    assert!(failure.message.contains("data/admin-token cannot be opened"), "{}", failure.message);
}
