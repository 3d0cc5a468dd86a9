//! Group selectors in the service: deployed by themselves, told of, taken back, and each tenant's own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rollout::new;
use crate::oracle::host::{base, config, tenant};
use crate::oracle::{Accoil, Host};
use crate::sandbox::guest;

/// Answers as the first letter of the event's type says: a digit chooses that candidate, and some letters fail.
fn by_type() -> Vec<u8> {
    guest::selector(include_str!("../sandbox/guests/selector/by_type.wat"))
}

/// Chooses the candidate with this index, if there are as many.
fn always(index: u32) -> Vec<u8> {
    guest::selector(&format!(
        "(func $on_select (param $asked i32) (param $answer i32)
           (if (i32.gt_u (i32.load offset=104 (local.get $asked)) (i32.const {index}))
             (then
               (i32.store8 (local.get $answer) (i32.const 2))
               (i32.store offset=4 (local.get $answer) (i32.const {index})))))"
    ))
}

/// Events of a user in the accounts a, b and c.
fn members(names: &[&str]) -> Vec<Value> {
    let event = |name: &&str| {
        json!({ "event_type": name, "user_id": "u", "insert_id": name, "groups": { "Account": ["b", "a", "c"] },
            "group_properties": { "Account": { "a": { "plan": "free" } } } })
    };
    names.iter().map(event).collect()
}

/// What was identified last.
fn accounts(accoil: &Accoil) -> Vec<String> {
    let calls = accoil.calls();
    let identified = calls.iter().filter(|call| call.kind == "identify");
    identified.map(|call| call.body["groupId"].as_str().unwrap_or("-").to_owned()).collect()
}

