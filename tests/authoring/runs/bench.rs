//! `bench`: what is measured, beside the default mapping.

use serde_json::Value;

use super::*;
use crate::cli::support::{echo_component, events};
use crate::sandbox::guest;

fn measured(ran: &Ran) -> Value {
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_mapping_beside_the_default_one() {
    let folder = Folder::with(&[("x.wasm", &echo_component()), ("events", events(&["a", "b", "c"]).as_bytes())]);
    let arguments = ["bench", "x.wasm", "events", "--rounds", "3", "--seconds", "1"];
    let report = measured(&run(&folder, &[&arguments[..], &["--json"]].concat()));
    assert_eq!((&report["events"], &report["rounds"], &report["kind"]), (&3.into(), &3.into(), &"mapping".into()));
    let [plugin, beside] = ["plugin", "beside"].map(|side| &report[side]);
    for side in [plugin, beside] {
        assert!(side["events_per_second"].as_f64().unwrap() > 1.0, "{report}");
        assert!(side["batch_us"]["p50"].as_f64().unwrap() > 0.0, "{report}");
        assert!(side["start_us"]["p99"].as_f64() <= side["single_us"]["max"].as_f64().map(|most| most * 100.0));
        assert!(side["memory_bytes"].as_u64().unwrap() >= 65_536, "{report}");
    }
    assert!(plugin["fuel"]["p50"].as_u64() < beside["fuel"]["p50"].as_u64(), "it does much less: {report}");
    assert!(report["ratio"]["p50"].as_f64().unwrap() < 1.0, "{report}");
    let text = run(&folder, &arguments).out;
    for words in
        ["echo 1.0.0, a mapping of ", "THIS MAPPING", " times the time of the mapping beside it", "of 50000000 fuel"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_selector_as_what_it_adds() {
    let event = r#"{"event_type":"a","user_id":"u","groups":{"Team":["7","9"]},"group_properties":{}}"#;
    let folder = Folder::with(&[("x.wasm", &guest::selector("")), ("events", event.as_bytes())]);
    let arguments = ["bench", "x.wasm", "events", "--rounds", "3", "--seconds", "1"];
    let report = measured(&run(&folder, &[&arguments[..], &["--json"]].concat()));
    assert_eq!((&report["kind"], &report["selector"]["calls_per_event"]), (&"group-selector".into(), &1.0.into()));
    assert!(report["selector"]["fuel_per_call"].as_u64().unwrap() > 0, "{report}");
    assert!(report["plugin"]["fuel_per_event"].as_u64() > report["beside"]["fuel_per_event"].as_u64(), "{report}");
    let text = run(&folder, &arguments).out;
    for words in ["WITH SELECTOR", "µs an event: ", "selector: asked 1.00 times an event"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn what_is_no_event_is_told_and_left_out() {
    let folder =
        Folder::with(&[("x.wasm", &echo_component()), ("events", b"{}\n{\"event_type\":\"a\"}\n"), ("none", b"{}")]);
    let ran = run(&folder, &["bench", "x.wasm", "events", "--rounds", "1", "--seconds", "1"]);
    assert_eq!(ran.exit, 1);
    assert!(ran.err.starts_with("error[event-without-type]: events:1: "), "{}", ran.err);
    assert!(ran.out.contains("\n1 events in 1 batches"), "{}", ran.out);
    let ran = run(&folder, &["bench", "x.wasm", "none"]);
    assert!(ran.exit == 1 && ran.out.is_empty() && ran.err.ends_with("there was no event\n"), "{ran:?}");
}
