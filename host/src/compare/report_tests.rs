//! Reports: shares, bounds, and their shape as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::diff_tests::{event, fault};
use super::*;
use crate::accoil::AccoilEvent;
use crate::sandbox::{FaultKind, Outcome};

fn about<'a>(id: &'a str, event_type: &'a str) -> About<'a> {
    About { id, event_type, user_id: Some("u"), groups: "null" }
}

fn deliver(user: &str, groups: &[(&str, &str)]) -> Outcome {
    Outcome::Deliver(vec![AccoilEvent { user_id: Some(user.into()), ..event(groups) }])
}

#[test]
fn the_share_of_users_is_not_that_of_events() {
    let account = ("a", r#"{"group_type":"Account"}"#);
    let team = ("t", r#"{"group_type":"Team"}"#);
    let mut report = Report::new(Bounds::default());
    for number in 0..1000 {
        let user = format!("user {number}");
        let before = deliver(&user, &[account, team]);
        let after = if number < 32 { deliver(&user, &[team, account]) } else { before.clone() };
        report.add(&about("e", "Opened"), &before, &after);
        // The others do more.
        (32..number).take(2).for_each(|_| report.add(&about("e", "Closed"), &before, &before));
    }
    let summary = report.summary();
    assert_eq!((summary.users.total, summary.users.primary_group_changed, summary.users.differing), (1000, 32, 32));
    assert_eq!((summary.users.primary_group_changed_share, summary.users.exact), (0.032, true));
    assert_eq!((summary.events.compared, summary.events.differing), (2933, 32));
    assert_eq!(summary.differences.len(), 1);
    let types: Vec<_> = summary.event_types.named.iter().map(|slice| (slice.name.as_deref(), slice.share)).collect();
    assert_eq!(types, [(Some("Opened"), 0.032), (Some("Closed"), 0.0)]);
    assert_eq!(summary.group_types.named.len(), 1);
    assert_eq!(
        serde_json::to_value(&summary.primary_group_moves.named).unwrap(),
        json!([{"from": "Account", "to": "Team", "times": 32}])
    );
    assert_eq!(summary.examples.len(), 3);
}

#[test]
fn the_shape_as_json() {
    let mut report = Report::new(Bounds { examples: 1, ..Bounds::default() });
    let before = deliver("ann", &[]);
    let mut changed = event(&[("g", "{}")]);
    changed.user_id = Some("ann".into());
    changed.metadata = r#"{"plan":"free","seats":1}"#.into();
    report.add(&about("1", "Opened"), &before, &Outcome::Deliver(vec![changed]));
    report.add(&about("2", "Opened"), &before, &fault(FaultKind::Panic, "gave up"));
    report.add(&about("3", "Closed"), &Outcome::Skip("rule".into()), &Outcome::Skip("rule".into()));
    report.add_sampled_out(7);
    report.add_shed(2);
    report.add_fuel(Sides { baseline: 10, candidate: 20 });
    report.add_time(Sides { baseline: Duration::from_millis(1), candidate: Duration::from_micros(5) });
    let text = serde_json::to_string(&report.summary()).unwrap();
    let third = 1.0 / 3.0;
    let told = r#"[{"userId":"ann","event":"Opened","timestamp":"2026-01-02T03:04:05.006Z","metadata":{"plan":"pro","seats":1}}]"#;
    let told: Value = serde_json::from_str(told).unwrap();
    let mut told_now = told.clone();
    told_now[0]["metadata"]["plan"] = json!("free");
    told_now[0]["groupTraits"] = json!([{"groupId": "g"}]);
    let expected = json!({
        "events": {"compared": 3, "differing": 2, "share": 2.0 / 3.0, "sampled_out": 7, "shed": 2},
        "users": {"total": 1, "exact": true, "differing": 1, "differing_share": 1.0,
            "primary_group_changed": 1, "primary_group_changed_share": 1.0},
        "requests": {"baseline": 4, "candidate": 3},
        "fuel": {"baseline": 10, "candidate": 20},
        "mapping_us": {"baseline": 1000, "candidate": 5},
        "faults": {"baseline": {}, "candidate": {"panic": 1}},
        "differences": [
            {"kind": "primary-group", "events": 1, "share": third},
            {"kind": "metadata-changed", "events": 1, "share": third},
            {"kind": "group-added", "events": 1, "share": third},
            {"kind": "fault", "events": 1, "share": third},
            {"kind": "more-requests", "events": 1, "share": third},
            {"kind": "fewer-requests", "events": 1, "share": third}],
        "event_types": {"named": [
            {"name": "Opened", "compared": 2, "differing": 2, "share": 1.0, "differences": {"primary-group": 1,
                "metadata-changed": 1, "group-added": 1, "fault": 1, "more-requests": 1, "fewer-requests": 1}},
            {"name": "Closed", "compared": 1, "differing": 0, "share": 0.0, "differences": {}}], "other": null},
        "group_types": {"named": [
            {"name": null, "compared": 3, "differing": 2, "share": 2.0 / 3.0, "differences": {"primary-group": 1,
                "metadata-changed": 1, "group-added": 1, "fault": 1, "more-requests": 1, "fewer-requests": 1}}],
            "other": null},
        "primary_group_moves": {"named": [{"from": null, "to": null, "times": 1}], "other": null},
        "metadata_keys": {"named": [{"name": "plan", "added": 0, "removed": 0, "changed": 1}], "other": null},
        "trait_keys": {"named": [], "other": null},
        "examples": [
            {"event_id": "1", "event_type": "Opened", "user_id": "u",
                "kinds": ["primary-group", "metadata-changed", "group-added", "more-requests"],
                "changes": [
                    {"kind": "primary-group", "user_id": "ann", "to": "g"},
                    {"kind": "group-added", "group": "g", "to": "{}"},
                    {"kind": "metadata-changed", "name": "plan", "from": "\"pro\"", "to": "\"free\""},
                    {"kind": "more-requests", "from": "2", "to": "3"}],
                "more_changes": 0,
                "baseline": {"outcome": "deliver", "events": told},
                "candidate": {"outcome": "deliver", "events": told_now}},
            {"event_id": "2", "event_type": "Opened", "user_id": "u",
                "kinds": ["fault", "fewer-requests"],
                "changes": [{"kind": "fault", "to": "panic: gave up"}, {"kind": "fewer-requests", "from": "2", "to": "0"}],
                "more_changes": 0,
                "baseline": {"outcome": "deliver", "events": told},
                "candidate": {"outcome": "fault", "reason": "panic: gave up"}}]
    });
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    // What was written can be read.
    let read: Summary = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}

#[test]
fn faults_of_both_sides_are_counted_and_are_the_same() {
    let mut report = Report::new(Bounds::default());
    report.add(&about("1", "e"), &fault(FaultKind::Deadline, "x"), &fault(FaultKind::Memory, "y"));
    report.add(&about("2", "e"), &Outcome::Skip("s".into()), &fault(FaultKind::Memory, "y"));
    let summary = report.summary();
    assert_eq!(summary.events.differing, 1);
    assert_eq!(
        serde_json::to_value(&summary.faults).unwrap(),
        json!({"baseline": {"deadline": 1}, "candidate": {"memory": 2}})
    );
}

#[test]
fn whatever_comes_a_report_stays_small() {
    let bounds = Bounds { names: 10, users: 100, examples: 2, example_bytes: 200, ..Bounds::default() };
    let mut report = Report::new(bounds);
    let long = "é".repeat(5_000);
    for number in 0..2_000 {
        let name = format!("{number} {long}");
        let bag = |value: u32| format!(r#"{{"group_type":"{name}","{name}":{value}}}"#);
        let event = |value: u32, group: &str| AccoilEvent {
            metadata: bag(value),
            ..event(&[(&format!("{group}{name}"), &bag(value)), (&name, &bag(value + 1))])
        };
        let user = |event: AccoilEvent| Outcome::Deliver(vec![AccoilEvent { user_id: Some(name.clone()), ..event }]);
        report.add(&about(&name, &name), &user(event(1, "a")), &user(event(2, "b")));
    }
    let summary = report.summary();
    let text = serde_json::to_string(&summary).unwrap();
    assert!(text.len() < 100_000, "{}", text.len());
    assert_eq!((summary.events.compared, summary.events.differing), (2_000, 2_000));
    for named in [summary.event_types.named.len(), summary.group_types.named.len(), summary.metadata_keys.named.len()] {
        assert_eq!(named, 10);
    }
    assert_eq!(summary.event_types.other.unwrap().compared, 1_990);
    assert_eq!(summary.primary_group_moves.other.unwrap().times, 1_990);
    assert!(!summary.users.exact && summary.users.primary_group_changed_share == 1.0);
    assert!(summary.examples[0].baseline.get().starts_with(r#"{"outcome":"cut","bytes":"#));
}

#[test]
fn of_many_changes_the_first_are_told() {
    let bag = |value: usize| {
        let members: Vec<String> = (0..50).map(|name| format!("\"k{name:02}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let outcome = |value: usize| Outcome::Deliver(vec![AccoilEvent { metadata: bag(value), ..event(&[]) }]);
    let mut report = Report::new(Bounds::default());
    report.add(&about("1", "e"), &outcome(1), &outcome(2));
    let summary = report.summary();
    assert_eq!((summary.examples[0].changes.len(), summary.examples[0].more_changes), (20, 30));
    assert_eq!(summary.differences[0].events, 1);
    assert_eq!(summary.metadata_keys.named.len(), 50);
}