impl Host {
    async fn select(&self, more: Value) -> Value {
        let mut body = json!({ "component": "live" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.order("/versions/deploy", body).await
    }

    /// Has one event mapped; gives the account that was chosen for it.
    async fn account(&self, tenant: &str, name: &str) -> Value {
        self.accept(tenant, &members(&[name])).await;
        self.until_drained(tenant).await;
        self.admin(&format!("/events/{name}?tenant={tenant}")).await["chosen"].clone()
    }
}

#[tokio::test]
async fn a_selector_that_is_deployed_to_one_tenant_chooses_that_tenants_accounts() {
    let (accoil, other) = (Accoil::start().await, Accoil::start().await);
    let host = Host::start(&format!("{}{}{}", base(), tenant("a", &accoil, ""), tenant("b", &other, ""))).await;
    std::fs::write(host.path("x.wasm"), always(1)).unwrap();
    let arguments =
        ["mappings", "deploy", "--config", "client.toml", "--tenant", "a", "--selector", "x.wasm", "--reason", "try"];
    let ran = host.run(&arguments);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert_eq!((host.account("a", "one").await, host.account("b", "one").await), (json!("b"), json!("a")));
    assert_eq!((accounts(&accoil), accounts(&other)), (vec!["b".to_owned()], vec!["a".to_owned()]));
    let story = host.admin("/events/one?tenant=a").await;
    assert!(story["pin"]["selector"]["component"].is_string(), "{story}");
    assert_eq!(story["selection"], "candidate 1, counted from 0");
    let digest = host.status("a").await["selector"]["component"].as_str().unwrap().to_owned();
    assert_eq!(host.status("b").await.get("selector"), None);
    let short = &digest["sha256:".len()..][..12];
    for command in [&["mappings", "list"][..], &["status"], &["explain", "one"]] {
        let more = if command[0] == "status" { &[][..] } else { &["--tenant", "a"] };
        let ran = host.run(&[command, &["--config", "client.toml"], more].concat());
        assert!(ran.exit == 0 && ran.out.contains(short), "{ran:?}");
    }
    let listed = host.admin("/versions?tenant=a").await;
    assert_eq!(
        (&listed["versions"][0]["selector"]["component"], &listed["versions"][1].get("selector")),
        (&json!(digest), &None)
    );
    let rerun = host.admin("/events/one/rerun?tenant=a").await;
    assert_eq!(rerun["selector"]["component"], json!(digest));
    let audit = host.admin("/audit?tenant=a").await;
    assert_eq!(audit["lines"][0]["detail"]["selector"], json!(digest["sha256:".len()..]));
}

#[tokio::test]
async fn mapping_and_selector_are_deployed_each_by_itself_and_taken_back() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.select(json!({ "selector": new(&always(1)) })).await;
    assert_eq!(host.account("acme", "one").await, "b");
    // Other settings of the mapping keep the selector.
    let excluded = json!({ "settings": { "event_types": { "exclude": ["x"] } } });
    let deployed = host.select(excluded).await;
    assert_eq!((&deployed["version"], deployed["selector"].is_object()), (&json!(3), true), "{deployed}");
    assert_eq!(host.account("acme", "two").await, "b");
    // Another selector keeps the mapping, also its settings.
    let deployed = host.select(json!({ "selector": new(&always(2)) })).await;
    assert_eq!(deployed["settings_digest"], deployed["before"]["settings_digest"]);
    assert_eq!(deployed["mapping"], deployed["before"]["mapping"]);
    assert_eq!(host.account("acme", "three").await, "c");
    // Its settings alone.
    let deployed = host.select(json!({ "selector_settings": { "own": 1.0 } })).await;
    assert_eq!(deployed["selector"]["component"], deployed["before"]["selector"]["component"]);
    assert_ne!(deployed["selector"]["settings_digest"], deployed["before"]["selector"]["settings_digest"]);
    let version = &host.admin("/versions?tenant=acme").await["versions"][0];
    assert_eq!(version["selector"]["settings"], json!({ "own": 1.0 }));
    host.order("/versions/rollback", json!({ "to": 2 })).await;
    assert_eq!(host.account("acme", "four").await, "b");
    // What is in force outlasts a kill.
    let host = host.restart().await;
    assert_eq!((host.account("acme", "five").await, &host.status("acme").await["version"]), (json!("b"), &json!(2)));
    let deployed = host.select(json!({ "selector": "none" })).await;
    assert_eq!(deployed["selector"], Value::Null, "{deployed}");
    assert_eq!(host.account("acme", "six").await, "a");
    host.order("/versions/rollback", json!({ "to": 4 })).await;
    assert_eq!(host.account("acme", "seven").await, "c");
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_is_written_down() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "").replace("[queue]", "[limits]\ndeadline_ms = 50\n[queue]")).await;
    host.select(json!({ "selector": new(&always(1)) })).await;
    let loops = guest::selector("(func $on_select (param i32 i32) (loop $again (br $again)))");
    let import = r#"(import "accoil:event-stream/group-choice@1.0.0" (instance))"#;
    let asks = guest::assemble(&guest::selector_text_with("", import, ""));
    for (body, code) in [
        (json!({ "component": new(&without_choice()) }), "mapping-without-choice"),
        (json!({ "component": "live", "selector": new(&loops) }), "admission-trial"),
        (
            json!({ "component": "live", "selector": new(&loops), "selector_on_fault": "default-rule" }),
            "admission-trial",
        ),
        (json!({ "component": "live", "selector": new(&asks) }), "component-import"),
        (json!({ "component": "live", "selector": new(&guest::component("")) }), "component-import"),
        (json!({ "component": "live", "selector": new(&strict()) , "selector_settings": {"x":1} }), "settings-invalid"),
    ] {
        let (status, answer) = host.try_order("/versions/deploy", body).await;
        assert_eq!((status, &answer["code"]), (422, &json!(code)), "{answer}");
        let line = host.audit().await.pop().unwrap();
        assert_eq!((&line["what"], &line["detail"]["code"]), (&json!("refuse"), &json!(code)), "{line}");
        let (status, answer) = host
            .try_order("/experiments/start", json!({ "component": "live", "selector": new(&asks), "share": 1.0 }))
            .await;
        assert_eq!((status, &answer["code"]), (422, &json!("component-import")), "{answer}");
    }
    let none = json!({ "component": "live", "selector": "none", "selector_settings": {} });
    assert_eq!(host.try_order("/versions/deploy", none).await.0, 400);
    assert_eq!(host.status("acme").await["version"], 2);
    assert_eq!(host.account("acme", "one").await, "b");
}

