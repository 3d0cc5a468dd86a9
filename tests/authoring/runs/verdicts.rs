//! What passes, what does not, and what is said then.

use accoil_stream::sandbox::DEFAULT_COMPONENT;

use super::*;
use crate::cli::support::echo_component;
use crate::sandbox::guest;

#[test]
fn a_case_that_passes() {
    let folder = folder(&echo_component(), &[("types.json", ECHOED)]);
    let ran = run(&folder, &["test", "x.wasm"]);
    insta::assert_snapshot!(shown(&ran), @r"
    exit 0
    ok    cases/types.json: types are told
      at most: …
    1 passed, 0 failed
    ---
    ");
    let usage = run(&folder, &["test", "x.wasm", "--usage"]).out;
    assert_eq!(usage.matches("\n  event ").count(), 2, "{usage}");
}

#[test]
fn a_case_that_differs_shows_where() {
    let case = r#"{
      "settings": {"primary_group": {"order": "descending"}, "properties": ["amount"]},
      "events": [
        {"event_type": "Paid", "user_id": "u", "groups": {"Team": ["7", "9"]}, "event_properties": {"amount": 1.0},
         "group_properties": {"Team": {"9": {"plan": "pro"}}}},
        {"event_type": "Opened"}
      ],
      "expected": [
        {"outcome": "deliver", "events": [{"userId": "u", "event": "Paid", "metadata": {"amount": 1},
         "groupTraits": [{"groupId": "7", "traits": {"group_type": "Team"}}]}]},
        {"outcome": "skip", "reason": "missing user"}
      ]
    }"#;
    let folder = folder(DEFAULT_COMPONENT, &[("accounts.json", case)]);
    insta::assert_snapshot!(shown(&run(&folder, &["test", "x.wasm"])), @r#"
    exit 1
    FAIL  cases/accounts.json
      event 0 (Paid): the account changed from Team 7 to Team 9
        events[0].groupTraits[0].groupId
        - "7"
        + "9"
        events[0].groupTraits[0].traits.plan
        + "pro"
        events[0].metadata.amount
        - 1
        + 1.0
      event 1 (Opened): the outcome is another one
        reason
        - "missing user"
        + "missing user id"
      at most: …
    0 passed, 1 failed
    ---
    "#);
}

#[test]
fn what_is_wrong_with_cases_is_told_by_file_line_and_key() {
    let cases = [
        ("a.json", r#"{"events": [{"event_type": "a"}]}"#),
        ("b.json", "{\n  \"events\": [{\"event_type\": \"b\"}],\n  \"expectd\": []\n}"),
        ("c.json", "{\"events\": [\n}"),
        ("d.json", r#"{"events": [{"event_type": "d"}, {}], "expected": [{"outcome": "skip", "reason": "d"}]}"#),
        ("e.json", r#"{"mapping_settings": {}, "events": [{"event_type": "e"}], "expected": []}"#),
        ("notes.txt", "no case"),
    ];
    insta::assert_snapshot!(shown(&run(&folder(&echo_component(), &cases), &["test", "x.wasm"])), @r"
    exit 2
    FAIL  cases/a.json
      has no `expected`: run test --update to write what comes now, then read it
      at most: …
    FAIL  cases/d.json
      expects 1 outcomes for 2 events
      at most: …
    FAIL  cases/e.json
      not run: `mapping_settings` are those of the mapping beside a selector; this is a mapping
    0 passed, 3 failed, 2 could not be read
    ---
    error[case-key]: cases/b.json:3: `expectd` is unknown; a case has name, settings, mapping_settings, events, expected
    error[case-syntax]: cases/c.json:2: expected a value at column 1
    ");
}

#[test]
fn what_is_missing_is_told_with_what_to_do() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("paying/cases")).unwrap();
    let err = |arguments: &[&str]| {
        let ran = run(&folder, arguments);
        format!("exit {} {}", ran.exit, ran.err)
    };
    insta::assert_snapshot!(err(&["test", "paying"]), @r"
    exit 2 error[plugin-read]: paying/plugin.toml can't be read (No such file or directory (os error 2)); a plugin's folder has one: accoil-stream new makes such a folder
    ");
    folder.write("paying/plugin.toml", "name = \"paying\"\nworld = \"mapping\"\nlanguage = \"rust\"\n");
    insta::assert_snapshot!(err(&["test", "paying"]), @r"
    exit 3 error[component-missing]: paying/paying.wasm is not there; build it first: accoil-stream build paying
    ");
    folder.write("paying/paying.wasm", echo_component());
    insta::assert_snapshot!(err(&["test", "paying"]), @r"
    exit 2 error[cases-missing]: paying/cases: there is no case: no *.json
    ");
    insta::assert_snapshot!(err(&["test", "other.wasm"]), @r"
    exit 3 error[component-open]: other.wasm: No such file or directory (os error 2)
    ");
    folder.write("paying/cases/types.json", ECHOED);
    insta::assert_snapshot!(shown(&run(&folder, &["test", "paying"])), @r"
    exit 0
    ok    paying/cases/types.json: types are told
      at most: …
    1 passed, 0 failed
    ---
    ");
}

#[test]
fn what_is_over_budget_fails() {
    let folder = folder(&echo_component(), &[("types.json", ECHOED)]);
    folder.write("accoil.toml", "[admission]\nfuel_per_event = 10\n[accoil]\nnot = \"looked at\"\n");
    let ran = run(&folder, &["test", "x.wasm", "--config", "accoil.toml"]);
    assert_eq!(ran.exit, 1);
    assert!(ran.out.contains("  event 0: over budget: fuel ") && ran.out.contains(" of 10 ("), "{}", ran.out);
    assert!(ran.out.ends_with("0 passed, 1 failed\n"), "{}", ran.out);
    folder.write("accoil.toml", "\n[limits]\ndeadline_mss = 10\n");
    let ran = run(&folder, &["test", "x.wasm", "--config", "accoil.toml"]);
    assert_eq!(ran.exit, 2);
    assert!(ran.err.starts_with("error[config-limits]: accoil.toml:3: unknown field `deadline_mss`"), "{}", ran.err);
}

/// Its outcomes would pass, all but that of the second event when it is alone.
#[test]
fn what_depends_on_other_events_of_its_batch_fails() {
    let fields = include_str!("counting.wat");
    let case = r#"{"events": [{"event_type": "a"}, {"event_type": "b"}],
        "expected": [{"outcome": "skip", "reason": "1"}, {"outcome": "skip", "reason": "2"}]}"#;
    let folder = folder(&guest::component(fields), &[("counts.json", case)]);
    insta::assert_snapshot!(shown(&run(&folder, &["test", "x.wasm"])), @r#"
    exit 1
    FAIL  cases/counts.json
      event 1: depends on other events of its batch; alone it is not as among them
        reason
        - "2"
        + "1"
      at most: …
    0 passed, 1 failed
    ---
    "#);
    // Nor is it written down.
    let ran = run(&folder, &["test", "x.wasm", "--update"]);
    assert_eq!((ran.exit, folder.read("cases/counts.json").as_str()), (1, case));
}

#[test]
fn compiled_code_is_kept_for_the_next_time() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&echo_component(), &[("types.json", ECHOED)]);
    let run = |home: &str| {
        let mut command = folder.program(&["test", "x.wasm"]);
        command.env_remove("XDG_CACHE_HOME").env("HOME", folder.path(home));
        assert_eq!(finish(command.spawn().unwrap()).exit, 0);
    };
    run("home");
    let kept = folder.path("home/.cache/accoil-stream/compiled");
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 2);
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    // Where nothing can be kept, the same comes.
    run("x.wasm");
}
