//! What `send` did not deliver is in a file, and can be sent again: then everything has arrived,
//! and nothing twice.

use super::support::*;

/// Users with one event each: an identify and a track.
const USERS: [&str; 6] = ["u1", "u2", "u3", "u4", "u5", "u6"];

fn all_calls() -> Vec<String> {
    let of = |user: &&str| {
        let id = format!("{user}@example.com");
        [
            request_line("/v2/identify", &format!(r#"{{"userId":"{id}"}}"#)),
            request_line("/v2/track", &format!(r#"{{"userId":"{id}","event":"{user}"}}"#)),
        ]
    };
    USERS.iter().flat_map(of).collect()
}

/// Sends the failed file of a run that this Accoil saw a part of.
fn assert_the_rest_arrives(folder: &Folder, before: &Accoil) {
    let after = Accoil::answering("");
    after.configure(folder, "");
    let ran = send(folder, &["failed.ndjson", "--failed", "again.ndjson"]);
    assert_eq!((ran.exit, folder.has("again.ndjson")), (0, false), "{ran}");
    assert_eq!([before.taken(), after.taken()].concat(), all_calls());
}

#[test]
fn a_refused_key_stops_it() {
    let accoil =
        Accoil::answering(&format!("{{\"times\":3}}\n{{\"status\":401,\"body\":\"no {KEY}\",\"times\":1000}}"));
    let folder = Folder::with(&[("events", events(&USERS).as_bytes())]);
    accoil.configure(&folder, "");
    let ran = send(&folder, &["events"]);
    // No more than one call finds out.
    assert_eq!((accoil.calls(), accoil.taken().len()), (4, 3));
    insta::assert_snapshot!(ran.to_string().replace(&accoil.address(), "127.0.0.1:PORT"), @r#"
    exit 1
    ---
    error[key-refused]: events:2: the destination refuses the api key; correct api_key and send it again (status 401)
    error[key-refused]: events:3: the destination refuses the api key; correct api_key and send it again
    error[key-refused]: events:4: the destination refuses the api key; correct api_key and send it again
    error[key-refused]: events:5: the destination refuses the api key; correct api_key and send it again
    error[key-refused]: events:6: the destination refuses the api key; correct api_key and send it again
    6 events: 6 delivered, 0 skipped, 0 rejected, 0 faults; 0 invalid
    3 requests sent to http://127.0.0.1:PORT, 0 not sent because they say nothing new, 0 retries
    error[key-refused]: the destination refuses the api key; correct api_key and send it again
    5 not delivered; send them again from failed.ndjson
    "#);
    let failed = folder.read("failed.ndjson");
    insta::assert_snapshot!(failed.lines().take(2).collect::<Vec<_>>().join("\n"), @r#"
    {"method":"POST","path":"/v2/track","body":{"userId":"u2@example.com","event":"u2"},"failure":{"id":"events:2","reason":"key-refused","attempts":1,"status":401,"answer":"no [redacted]"}}
    {"method":"POST","path":"/v2/identify","body":{"userId":"u3@example.com"},"failure":{"id":"events:3","reason":"key-refused","attempts":0}}
    "#);
    assert_the_rest_arrives(&folder, &accoil);
}

#[test]
fn a_refused_call_costs_its_event_alone() {
    let accoil = Accoil::answering("{\"times\":2}\n{\"status\":400,\"body\":\"not today\"}");
    let folder = Folder::with(&[("events", events(&USERS).as_bytes())]);
    accoil.configure(&folder, "");
    let ran = send(&folder, &["events"]);
    assert_eq!((ran.exit, accoil.taken().len(), folder.read("failed.ndjson").lines().count()), (1, 10, 2));
    assert!(ran.err.starts_with("error[refused]: events:2: "), "{}", ran.err);
    let again = Accoil::answering("");
    again.configure(&folder, "");
    assert_eq!(send(&folder, &["failed.ndjson", "--failed", "again.ndjson"]).exit, 0);
    let mut taken = accoil.taken();
    taken.splice(2..2, again.taken());
    assert_eq!(taken, all_calls());
}

#[test]
fn ctrl_c_writes_down_what_is_left() {
    let accoil = Accoil::answering("{\"times\":3}\n{\"status\":503,\"retry_after\":\"60\"}");
    let folder = Folder::with(&[("events", events(&USERS).as_bytes())]);
    accoil.configure(&folder, "");
    let child = start_send(&folder, &["events"]);
    accoil.await_calls(4);
    interrupt(child.id());
    let ran = sent(&folder, finish(child));
    insta::assert_snapshot!(ran.to_string().replace(&accoil.address(), "127.0.0.1:PORT"), @r#"
    exit 1
    ---
    interrupted: requests under way are finished, the rest goes to the file of what failed; once more to end at once
    error[interrupted]: events:2: delivery was interrupted before this call; send it again (status 503)
    error[interrupted]: events:3: delivery was interrupted before this call; send it again
    error[interrupted]: events:4: delivery was interrupted before this call; send it again
    error[interrupted]: events:5: delivery was interrupted before this call; send it again
    error[interrupted]: events:6: delivery was interrupted before this call; send it again
    6 events: 6 delivered, 0 skipped, 0 rejected, 0 faults; 0 invalid
    3 requests sent to http://127.0.0.1:PORT, 0 not sent because they say nothing new, 0 retries
    error[interrupted]: delivery was interrupted before this call; send it again
    5 not delivered; send them again from failed.ndjson
    "#);
    assert_the_rest_arrives(&folder, &accoil);
}

#[test]
fn a_failed_file_is_never_written_over() {
    let folder = Folder::with(&[("events", events(&["e"]).as_bytes()), ("failed.ndjson", b"kept")]);
    configure(&folder, "http://127.0.0.1:1", "");
    let mut said = String::new();
    for arguments in [&["events"][..], &["failed.ndjson"], &["events", "--failed", "no/such/folder"]] {
        let ran = send(&folder, arguments);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""));
        said.push_str(&ran.err);
    }
    insta::assert_snapshot!(said, @r#"
    error[failed-file-exists]: failed.ndjson: exists already; send it first, or choose another file with --failed
    error[failed-file-exists]: failed.ndjson: is what is sent, so what fails again needs another file: choose it with --failed
    error[failed-file-folder]: no/such/folder: is in no folder that there is; choose another file with --failed
    "#);
    assert_eq!(folder.read("failed.ndjson"), "kept");
    // A dry run writes none.
    assert_eq!(send(&folder, &["events", "--dry-run"]).exit, 0);
}

#[test]
fn what_a_mapping_failed_on_is_mapped_again() {
    let accoil = Accoil::answering("");
    let folder = Folder::with(&[("events", events(&["fine", "?no", "!", "fine too"]).as_bytes())]);
    folder.write("echo.wasm", echo_component());
    accoil.configure(&folder, "component = \"echo.wasm\"");
    let ran = send(&folder, &["events"]);
    insta::assert_snapshot!(ran.to_string().replace(&accoil.address(), "127.0.0.1:PORT"), @r#"
    exit 1
    ---
    4 events: 0 delivered, 2 skipped, 1 rejected, 1 faults; 0 invalid
      skipped: fine: 1
      skipped: fine too: 1
      rejected: ?no: 1
      fault: panic: 1
    0 requests sent to http://127.0.0.1:PORT, 0 not sent because they say nothing new, 0 retries
    2 not delivered; send them again from failed.ndjson
    "#);
    insta::assert_snapshot!(folder.read("failed.ndjson"), @r#"
    {"event":{"event_type":"?no","user_id":"?no@example.com"},"failure":{"id":"events:2","reason":"reject","answer":"?no"}}
    {"event":{"event_type":"!","user_id":"!@example.com"},"failure":{"id":"events:3","reason":"fault","answer":"panic: the guest stopped with \"wasm trap: wasm `unreachable` instruction executed\""}}
    "#);
    // It fails again in the same way.
    let ran = send(&folder, &["failed.ndjson", "--failed", "again.ndjson"]);
    assert_eq!((ran.exit, accoil.calls()), (1, 0));
    let events_of = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split(",\"failure\":").next().unwrap().to_owned()).collect()
    };
    assert_eq!(events_of(&folder.read("again.ndjson")), events_of(&folder.read("failed.ndjson")));
    // With another mapping it arrives.
    accoil.configure(&folder, "");
    let ran = send(&folder, &["again.ndjson", "--failed", "third.ndjson"]);
    assert_eq!((ran.exit, folder.has("third.ndjson")), (0, false), "{ran}");
    insta::assert_snapshot!(accoil.taken().join("\n"), @r#"
    {"method":"POST","path":"/v2/identify","body":{"userId":"?no@example.com"}}
    {"method":"POST","path":"/v2/track","body":{"userId":"?no@example.com","event":"?no"}}
    {"method":"POST","path":"/v2/identify","body":{"userId":"!@example.com"}}
    {"method":"POST","path":"/v2/track","body":{"userId":"!@example.com","event":"!"}}
    "#);
}
