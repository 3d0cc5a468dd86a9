//! `send`: what arrives, and what is said of it.

use super::support::*;

const MAPPING: &str = "settings = { properties = [\"plan\"] }";

/// An event of a user in an account.
fn event(name: &str, user: &str, plan: &str, seats: u32) -> String {
    format!(
        r#"{{"event_type":"{name}","user_id":"{user}","time":1764000000123,"user_properties":{{"plan":"{plan}"}},"groups":{{"org":"g"}},"group_properties":{{"org":{{"g":{{"seats":{seats}}}}}}}}}"#
    )
}

fn some_events() -> String {
    [
        event("first", "u1", "pro", 3),
        event("same again", "u1", "pro", 3),
        event("other plan", "u1", "free", 3),
        event("other seats", "u1", "free", 4),
        event("other user", "u2", "pro", 4),
        r#"{"event_type":"nobody"}"#.to_owned(),
        r#"{"event_type":"$identify","user_id":"u2","user_properties":{"plan":"pro"}}"#.to_owned(),
    ]
    .join("\n")
}

#[test]
fn what_is_new_arrives_in_order_and_the_dry_run_says_the_same() {
    let accoil = Accoil::answering("");
    let folder = Folder::with(&[("events", some_events().as_bytes())]);
    accoil.configure(&folder, MAPPING);

    let dry = send(&folder, &["events", "--dry-run"]);
    assert_eq!((dry.exit, accoil.calls()), (0, 0));
    insta::assert_snapshot!(dry.to_string().replace(&accoil.address(), "127.0.0.1:PORT"), @r#"
    exit 0
    {"method":"POST","path":"/v2/identify","body":{"userId":"u1","groupId":"g","traits":{"plan":"pro"},"timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/group","body":{"groupId":"g","userId":"u1","traits":{"group_type":"org","seats":3},"timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/track","body":{"userId":"u1","event":"first","timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/track","body":{"userId":"u1","event":"same again","timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/identify","body":{"userId":"u1","groupId":"g","traits":{"plan":"free"},"timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/track","body":{"userId":"u1","event":"other plan","timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/group","body":{"groupId":"g","userId":"u1","traits":{"group_type":"org","seats":4},"timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/track","body":{"userId":"u1","event":"other seats","timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/identify","body":{"userId":"u2","groupId":"g","traits":{"plan":"pro"},"timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/group","body":{"groupId":"g","userId":"u2","traits":{"group_type":"org","seats":4},"timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/track","body":{"userId":"u2","event":"other user","timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/identify","body":{"userId":"u2","traits":{"plan":"pro"}}}
    ---
    7 events: 6 delivered, 1 skipped, 0 rejected, 0 faults; 0 invalid
      skipped: missing user id: 1
    12 requests would be sent to http://127.0.0.1:PORT, 4 not sent because they say nothing new, 0 retries
    "#);

    let ran = send(&folder, &["events"]);
    assert_eq!(accoil.taken().join("\n"), dry.out.trim_end());
    insta::assert_snapshot!(ran.to_string().replace(&accoil.address(), "127.0.0.1:PORT"), @r#"
    exit 0
    ---
    7 events: 6 delivered, 1 skipped, 0 rejected, 0 faults; 0 invalid
      skipped: missing user id: 1
    12 requests sent to http://127.0.0.1:PORT, 4 not sent because they say nothing new, 0 retries
    "#);
    assert!(!folder.has("failed.ndjson"));
}

#[test]
fn lines_of_requests_are_sent_as_they_are() {
    let accoil = Accoil::answering("");
    let folder = Folder::with(&[("events", some_events().as_bytes()), ("s.toml", b"properties = [\"plan\"]")]);
    accoil.configure(&folder, MAPPING);
    let requests = folder.run(&["transform", "events", "--requests", "--settings", "s.toml"]).out;
    folder.write("requests", requests);
    let ran = send(&folder, &["requests"]);
    assert!(ran.exit == 0 && ran.err.contains("\n16 lines were requests already\n"), "{ran}");
    let dry = send(&folder, &["events", "--dry-run"]);
    assert_eq!(accoil.taken().join("\n"), dry.out.trim_end());
}

#[test]
fn a_503_is_tried_again() {
    let accoil = Accoil::answering(r#"{"status":503,"times":2}"#);
    let folder = Folder::with(&[("events", event("e", "u", "pro", 1).as_bytes())]);
    accoil.configure(&folder, MAPPING);
    let ran = send(&folder, &["events"]);
    assert_eq!((ran.exit, accoil.calls(), accoil.taken().len()), (0, 5, 3));
    assert!(ran.err.contains("3 requests sent to ") && ran.err.ends_with(", 2 retries\n"), "{}", ran.err);
    assert!(!folder.has("failed.ndjson"));
}

#[test]
fn bad_input_does_not_keep_the_good_from_being_sent() {
    let accoil = Accoil::answering("");
    let lines = ["half a line", &event("e", "u", "pro", 1), r#"{"method":"POST","path":"/v3/track","body":{}}"#];
    let folder = Folder::with(&[("events", lines.join("\n").as_bytes())]);
    accoil.configure(&folder, MAPPING);
    let ran = send(&folder, &["missing", "events"]);
    assert_eq!(accoil.taken().len(), 3);
    insta::assert_snapshot!(ran.to_string().replace(&accoil.address(), "127.0.0.1:PORT"), @r#"
    exit 4
    ---
    error[event-not-json]: events:1: expected an object at column 1
    error[request-path]: events:3: request has path "/v3/track"; known are /v2/identify, /v2/group, /v2/track
    error[input-open]: missing: can't be opened: No such file or directory (os error 2)
    1 events: 1 delivered, 0 skipped, 0 rejected, 0 faults; 2 invalid
    3 requests sent to http://127.0.0.1:PORT, 0 not sent because they say nothing new, 0 retries
    "#);
    assert_eq!(send(&folder, &["events"]).exit, 1);
}

#[test]
fn a_dry_run_may_be_cut_off() {
    let accoil = Accoil::answering("");
    let folder = Folder::with(&[("events", (event("e", "u", "pro", 1) + "\n").repeat(2_000).as_bytes())]);
    accoil.configure(&folder, MAPPING);
    let mut child = start_send(&folder, &["events", "--dry-run"]);
    drop(child.stdout.take());
    let ran = sent(&folder, finish(child));
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
}

#[test]
fn the_connection_can_be_tested() {
    let accoil = Accoil::answering("");
    let folder = Folder::new();
    accoil.configure(&folder, MAPPING);
    let test = || sent(&folder, folder.run(&["test-connection", "--config", "accoil.toml"]));
    let shown = |ran: &Ran| {
        let text = ran
            .out
            .replace(&accoil.address(), "127.0.0.1:PORT")
            .replace(accoil.address().rsplit(':').next().unwrap(), "PORT");
        let times = text.lines().map(|line| match line.split_once(" ms  ") {
            Some((step, said)) => {
                format!("{}  {said}", step.trim_end_matches(|c: char| c == ' ' || c.is_ascii_digit()))
            }
            None => line.to_owned(),
        });
        times.collect::<Vec<_>>().join("\n")
    };
    let ran = test();
    assert_eq!((ran.exit, ran.err.as_str(), accoil.calls()), (0, "", 1));
    insta::assert_snapshot!(shown(&ran), @r#"
    acme at 127.0.0.1, port PORT
    ok     resolve  127.0.0.1 is 127.0.0.1
    ok     connect  127.0.0.1:PORT takes connections
    ok     request  http is answered (405 to a get, which creates nothing)
    not proved:
      - whether the api key is right: accoil answers 202 before it checks the key, so this test did not send it
      - whether calls will be accepted: accoil checks their content only after it has answered
      - whether events arrive: look at the product in accoil after the first ones have been sent
    "#);

    // A port at which nobody listens.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    configure(&folder, &format!("http://{nobody}"), MAPPING);
    let ran = test();
    assert_eq!(ran.exit, 1);
    assert!(ran.out.contains("\nFAILED connect ") && ran.out.contains("refused"), "{}", ran.out);
}
