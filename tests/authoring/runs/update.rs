//! `--update`: what comes is what is expected from now on.

use super::*;
use crate::cli::support::echo_component;

#[test]
fn expectations_are_written_and_nothing_else() {
    let without = "{\n    \"events\": [ {\"event_type\":\"a\"},\n                {} ]\n}\n";
    let same = ECHOED;
    let other = ECHOED.replace("\"reason\": \"?odd\"", "\"reason\": \"even\"");
    let folder = folder(&echo_component(), &[("without.json", without), ("same.json", same), ("other.json", &other)]);
    insta::assert_snapshot!(shown(&run(&folder, &["test", "x.wasm", "--update"])), @r"
    exit 0
    wrote cases/other.json: types are told
      at most: …
    ok    cases/same.json: types are told
      at most: …
    wrote cases/without.json
      at most: …
    3 passed, 0 failed
    ---
    ");
    assert_eq!(folder.read("cases/same.json"), same);
    insta::assert_snapshot!(folder.read("cases/without.json"), @r#"
    {
        "events": [ {"event_type":"a"},
                    {} ],
        "expected": [
            {
                "outcome": "skip",
                "reason": "a"
            },
            {
                "outcome": "invalid",
                "reason": "no event_type: it must be a string with something in it"
            }
        ]
    }
    "#);
    insta::assert_snapshot!(folder.read("cases/other.json"), @r#"
    {
      "name": "types are told",
      "events": [{"event_type": "Opened"}, {"event_type": "?odd"}],
      "expected": [
        {
          "outcome": "skip",
          "reason": "Opened"
        },
        {
          "outcome": "reject",
          "reason": "?odd"
        }
      ]
    }
    "#);
    // From now on they pass, and there is nothing left to write.
    let before = folder.read("cases/without.json");
    let ran = run(&folder, &["test", "x.wasm", "--update"]);
    assert_eq!((ran.exit, ran.out.matches("ok    cases/").count()), (0, 3), "{ran:?}");
    assert_eq!(folder.read("cases/without.json"), before);
}