/// A mapping that decides by itself.
fn without_choice() -> Vec<u8> {
    let text = guest::text("");
    let start = text.find(r#"(import "accoil:event-stream/group-choice@1.0.0""#).unwrap();
    let end = start + text[start..].find("(result $selection)))))").unwrap() + "(result $selection)))))".len();
    guest::assemble(&(text[..start].to_owned() + &text[end..]))
}

/// Its schema takes no settings at all.
fn strict() -> Vec<u8> {
    guest::selector(
        r#"(data (i32.const 512) "s1{\"maxProperties\":0}")
        (func (export "describe") (result i32)
          (i32.store (i32.const 600) (i32.const 512)) (i32.store (i32.const 604) (i32.const 1))
          (i32.store (i32.const 608) (i32.const 513)) (i32.store (i32.const 612) (i32.const 1))
          (i32.store (i32.const 616) (i32.const 514)) (i32.store (i32.const 620) (i32.const 0))
          (i32.store (i32.const 624) (i32.const 514)) (i32.store (i32.const 628) (i32.const 19))
          (i32.const 600))"#,
    )
}

#[tokio::test]
async fn a_canary_and_an_experiment_of_a_selector() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let start = json!({ "component": "live", "selector": new(&always(1)), "share": 1.0 });
    let started = host.order("/experiments/start", start).await;
    assert!(started["selector"]["component"].is_string(), "{started}");
    assert_eq!(host.account("acme", "one").await, "a");
    assert_eq!(host.admin("/experiments?tenant=acme").await["selector"], started["selector"]);
    let ran = host.run(&["experiments", "status", "--config", "client.toml"]);
    assert!(ran.exit == 0 && ran.out.contains("group selector "), "{ran:?}");
    let stopped = host.order("/experiments/stop", json!({})).await;
    assert_eq!(stopped["report"]["events"]["differing"], 1, "{stopped}");
    host.select(json!({ "selector": new(&always(2)), "canary": 1.0 })).await;
    assert!(host.status("acme").await["canary"]["selector"].is_object());
    assert_eq!(host.account("acme", "two").await, "c");
    host.order("/versions/rollback", json!({})).await;
    assert_eq!(host.account("acme", "three").await, "a");
}

#[tokio::test]
async fn a_selector_in_the_configuration_is_reloaded() {
    let accoil = Accoil::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("selector.wasm"), always(1)).unwrap();
    let with = |settings: &str| {
        config(&accoil, &format!("\n[tenants.selector]\ncomponent = \"selector.wasm\"\nsettings = {settings}"))
    };
    let host = Host::start_in(folder, &with("{}"), &[]).await;
    assert_eq!(host.account("acme", "one").await, "b");
    // The file itself changes: it is noticed.
    std::fs::write(host.path("selector.wasm"), always(2)).unwrap();
    host.until_status("acme", |status| status["version"] == 2).await;
    assert_eq!(host.account("acme", "two").await, "c");
    host.configure(&with("{ own = 1 }"));
    host.until_status("acme", |status| status["version"] == 3).await;
    assert_eq!(host.account("acme", "three").await, "c");
    std::fs::write(host.path("selector.wasm"), b"garbage").unwrap();
    host.until_log("component-not-wasm").await;
    assert_eq!(host.account("acme", "four").await, "c");
    host.configure(&config(&accoil, ""));
    host.until_status("acme", |status| status["version"] == 4).await;
    assert_eq!(host.account("acme", "five").await, "a");
}

