//! A selector, with the mapping that asks it.

use super::*;
use crate::cli::support::echo_component;
use crate::sandbox::guest;

/// Chooses the second candidate.
const SECOND: &str = r#"
(func $on_select (param $asked i32) (param $answer i32)
  (i32.store8 (local.get $answer) (i32.const 2))
  (i32.store offset=4 (local.get $answer) (i32.const 1)))"#;

fn case(account: &str, groups: &str) -> String {
    format!(
        r#"{{
  "mapping_settings": {{"groups_without_properties": "keep"}},
  "events": [{{"event_type": "Paid", "user_id": "u", "groups": {{"Team": {groups}}}}}],
  "expected": [{{"outcome": "deliver", "events": [{{"userId": "u", "event": "Paid",
    "groupTraits": [{{"groupId": "{account}", "traits": {{"group_type": "Team"}}}}]}}]}}]
}}"#
    )
}

#[test]
fn a_case_shows_what_it_changes_in_what_accoil_is_told() {
    let two = r#"["7", "9"]"#;
    let cases =
        [("second.json", &*case("9", two)), ("third.json", &*case("7", two)), ("wrong.json", &*case("7", "\"7\""))];
    let folder = folder(&guest::selector(SECOND), &cases);
    insta::assert_snapshot!(shown(&run(&folder, &["test", "x.wasm"])), @r#"
    exit 1
    ok    cases/second.json
      at most: …
    FAIL  cases/third.json
      event 0 (Paid): the account changed from Team 7 to Team 9
        events[0].groupTraits[0].groupId
        - "7"
        + "9"
      at most: …
    FAIL  cases/wrong.json
      event 0 (Paid): expected delivered, but the plugin failed
        events
        - [
        -   {
        -     "userId": "u",
        -     "event": "Paid",
        -     "groupTraits": [
        -       {
        -         "groupId": "7",
        -         "traits": {
        -           "group_type": "Team"
        -         }
        -       }
        -     ]
        -   }
        - ]
        outcome
        - "deliver"
        + "fault"
        reason
        + "group selector: invalid output: chooses candidate 1, and there are 1, counted from 0"
      at most: …
    1 passed, 2 failed
    ---
    "#);
}

#[test]
fn the_mapping_beside_it_may_be_another_one() {
    let folder = folder(&guest::selector(SECOND), &[("types.json", ECHOED)]);
    folder.write("echo.wasm", echo_component());
    let ran = run(&folder, &["test", "x.wasm", "--mapping", "echo.wasm"]);
    insta::assert_snapshot!(shown(&ran), @r"
    exit 3

    ---
    error[mapping-without-choice]: echo.wasm: the mapping beside it does not import `accoil:event-stream/group-choice@1.0.0`, so it chooses the account by itself and can't be combined with a group selector
    ");
    folder.write("asks.wasm", guest::component(""));
    let ran = run(&folder, &["test", "x.wasm", "--mapping", "asks.wasm"]);
    assert_eq!(ran.exit, 1, "{ran:?}");
    assert!(ran.out.contains("\"events[1]\""), "{}", ran.out);
    folder.write("none.wasm", b"nothing");
    let ran = run(&folder, &["test", "x.wasm", "--mapping", "none.wasm"]);
    insta::assert_snapshot!(shown(&ran), @r"
    exit 3

    ---
    error[component-not-wasm]: none.wasm: the mapping beside it: not WebAssembly: it does not begin with the bytes `\0asm`
    ");
    // Of two mappings only one can be under test.
    let ran = run(&folder, &["test", "asks.wasm", "--mapping", "echo.wasm"]);
    assert_eq!((ran.exit, ran.err.starts_with("error[mapping-beside-mapping]: asks.wasm: ")), (2, true), "{ran:?}");
}
