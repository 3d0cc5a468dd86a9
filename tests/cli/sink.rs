//! `sink` as a process, and everything from an event to what it prints.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;

use serde_json::Value;

use super::support::*;

/// A sink that listens, and where.
fn start(folder: &Folder, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStderr>, String) {
    let arguments = [&["sink", "--listen", "127.0.0.1:0"], arguments].concat();
    let mut child = folder.program(&arguments).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
    (child, said, address)
}

#[test]
fn it_takes_what_send_sends() {
    let event = r#"{"event_type":"e","user_id":"u","groups":{"org":"g"},"group_properties":{}}"#;
    let folder = Folder::with(&[
        ("events", event.as_bytes()),
        ("script", b"{\"cut\":true}\n{\"status\":429,\"path\":\"/v2/group\"}"),
    ]);
    let (child, mut said, address) = start(&folder, &["--script", "script"]);
    configure(&folder, &address, "");
    let ran = send(&folder, &["events"]);
    assert_eq!(ran.exit, 0, "{ran}");
    interrupt(child.id());
    let mut counts = String::new();
    said.read_to_string(&mut counts).unwrap();
    let ran = sent(&folder, finish(child));
    assert_eq!(ran.exit, 0);
    insta::assert_snapshot!(ran.out, @r#"
    {"number":1,"method":"POST","path":"/v2/identify","authorization":"Basic raw 53c8f161","body":{"userId":"u","groupId":"g"},"answer":"cut"}
    {"number":2,"method":"POST","path":"/v2/identify","authorization":"Basic raw 53c8f161","body":{"userId":"u","groupId":"g"},"answer":{"status":202}}
    {"number":3,"method":"POST","path":"/v2/group","authorization":"Basic raw 53c8f161","body":{"groupId":"g","userId":"u","traits":{"group_type":"org"}},"answer":{"status":429}}
    {"number":4,"method":"POST","path":"/v2/group","authorization":"Basic raw 53c8f161","body":{"groupId":"g","userId":"u","traits":{"group_type":"org"}},"answer":{"status":202}}
    {"number":5,"method":"POST","path":"/v2/track","authorization":"Basic raw 53c8f161","body":{"userId":"u","event":"e"},"answer":{"status":202}}
    "#);
    let counts: Value = serde_json::from_str(&counts).unwrap();
    assert_eq!((counts["total"].as_u64(), counts["problems"].as_object().map(|all| all.len())), (Some(5), Some(0)));
}

#[test]
fn what_keeps_it_from_starting() {
    let folder = Folder::with(&[("script", b"{\"status\":503}\n{\"state\":1}")]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut told = String::new();
    for arguments in
        [&["sink", "--listen", &address][..], &["sink", "--script", "script"], &["sink", "--script", "none"]]
    {
        let ran = folder.run(arguments);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""));
        told.push_str(&ran.err.replace(&address, "127.0.0.1:PORT"));
    }
    insta::assert_snapshot!(told, @r#"
    error[sink-listen]: cannot listen on 127.0.0.1:PORT (Address already in use (os error 98)); choose another address with --listen, port 0 for any free one
    error[sink-script]: script: script line 2: unknown field `state`, expected one of `status`, `delay_ms`, `retry_after`, `location`, `body`, `cut`, `times`, `path`; an entry looks like {"status":503,"delay_ms":0,"retry_after":"2","body":"","cut":false,"times":3,"path":"/v2/track"}
    error[sink-script]: none: No such file or directory (os error 2)
    "#);
}