#[tokio::test]
async fn what_a_selector_fails_on_is_a_dead_letter_or_goes_by_the_default_rule() {
    let accoil = Accoil::start().await;
    // Without a watch nobody takes over, and admission does not look at the events that it fails on.
    let text = format!("{}\n[rollout]\nwatch_s = 0\n[admission]\nrecent_events = 0\n", config(&accoil, ""));
    let host = Host::start(&text).await;
    host.select(json!({ "selector": new(&by_type()) })).await;
    host.accept("acme", &members(&["1", "unreachable", "zero", "2", "5", "k: 200 MB", "loop"])).await;
    host.until_drained("acme").await;
    let mut reasons: Vec<_> =
        host.dead_letters().await.iter().map(|dead| dead["reason"].as_str().unwrap().to_owned()).collect();
    reasons.sort();
    assert_eq!(
        reasons,
        ["selector-deadline", "selector-invalid-output", "selector-memory", "selector-panic", "selector-panic"]
    );
    assert_eq!(host.status("acme").await["delivered"], 2);
    host.select(json!({ "selector_on_fault": "default-rule" })).await;
    assert_eq!(host.account("acme", "u2").await, "a");
    assert_eq!(host.account("acme", "z2").await, "a");
    let story = host.admin("/events/u2").await;
    assert!(story["selection"].as_str().unwrap().starts_with("default rule, since it failed (panic: "), "{story}");
    let metrics = host.metrics().await;
    let counted = "accoil_stream_selector_fallbacks_total{tenant=\"acme\",kind=\"panic\"} 2\n";
    assert!(metrics.contains(counted), "{metrics}");
    let told = "the mapping's own rule chose the account instead of the group selector";
    assert_eq!(host.log().matches(told).count(), 1, "once a minute");
    // Once the selector is better, the dead letters are replayed by it.
    host.select(json!({ "selector": new(&always(1)) })).await;
    assert_eq!(host.command("/dead-letters/replay", &json!({ "all": true })).await.0, 200);
    host.until_status("acme", |status| status["dead_letters"] == 0).await;
}

/// A version that falls back where the one before did not is taken back, and its events go by the one before.
#[tokio::test]
async fn a_version_whose_selector_fails_is_taken_back_whoever_steps_in() {
    for on_fault in ["dead-letter", "default-rule"] {
        let accoil = Accoil::start().await;
        let host = Host::start(&config(&accoil, "")).await;
        host.select(json!({ "selector": new(&always(1)) })).await;
        host.select(json!({ "selector": new(&by_type()), "selector_on_fault": on_fault })).await;
        let names: Vec<String> = (0..20).map(|number| format!("u{number}")).collect();
        host.accept("acme", &members(&names.iter().map(String::as_str).collect::<Vec<_>>())).await;
        let status = host.until_drained("acme").await;
        assert_eq!((&status["version"], &status["dead"]), (&json!(2), &json!(0)), "{on_fault}: {status}");
        assert_eq!(status["rolled_back"]["condemned"], 3, "{status}");
        assert_eq!(accounts(&accoil), ["b"], "{on_fault}: what says nothing new is not sent");
    }
}

