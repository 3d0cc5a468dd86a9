//! A candidate runs beside the live version: it is compared, and changes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rollout::new;
use crate::oracle::host::config;
use crate::oracle::{Accoil, Host, event, events};
use crate::sandbox::guest;

/// A thousand users, one event each; 32 of them are in two groups.
pub(crate) fn users() -> Vec<Value> {
    let groups = |user: usize| match user % 125 < 4 {
        true => json!({ "company": ["b"], "team": ["a"] }),
        false => json!({ "company": ["b"] }),
    };
    let event = |user: usize| {
        json!({ "event_type": "Opened", "user_id": format!("u{user}"), "insert_id": format!("e{user}"),
            "time": 1_700_000_000_000_u64, "groups": groups(user),
            "group_properties": { "company": { "b": { "name": "B" } }, "team": { "a": { "name": "A" } } } })
    };
    (0..1000).map(event).collect()
}

/// Each user's requests in order, in bytes.
fn requests(accoil: &Accoil) -> BTreeMap<String, Vec<String>> {
    let mut requests = BTreeMap::<String, Vec<String>>::new();
    for call in accoil.calls() {
        requests.entry(call.user().to_owned()).or_default().push(format!("{} {}", call.kind, call.body));
    }
    requests
}

async fn run(with: Option<Value>) -> (BTreeMap<String, Vec<String>>, Value) {
    let accoil = Accoil::start().await;
    // A thread of the lowest priority on a busy machine may not have its turn for long.
    let host = Host::start(&config(&accoil, "").replace("[queue]", "[limits]\ndeadline_ms = 10000\n[queue]")).await;
    if let Some(settings) = &with {
        host.order("/experiments/start", json!({ "component": "live", "settings": settings, "share": 1.0 })).await;
    }
    host.accept("acme", &users()).await;
    host.until_drained("acme").await;
    let report = match &with {
        Some(_) => host.order("/experiments/stop", json!({})).await,
        None => Value::Null,
    };
    (requests(&accoil), report)
}

#[tokio::test]
async fn a_candidate_that_moves_users_to_another_account_is_reported_and_changes_nothing() {
    let (without, _) = run(None).await;
    let settings = json!({ "primary_group": { "prefer_types": ["company"] } });
    let (with, answer) = run(Some(settings)).await;
    assert_eq!(with, without);
    let report = &answer["report"];
    assert_eq!((&report["events"]["compared"], &report["events"]["differing"]), (&json!(1000), &json!(32)), "{answer}");
    assert_eq!(report["users"]["primary_group_changed_share"], 0.032, "{answer}");
    let examples = report["examples"].as_array().unwrap();
    assert!(!examples.is_empty());
    for example in examples {
        let user: usize = example["event_id"].as_str().unwrap()[1..].parse().unwrap();
        assert!(user % 125 < 4, "{example}");
    }
}

#[tokio::test]
async fn candidates_that_fail_are_reported_and_cost_no_event() {
    let accoil = Accoil::start().await;
    let text = config(&accoil, "").replace("[queue]", "[limits]\ndeadline_ms = 50\n[queue]");
    let host = Host::start(&text).await;
    let candidate = guest::component(include_str!("../sandbox/guests/fails_by_type.wat"));
    let start = json!({ "component": new(&candidate), "share": 1.0 });
    host.order("/experiments/start", start.clone()).await;
    assert_eq!(host.try_order("/experiments/start", start).await.1["code"], "rollout-state");
    assert_eq!(host.status("acme").await["experiment"], true);
    let letters = ["u", "l", "m", "r", "i"];
    let bad: Vec<Value> =
        letters.iter().flat_map(|letter| (0..3).map(move |id| event("v", &format!("{letter}{id}")))).collect();
    host.accept("acme", &bad).await;
    host.accept("acme", &events("E", 0..100)).await;
    let status = host.until_drained("acme").await;
    assert_eq!((&status["dead"], &status["delivered"], &status["rolled_back"]), (&json!(0), &json!(115), &Value::Null));
    let stopped = host.order("/experiments/stop", json!({})).await;
    let faults = &stopped["report"]["faults"]["candidate"];
    assert!(faults.as_object().unwrap().len() >= 2, "{stopped}");
    assert_eq!(stopped["report"]["faults"]["baseline"], json!({}));
    assert_eq!(host.audited().await, ["configure", "experiment-start", "experiment-stop"]);
    assert_eq!(accoil.counts().len(), 115);
}

/// What does not fit in front of a slow candidate is shed; the live path does not wait.
#[tokio::test]
async fn a_slow_candidate_sheds_and_does_not_slow_the_live_path() {
    let accoil = Accoil::start().await;
    let text = format!("{}\n[rollout]\nshadow_bytes = 1024\n", config(&accoil, ""));
    let host = Host::start(&text).await;
    let candidate = guest::component(include_str!("../sandbox/guests/fails_by_type.wat"));
    host.order("/experiments/start", json!({ "component": new(&candidate), "share": 1.0 })).await;
    host.accept("acme", &events("lazy", 0..200)).await;
    accoil.until_tracked(200).await;
    let report = host.order("/experiments/stop", json!({})).await["report"].clone();
    let (compared, shed) = (report["events"]["compared"].as_u64().unwrap(), report["events"]["shed"].as_u64().unwrap());
    assert!(shed > 0 && compared + shed <= 200, "{report}");
}

#[tokio::test]
async fn an_experiment_goes_on_after_a_restart() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let settings = json!({ "event_types": { "exclude": ["u-3"] } });
    host.order("/experiments/start", json!({ "component": "live", "settings": settings, "share": 1.0 })).await;
    let host = host.restart().await;
    host.accept("acme", &events("u", 0..10)).await;
    host.until_drained("acme").await;
    let stopped = host.order("/experiments/stop", json!({})).await;
    assert_eq!(stopped["report"]["events"]["differing"], 1, "{stopped}");
    assert_eq!(host.try_order("/experiments/stop", json!({})).await.0, 404);
    let host = host.restart().await;
    assert_eq!(host.status("acme").await["experiment"], false);
}

#[tokio::test]
async fn of_experiments_that_are_started_at_once_one_runs_and_the_others_are_told() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let start = |name: usize| {
        let settings = json!({ "event_types": { "exclude": [format!("u-{name}")] } });
        host.try_order("/experiments/start", json!({ "component": "live", "settings": settings, "share": 1.0 }))
    };
    let answers = futures_util::future::join_all((0..4).map(start)).await;
    let started: Vec<&Value> = answers.iter().filter(|(status, _)| *status == 200).map(|(_, answer)| answer).collect();
    assert_eq!(started.len(), 1, "{answers:?}");
    assert!(answers.iter().filter(|(status, _)| *status != 200).all(|(_, answer)| answer["code"] == "rollout-state"));
    assert_eq!(host.admin("/experiments?tenant=acme").await["settings_digest"], started[0]["settings_digest"]);
    assert_eq!(host.audited().await.iter().filter(|what| *what == "experiment-start").count(), 1);
}
