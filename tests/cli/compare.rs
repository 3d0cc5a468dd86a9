//! Comparing two mappings: what is reported, and how it exits.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::support::*;
use crate::sandbox::guest::component;

/// Skips every event.
const SKIPS: &str = "";
const DELIVERS: &str = include_str!("../sandbox/guests/delivers.wat");
const FAILS: &str = include_str!("../sandbox/guests/fails_by_type.wat");

/// A thousand users, each of an account, 32 of them of a team as well. Users of one group alone have a second event.
fn thousand_users() -> String {
    let mut lines = String::new();
    for user in 0..1000 {
        let groups = if user % 31 == 0 && user < 31 * 32 {
            format!(r#"{{"Account":"a{user}","Team":"t{user}"}}"#)
        } else {
            format!(r#"{{"Account":"a{user}"}}"#)
        };
        for name in ["Opened", "Closed"].iter().take(if groups.contains("Team") { 1 } else { 2 }) {
            let id = format!("{name}-{user}");
            writeln!(
                lines,
                r#"{{"event_type":"{name}","user_id":"user-{user}","insert_id":"{id}","groups":{groups}}}"#
            )
            .unwrap();
        }
    }
    lines
}

/// What was printed, without the numbers of instructions.
fn report(ran: &Ran) -> String {
    let mut text = format!("exit {}\n", ran.exit);
    for line in ran.out.lines() {
        let line = if line.starts_with("fuel") { "fuel an event   N → N" } else { line };
        writeln!(text, "{line}").unwrap();
    }
    write!(text, "---\n{}", ran.err).unwrap();
    text
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// A folder with guests and their events.
fn guests(events: &[&str]) -> Folder {
    let folder = Folder::with(&[
        ("skips.wasm", &component(SKIPS)),
        ("delivers.wasm", &component(DELIVERS)),
        ("fails.wasm", &component(FAILS)),
        ("echo.wasm", &echo_component()),
    ]);
    folder.write("events", events.iter().map(|event| format!("{event}\n")).collect::<String>());
    folder
}

fn typed(types: &[&str]) -> Vec<String> {
    types.iter().map(|name| json!({"event_type": name, "user_id": "u", "insert_id": name}).to_string()).collect()
}

#[test]
fn the_account_of_32_users_in_1000_changes() {
    let folder = Folder::with(&[
        ("events", thousand_users().as_bytes()),
        ("now.json", br#"{"groups_without_properties":"keep"}"#),
        ("new.toml", b"groups_without_properties = \"keep\"\nprimary_group.prefer_types = [\"Team\"]\n"),
    ]);
    let arguments = ["compare", "--settings", "now.json", "--candidate-settings", "new.toml", "events"];
    let run = |more: &[&str]| folder.run(&[&arguments[..], more].concat());
    insta::assert_snapshot!(report(&run(&["--examples", "1"])), @r#"
    exit 1
    events          1968 compared, 32 differ (1.63%)
    users           1000, 32 differ
    primary group   changed for 32 users (3.2%)
    requests        5904 → 5904
    fuel an event   N → N

    DIFFERENCE     EVENTS  SHARE
    primary-group      32  1.63%
    group-added        32  1.63%
    group-removed      32  1.63%

    EVENT TYPE  DIFFER    OF  SHARE
    Opened          32  1000   3.2%

    GROUP TYPE  DIFFER    OF  SHARE
    Account         32  1968  1.63%

    PRIMARY GROUP FROM  TO    TIMES
    Account             Team     32

    Opened Opened-0 of user-0
      primary-group of user-0: Account a0 → Team t0
      group-removed of group a0: {"group_type":"Account"} → none
      group-added of group t0: none → {"group_type":"Team"}
      - {"outcome":"deliver","events":[{"userId":"user-0","event":"Opened","groupTraits":[{"groupId":"a0","traits":{"group_type":"Account"}}]}]}
      + {"outcome":"deliver","events":[{"userId":"user-0","event":"Opened","groupTraits":[{"groupId":"t0","traits":{"group_type":"Team"}}]}]}
    ---
    error[compare-differs]: 1.63% of the events differ, and --allow is 0%
    "#);
    let ran = run(&["--json", "--threads", "1"]);
    assert_eq!(ran.exit, 1);
    let told = json(&ran);
    assert_eq!(
        told["users"],
        json!({"total": 1000, "exact": true, "differing": 32, "differing_share": 0.032,
            "primary_group_changed": 32, "primary_group_changed_share": 0.032})
    );
    assert_eq!(told["events"]["compared"], 1968);
    // The built-in mapping tells of the account alone, so that another one takes the place of the group.
    let kinds = ["primary-group", "group-added", "group-removed"];
    assert_eq!(
        told["differences"],
        kinds.iter().map(|kind| json!({"kind": kind, "events": 32, "share": 32.0 / 1968.0})).collect::<Value>()
    );
    assert_eq!(told["group_types"]["named"][0]["name"], "Account");
    assert_eq!(
        told["primary_group_moves"],
        json!({"named": [{"from": "Account", "to": "Team", "times": 32}], "other": null})
    );
    let examples: Vec<_> = told["examples"].as_array().unwrap().iter().map(|example| &example["event_id"]).collect();
    assert_eq!(examples, ["Opened-0", "Opened-31", "Opened-62"]);
    assert_eq!(
        told["examples"][1]["changes"][0],
        json!({"kind": "primary-group", "user_id": "user-31", "from": "a31", "from_type": "Account",
            "to": "t31", "to_type": "Team"})
    );
    assert_eq!(told["examples"][1]["baseline"]["events"][0]["groupTraits"][0]["groupId"], "a31");
    assert_eq!(told["examples"][1]["candidate"]["events"][0]["groupTraits"][0]["groupId"], "t31");
    // The same on any number of threads.
    assert_eq!(run(&["--json", "--threads", "3"]), ran);
    // 32 of 1968 are a little more than 1.62 %.
    assert_eq!(run(&["--allow", "1.62%"]).exit, 1);
    assert_eq!((run(&["--allow", "1.63%"]).exit, run(&["--allow", "0.0163"]).err), (0, String::new()));
}

#[test]
fn nothing_differs() {
    let folder = guests(&[]);
    let events = typed(&["a", "b", "c"]).join("\n");
    let arguments = ["compare", "--baseline", "delivers.wasm", "--candidate", "delivers.wasm"];
    insta::assert_snapshot!(report(&folder.run_fed(&arguments, events.as_bytes())), @r#"
    exit 0
    events          3 compared, 0 differ (0%)
    users           1, 0 differ
    primary group   changed for 0 users (0%)
    requests        6 → 6
    fuel an event   N → N
    ---
    "#);
    // Nor if a skip says something else.
    let arguments = ["compare", "--baseline", "skips.wasm", "--candidate", "echo.wasm", "--json", "-"];
    let ran = folder.run_fed(&arguments, events.as_bytes());
    assert_eq!((ran.exit, &json(&ran)["events"]["differing"], ran.err.as_str()), (0, &json!(0), ""));
}

#[test]
fn a_hostile_candidate_is_reported_by_kind() {
    let events = typed(&["unreachable", "unreachable again", "invalid", "loops", "recurses", "memory", "quiet"]);
    let folder = guests(&events.iter().map(String::as_str).collect::<Vec<_>>());
    let ran = folder.run(&["compare", "--baseline", "delivers.wasm", "--candidate", "fails.wasm", "events", "--json"]);
    assert_eq!(ran.exit, 1);
    let told = json(&ran);
    let faults = json!({"deadline": 1, "invalid output": 1, "memory": 1, "panic": 2, "stack": 1});
    assert_eq!(told["faults"], json!({"baseline": {}, "candidate": faults}));
    let kinds: Vec<_> =
        told["differences"].as_array().unwrap().iter().map(|kind| (&kind["kind"], &kind["events"])).collect();
    let expected =
        [(&json!("fewer-requests"), &json!(7)), (&json!("fault"), &json!(6)), (&json!("skipped"), &json!(1))];
    assert_eq!(kinds, expected);
    // Failing on both sides is no difference, but it is told.
    let ran = folder.run(&["compare", "--baseline", "fails.wasm", "--candidate", "fails.wasm", "events", "--json"]);
    let told = json(&ran);
    assert_eq!((ran.exit, &told["faults"]), (0, &json!({"baseline": faults, "candidate": faults})));
}

#[test]
fn what_an_event_is_called_commands_no_terminal() {
    let events = typed(&["?\u{1b}[2J\r\n\u{9b}31m"]);
    let folder = guests(&events.iter().map(String::as_str).collect::<Vec<_>>());
    let ran = folder.run(&["compare", "--baseline", "skips.wasm", "--candidate", "echo.wasm", "events"]);
    assert!(!ran.out.contains(|character: char| character.is_control() && character != '\n'), "{:?}", ran.out);
    insta::assert_snapshot!(report(&ran), @r#"
    exit 1
    events          1 compared, 1 differ (100%)
    users           0, 0 differ
    primary group   changed for 0 users (0%)
    requests        0 → 0
    fuel an event   N → N

    DIFFERENCE         EVENTS  SHARE
    no-longer-skipped       1   100%
    rejected                1   100%

    EVENT TYPE               DIFFER  OF  SHARE
    ?\u{1b}[2J\r\n\u{9b}31m       1   1   100%

    GROUP TYPE  DIFFER  OF  SHARE
    (none)           1   1   100%

    ?\u{1b}[2J\r\n\u{9b}31m ?\u{1b}[2J\r\n\u{9b}31m of u
      rejected: none → ?\u{1b}[2J\r\n\u{9b}31m
      no-longer-skipped: ?\u{1b}[2J\r\n\u{9b}31m → none
      - {"outcome":"skip","reason":"?\u001b[2J\r\n\u{9b}31m"}
      + {"outcome":"reject","reason":"?\u001b[2J\r\n\u{9b}31m"}
    ---
    error[compare-differs]: 100% of the events differ, and --allow is 0%
    "#);
}

#[test]
fn each_ending_has_its_code() {
    let events = typed(&["a"]);
    let folder = guests(&[&events[0]]);
    folder.write("bad", format!("{}\nno event\n{}\n", events[0], events[0]));
    folder.write("nothing", "{\"events\":[]}");
    folder.write("wrong.json", "{\"propertys\":[]}");
    folder.write("text.wasm", "text");
    let same = ["compare", "--baseline", "skips.wasm", "--candidate", "skips.wasm"];
    let mut said = String::new();
    for (arguments, exit) in [
        (&[&same[..], &["events"]].concat(), 0),
        (&[&same[..], &["bad"]].concat(), 1),
        (&[&same[..], &["nothing"]].concat(), 1),
        (&vec!["compare", "--baseline", "skips.wasm", "--candidate", "delivers.wasm", "events"], 1),
        (&vec!["compare", "--baseline", "skips.wasm", "--candidate", "delivers.wasm", "events", "--allow", "1"], 0),
        (&[&same[..], &["events", "--settings", "missing.json"]].concat(), 2),
        (&vec!["compare", "--baseline", "text.wasm", "--candidate", "skips.wasm", "events"], 3),
        (&vec!["compare", "--baseline", "skips.wasm", "--candidate", "missing.wasm", "events"], 3),
        (&vec!["compare", "--candidate-settings", "wrong.json", "events"], 3),
        (&[&same[..], &["events", "missing"]].concat(), 4),
    ] {
        let ran = folder.run(arguments);
        assert_eq!(ran.exit, exit, "{arguments:?}: {}", ran.err);
        writeln!(said, "{}", format!("{exit} {}", ran.err).trim_end()).unwrap();
    }
    insta::assert_snapshot!(said, @r#"
    0
    1 error[event-not-json]: bad:2: expected an object at column 1
    1 error[compare-nothing]: there was no event to compare
    1 error[compare-differs]: 100% of the events differ, and --allow is 0%
    0
    2 error[settings-file]: missing.json: No such file or directory (os error 2)
    3 error[component-not-wasm]: text.wasm: not WebAssembly: it does not begin with the bytes `\0asm`
    3 error[component-open]: missing.wasm: No such file or directory (os error 2)
    3 error[settings-invalid]: wrong.json: settings at the top: Additional properties are not allowed ('propertys' was unexpected)
    4 error[input-open]: missing: can't be opened: No such file or directory (os error 2)
    "#);
    for wrong in [&["compare", "events"][..], &["compare", "--candidate", "x.wasm", "--allow", "101%"]] {
        assert_eq!(folder.run(wrong).exit, 2, "{wrong:?}");
    }
}
