//! What the commands ask for, and what CI learns from them.

use serde_json::Value;

use super::*;
use crate::cli::ops::offer::Named;
use crate::cli::ops::stand_in::StandIn;

const STARTED: &str = r#""tenant":"acme","mapping":"sha256:0123456789abcdef","settings_digest":"fedcba9876543210",
    "settings":{},"share":0.1,"started_at":"2026-01-02T03:04:05.678Z","by":"me","reason":"try""#;

const HEAD: &str = "acme: mapping 0123456789ab with settings fedcba987654 runs beside on 10% of users, delivering \
                    nothing\nstarted 2026-01-02T03:04:05Z by me: try\n";

fn found(compared: u64, differing: u64) -> String {
    let share = if compared == 0 { 0.0 } else { differing as f64 / compared as f64 };
    let table = r#"{"named":[],"other":null}"#;
    format!(
        r#"{{{STARTED},"counted_since":"2026-01-03T00:00:00Z","report":{{
        "events":{{"compared":{compared},"differing":{differing},"share":{share},"sampled_out":0,"shed":7}},
        "users":{{"total":9,"exact":false,"differing":2,"differing_share":0.2,"primary_group_changed":1,
          "primary_group_changed_share":0.1}},
        "requests":{{"baseline":30,"candidate":31}},"fuel":null,"mapping_us":null,
        "faults":{{"baseline":{{}},"candidate":{{}}}},
        "differences":[{{"kind":"primary-group","events":{differing},"share":{share}}}],
        "event_types":{table},"group_types":{table},"primary_group_moves":{table},"metadata_keys":{table},
        "trait_keys":{table},"examples":[]}}}}"#
    )
}

fn service(folder: &tempfile::TempDir) -> Service {
    Service { config: folder.path().join("accoil.toml"), json: false }
}

#[test]
fn what_it_found_is_told() {
    let found: Found = serde_json::from_str(&found(200, 10)).unwrap();
    let expected = format!(
        "{HEAD}counted since 2026-01-03T00:00:00Z

events          200 compared, 10 differ (5%)
not compared    0 left out by the sample, 7 shed
users           about 9, about 2 differ
primary group   changed for about 1 user (about 11.11%)
requests        30 → 31

DIFFERENCE     EVENTS  SHARE
primary-group      10     5%
"
    );
    assert_eq!(found.text(), expected);
}

#[test]
fn more_differences_than_allowed_or_nothing_compared_is_no_success() {
    for (compared, differing, allow, exit) in [
        (200, 10, None, Exit::Success),
        (200, 10, Some("5%"), Exit::Success),
        (200, 11, Some("5%"), Exit::Incomplete),
        (200, 0, Some("0"), Exit::Success),
        (200, 1, Some("0"), Exit::Incomplete),
        (0, 0, None, Exit::Success),
        (0, 0, Some("100%"), Exit::Incomplete),
    ] {
        let stand_in = StandIn::always(200, &found(compared, differing));
        let folder = stand_in.folder();
        let status = Status {
            tenant: None,
            gate: Gate { allow: allow.map(|allow: &str| allow.parse().unwrap()) },
            service: service(&folder),
        };
        let arguments = Arguments { command: Command::Status(status) };
        assert_eq!(run(&arguments).unwrap(), exit, "{compared} {differing} {allow:?}");
        assert_eq!(stand_in.seen()[0].line, "GET /experiments?tenant=acme");
    }
}

#[test]
fn start_and_stop_say_who_and_why() {
    let stand_in = StandIn::always(200, &found(1, 0));
    let folder = stand_in.folder();
    let offer = || Options::of(Named::Live);
    let start = Start {
        offer: offer(),
        tenant: None,
        share: "10%".parse().unwrap(),
        asker: Asker::of("me", "try"),
        service: service(&folder),
    };
    run(&Arguments { command: Command::Start(Box::new(start)) }).unwrap();
    let asker = Asker::of("me", "done");
    let stop = Stop { tenant: None, gate: Gate { allow: None }, asker, service: service(&folder) };
    run(&Arguments { command: Command::Stop(stop) }).unwrap();
    let seen: Vec<(String, Value)> =
        stand_in.seen().into_iter().map(|seen| (seen.line, serde_json::from_str(&seen.body).unwrap())).collect();
    let started = json!({ "tenant": "acme", "component": "live", "share": 0.1, "by": "me", "reason": "try" });
    let stopped = json!({ "tenant": "acme", "by": "me", "reason": "done" });
    assert_eq!(seen, [("POST /experiments/start".to_owned(), started), ("POST /experiments/stop".to_owned(), stopped)]);
    let experiment: Experiment = serde_json::from_str(&format!("{{{STARTED}}}")).unwrap();
    assert_eq!(experiment.text(), HEAD);
}