#[tokio::test]
async fn a_selector_that_loops_takes_no_other_tenants_time() {
    let (accoil, other) = (Accoil::start().await, Accoil::start().await);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("selector.wasm"), by_type()).unwrap();
    let bad = tenant("bad", &accoil, "\n[tenants.selector]\ncomponent = \"selector.wasm\"");
    let host = Host::start_in(folder, &format!("{}{bad}{}", base(), tenant("good", &other, "")), &[]).await;
    let loops: Vec<String> = (0..300).map(|number| format!("l{number}")).collect();
    host.accept("bad", &members(&loops.iter().map(String::as_str).collect::<Vec<_>>())).await;
    host.until_log("use up its time").await;
    let mut waits = Vec::new();
    for number in 0..20 {
        let start = Instant::now();
        host.accept("good", &members(&[&format!("e{number}")])).await;
        other.until_tracked(number + 1).await;
        waits.push(start.elapsed());
    }
    waits.sort_unstable();
    assert!(waits[17] < Duration::from_millis(500), "{waits:?}");
    // Few are burned: a better selector finds a backlog.
    let better = json!({ "tenant": "bad", "selector": new(&always(1)) });
    host.select(better).await;
    let status = host.until_drained("bad").await;
    let dead = status["dead"].as_u64().unwrap();
    assert!((1..=60).contains(&dead), "{status}");
    assert_eq!(accoil.tracks().len() as u64 + dead, 300);
    let reasons = host.dead_letters().await;
    assert!(reasons.iter().all(|dead| dead["reason"] == "selector-deadline"), "{reasons:?}");
}

#[tokio::test]
async fn a_selector_that_is_saved_in_the_watched_folder_goes_live() {
    let accoil = Accoil::start().await;
    let host = Host::start(&format!("{}\n[rollout]\nwatch_dir = \"mappings\"\n", config(&accoil, ""))).await;
    std::fs::create_dir(host.path("mappings")).unwrap();
    std::fs::write(host.path("mappings/acme.selector.json"), r#"{"own":1.0}"#).unwrap();
    std::fs::write(host.path("mappings/acme.selector.wasm"), always(1)).unwrap();
    host.until_status("acme", |status| status["version"] == 2).await;
    let version = host.admin("/versions?tenant=acme").await["versions"][0].clone();
    assert_eq!(version["selector"]["settings"], json!({ "own": 1.0 }), "{version}");
    assert_eq!(host.account("acme", "one").await, "b");
    // A mapping beside it keeps it, and it is not deployed again for that.
    host.select(json!({ "selector": new(&always(2)) })).await;
    std::fs::write(host.path("mappings/acme.wasm"), accoil_stream::sandbox::DEFAULT_COMPONENT).unwrap();
    std::fs::write(host.path("mappings/acme.json"), r#"{"event_types":{"exclude":["x"]}}"#).unwrap();
    host.until_status("acme", |status| status["version"] == 4).await;
    assert_eq!(host.account("acme", "two").await, "c");
    std::fs::write(host.path("mappings/acme.selector.wasm"), b"garbage").unwrap();
    host.until_log("not deployed").await;
    assert_eq!(host.account("acme", "three").await, "c");
}

#[tokio::test]
async fn compare_runs_each_version_with_its_own_selector() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.accept("acme", &members(&["one", "two"])).await;
    host.until_drained("acme").await;
    host.select(json!({ "selector": new(&always(1)) })).await;
    std::fs::write(host.path("same.wasm"), always(1)).unwrap();
    std::fs::write(host.path("other.wasm"), always(2)).unwrap();
    let compare = |more: &[&str]| {
        let ran = host.run(&[&["compare", "--tenant", "acme", "--config", "client.toml", "--json"], more].concat());
        let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
        (report["events"]["compared"].clone(), report["events"]["differing"].clone())
    };
    assert_eq!(compare(&["--candidate", "version:1"]), (json!(2), json!(2)));
    assert_eq!(compare(&["--candidate", "version:2"]), (json!(2), json!(0)));
    assert_eq!(compare(&["--baseline", "version:1", "--candidate-selector", "same.wasm"]), (json!(2), json!(2)));
    assert_eq!(compare(&["--candidate-selector", "same.wasm"]), (json!(2), json!(0)));
    assert_eq!(compare(&["--candidate-selector", "other.wasm"]), (json!(2), json!(2)));
    assert_eq!(compare(&["--candidate-selector", "none"]), (json!(2), json!(2)));
    assert_eq!(compare(&["--candidate", "default"]), (json!(2), json!(0)));
}
