//! The forms in which events come, and in which outcomes go.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::Value;

use super::support::*;

/// Events with what could be mistaken for the end of one, or for another form.
const EVENTS: [&str; 4] = [
    r#"{"event_type":"one","user_id":"u1","event_properties":{"a":"]}\"[{,","events":[{"event_type":"inner"}]}}"#,
    r#"{"user_properties":{"plan":"pro"},"user_id":"u2","time":1764000000123,"event_type":"two \u00e6 😀"}"#,
    r#"{"event_type":"three","user_id":"u3","groups":{"Account":[7,"b"]},"group_properties":{"Account":{"7":{"seats":1.50}}}}"#,
    r#"{"event_type":"four","user_id":4,"event_properties":{},"groups":null,"events":"none","data":[[],{}]}"#,
];

const SETTINGS: &str = r#"{"properties":["events","plan","data"]}"#;

/// Everything that holds these events, and how it is called.
fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let pretty = |text: &str| serde_json::to_string_pretty(&serde_json::from_str::<Value>(text).unwrap()).unwrap();
    let body = |events: &str| format!(r#"{{"api_key":"k,{{\"events\":[","events":[{events}],"options":{{"x":[1]}}}}"#);
    let each = |form: &dyn Fn(&str) -> String, end: &str| EVENTS.map(|event| form(event) + end).concat();
    let lines = EVENTS.join("\n") + "\n";
    let array = format!("[{}]", EVENTS.join(","));
    let whole = body(&EVENTS.join(","));
    let zipped = zip(&[
        ("123/", b""),
        ("123/a.json.gz", &gzip(EVENTS[0].as_bytes())),
        ("123/b.json.gz", &gzip(EVENTS[1..3].join("\n").as_bytes())),
        ("123/c.json", EVENTS[3].as_bytes()),
    ]);
    let (half, rest) = lines.as_bytes().split_at(lines.len() / 2);
    let texts = [
        ("lines", lines.clone()),
        ("lines-without-an-end", EVENTS.join("\n")),
        ("lines-of-windows", EVENTS.join("\r\n") + "\r\n"),
        ("lines-with-a-mark", format!("\u{feff}{lines}")),
        ("lines-with-blanks", format!("\n \r\n{}\n\n", EVENTS.join("\n\n  \n"))),
        ("array", array.clone()),
        ("array-pretty", pretty(&array)),
        ("array-of-lines", format!("[\n{}\n]\n", EVENTS.join(",\n"))),
        ("arrays", each(&|event| format!("[{event}]"), "\n")),
        ("body", whole.clone()),
        ("body-pretty", pretty(&whole)),
        ("bodies", each(&body, "\n")),
        ("bodies-pretty", each(&|event| pretty(&body(event)), "\n")),
        ("bodies-without-space", each(&body, "")),
        ("events-pretty", each(&pretty, "\n")),
        ("event-then-body", format!("{}\n{}\n", EVENTS[0], body(&EVENTS[1..].join(",")))),
        ("failed", each(&|event| format!(r#"{{"event":{event},"failure":{{"id":"x:1","reason":"fault"}}}}"#), "\n")),
    ];
    let mut forms: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())).collect();
    forms.extend(texts.iter().map(|(name, text)| (*name, gzip(text.as_bytes()))));
    forms.push(("members-of-gzip", [gzip(half), gzip(rest)].concat()));
    forms.push(("zip", zipped));
    forms
}

#[test]
fn all_forms_give_the_same_outcomes() {
    let folder = Folder::with(&[("settings.json", SETTINGS.as_bytes())]);
    let forms = forms();
    let names: Vec<String> = forms.iter().enumerate().map(|(number, (name, _))| format!("{number}-{name}")).collect();
    let mut arguments = vec!["transform", "--settings", "settings.json"];
    for (name, (_, bytes)) in names.iter().zip(&forms) {
        folder.write(name, bytes);
        arguments.push(name);
    }
    let ran = folder.run(&arguments);
    assert_eq!(ran.exit, 0, "{}", ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    let each: Vec<String> = lines.chunks(EVENTS.len()).map(|outcomes| outcomes.join("\n")).collect();
    assert_eq!(each.len(), names.len());
    insta::assert_snapshot!(each[0], @r#"
    {"outcome":"deliver","events":[{"userId":"u1","event":"one","metadata":{"events":[{"event_type":"inner"}]}}]}
    {"outcome":"deliver","events":[{"userId":"u2","event":"two æ 😀","timestamp":"2025-11-24T16:00:00.123Z","metadata":{"plan":"pro"}}]}
    {"outcome":"deliver","events":[{"userId":"u3","event":"three","groupTraits":[{"groupId":"7","traits":{"group_type":"Account","seats":1.50}}]}]}
    {"outcome":"deliver","events":[{"userId":"4","event":"four","metadata":{"data":[[],{}],"events":"none"}}]}
    "#);
    // Numbers are spelled as they were; a form that was made by a library has its own spelling.
    let spelled = |outcomes: &str| outcomes.replace("1.50", "1.5");
    for (name, outcomes) in names.iter().zip(&each) {
        assert_eq!(spelled(outcomes), spelled(&each[0]), "{name}");
    }
}

#[test]
fn standard_input_has_its_place_among_files() {
    let folder = Folder::with(&[("a", events(&["a"]).as_bytes()), ("b", events(&["b"]).as_bytes())]);
    let plain = events(&["in"]).into_bytes();
    let texts = [&plain, &gzip(&plain), &zip(&[("x", &plain)])];
    for bytes in texts {
        let ran = folder.run_fed(&folder.echo(&["a", "-", "b"]), bytes);
        assert_eq!(ran.to_string().lines().take(4).collect::<Vec<_>>(), ["exit 0", "skip: a", "skip: in", "skip: b"]);
    }
    // Without a name it is standard input too; a file can be called like an option.
    let ran = folder.run_fed(&folder.echo(&[]), events(&["in"]).as_bytes());
    assert!(ran.to_string().starts_with("exit 0\nskip: in\n---\n"), "{ran}");
    folder.write("-x", events(&["x"]));
    assert!(folder.transform(&["--", "-x"]).to_string().starts_with("exit 0\nskip: x\n---\n"));
}

#[test]
fn pipes_can_be_named_as_files() {
    let folder = Folder::with(&[("a.zip", &zip(&[("a", events(&["a"]).as_bytes())]))]);
    folder.write("echo.wasm", echo_component());
    let arguments = [
        "-c",
        "cat a.zip | \"$0\" transform --mapping echo.wasm /dev/stdin",
        env!("CARGO_BIN_EXE_accoil-stream-under-test"),
    ];
    let mut command = std::process::Command::new("sh");
    command.args(arguments).current_dir(folder.path("")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = finish(command.spawn().unwrap());
    assert!(ran.to_string().starts_with("exit 0\nskip: a\n---\n"), "{ran}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let folder = Folder::with(&[("events", events(&["one", "two"]).repeat(100_000).as_bytes())]);
    for lines in [0, 1] {
        let mut child = folder.program(&folder.echo(&["events"])).spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        for _ in 0..lines {
            printed.read_line(&mut line).unwrap();
            assert_eq!(line, "{\"outcome\":\"skip\",\"reason\":\"one\"}\n");
        }
        drop(printed);
        let ran = finish(child);
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    }
}

#[test]
fn output_that_cannot_be_written_is_told() {
    let folder = Folder::with(&[("events", events(&["one"]).as_bytes())]);
    folder.write("echo.wasm", echo_component());
    for arguments in [&folder.echo(&["events"])[..], &["completions", "bash"], &["check", "echo.wasm"]] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let ran = finish(folder.program(arguments).stdout(full).spawn().unwrap());
        assert_eq!(ran.exit, 5, "{arguments:?}: {}", ran.err);
        assert!(ran.err.starts_with("error[output-write]: standard output: No space left"), "{}", ran.err);
    }
}

#[test]
fn threads_change_nothing() {
    let some = events(&["one", "two", "?no", "three"]).repeat(5_000);
    let text = [some.as_str(), "broken\n", &events(&["!", "four"]), &some].concat();
    let folder = Folder::with(&[("events", text.as_bytes())]);
    let one = folder.transform(&["events", "--threads", "1"]);
    let four = folder.transform(&["events", "--threads", "4"]);
    assert_eq!((one.exit, one.out.lines().count()), (1, 40_003));
    assert!(one.out.contains("{\"outcome\":\"fault\",\"reason\":\"panic: "), "the trap is there");
    assert!(one == four);
}

#[test]
fn requests_are_printed_in_their_order() {
    let events = [
        r#"{"event_type":"All","user_id":"u1","time":1764000000123,"user_properties":{"plan":"pro"},"groups":{"org":["g1"]},"group_properties":{"org":{"g1":{"seats":3}}}}"#,
        r#"{"event_type":"Little","user_id":"u2"}"#,
        r#"{"event_type":"Nobody"}"#,
        r#"{"event_type":"$identify","user_id":"u3","user_properties":{"$set":{"plan":"free"}}}"#,
        r#"{"event_type":"$groupidentify","groups":{"org":"g2"},"group_properties":{"$set":{"seats":4}}}"#,
    ];
    let folder = Folder::with(&[("events", events.join("\n").as_bytes()), ("s.toml", b"properties = [\"plan\"]")]);
    insta::assert_snapshot!(folder.run(&["transform", "events", "--settings", "s.toml", "--requests"]), @r#"
    exit 0
    {"method":"POST","path":"/v2/identify","body":{"userId":"u1","groupId":"g1","traits":{"plan":"pro"},"timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/group","body":{"groupId":"g1","userId":"u1","traits":{"group_type":"org","seats":3},"timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/track","body":{"userId":"u1","event":"All","timestamp":"2025-11-24T16:00:00.123Z"}}
    {"method":"POST","path":"/v2/identify","body":{"userId":"u2"}}
    {"method":"POST","path":"/v2/track","body":{"userId":"u2","event":"Little"}}
    {"method":"POST","path":"/v2/identify","body":{"userId":"u3","traits":{"plan":"free"}}}
    {"method":"POST","path":"/v2/group","body":{"groupId":"g2","traits":{"group_type":"org","seats":4}}}
    ---
    5 events: 4 delivered, 1 skipped, 0 rejected, 0 faults; 0 invalid
      skipped: missing user id: 1
    "#);
    insta::assert_snapshot!(folder.run(&["transform", "events", "--settings", "s.toml"]), @r#"
    exit 0
    {"outcome":"deliver","events":[{"userId":"u1","event":"All","timestamp":"2025-11-24T16:00:00.123Z","metadata":{"plan":"pro"},"groupTraits":[{"groupId":"g1","traits":{"group_type":"org","seats":3}}]}]}
    {"outcome":"deliver","events":[{"userId":"u2","event":"Little"}]}
    skip: missing user id
    {"outcome":"deliver","events":[{"userId":"u3","metadata":{"plan":"free"}}]}
    {"outcome":"deliver","events":[{"groupTraits":[{"groupId":"g2","traits":{"group_type":"org","seats":4}}]}]}
    ---
    5 events: 4 delivered, 1 skipped, 0 rejected, 0 faults; 0 invalid
      skipped: missing user id: 1
    "#);
}

#[test]
fn what_is_read_is_mapped_before_the_input_ends() {
    let folder = Folder::new();
    let arguments = folder.echo(&["first", "-"]);
    folder.write("first", events(&["one"]));
    let mut child = folder.program(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    printed.read_line(&mut line).unwrap();
    assert_eq!(line, "{\"outcome\":\"skip\",\"reason\":\"one\"}\n");
    drop(child.stdin.take());
    let mut rest = String::new();
    printed.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), finish(child).exit), ("", 4));
}
