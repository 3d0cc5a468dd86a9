//! Versions change, by the thousand, while events flow.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::kill::assert_whole;
use crate::oracle::host::config;
use crate::oracle::load::{Load, Random, judge, tracks};
use crate::oracle::{Accoil, Host, events};
use crate::service::rollout::{Store, twice, version_at};

/// Swaps of the whole test, and kills among them.
const SWAPS: usize = 1000;
const KILLS: usize = 10;

/// How much more memory may be in use after hundreds of swaps, in kB.
const FLAT_KB: u64 = 16 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_swaps_with_kills_among_them_and_each_event_is_wholly_of_one_version() {
    let (accoil, mut random, load) = (Accoil::start().await, Random::new(11), Load::of("acme"));
    let text = config(&accoil, "");
    let mut host = Host::start(&text).await;
    let first = host.deploy(&twice('a'), json!({})).await;
    let second = host.deploy(&twice('b'), json!({})).await;
    let versions = [&first, &second].map(|answer| answer["version"].as_u64().unwrap() as u32);
    let letters: BTreeMap<u32, &str> = BTreeMap::from([(versions[0], "Aa"), (versions[1], "Bb")]);
    let mut reported = Vec::new();
    let mut begun_with = 0;
    for kill in 0..=KILLS {
        load.at(host.ingest);
        for swap in 0..SWAPS / (KILLS + 1) {
            let to = versions[swap % 2];
            let answer = host.order("/versions/rollback", json!({ "to": to })).await;
            reported.push((answer["version"].as_u64().unwrap() as u32, answer["from"].as_u64().unwrap()));
            tokio::time::sleep(Duration::from_millis(random.below(6))).await;
            if swap == 10 {
                begun_with = host.memory_kb();
            }
        }
        if kill < KILLS {
            // Also amid a swap.
            let last = host.try_order("/versions/rollback", json!({ "to": versions[kill % 2] }));
            let _ = tokio::time::timeout(random.moment(0, 20), last).await;
            load.away();
            let folder = host.kill();
            accoil.next_generation().await;
            host = Host::start_in(folder, &text, &[]).await;
        }
    }
    let grown = host.memory_kb().saturating_sub(begun_with);
    assert!(grown < FLAT_KB, "{grown} kB more than at the tenth swap");
    let ledger = load.end().await;
    let status = host.until_drained("acme").await;
    assert_eq!((&status["skipped"], &status["dead_letters"]), (&json!(0), &json!(0)), "{status}");
    let ran = host.run(&["mappings", "list", "--config", "client.toml"]);
    assert!(ran.exit == 0 && ran.out.lines().count() == 29, "{ran:?}");
    let (_, _, folder) = host.stop().await;
    let store = Store::open(folder.path());
    let activations = store.activations();
    let last = format!("and {} older changes; ask for them with --limit (1000 at most)\n", activations.len() - 20);
    assert!(ran.out.ends_with(&last), "{ran:?}");
    for (version, from) in &reported {
        assert!(
            activations.iter().any(|activation| (activation.version, activation.from) == (*version, *from)),
            "version {version} was reported from {from} on"
        );
    }
    assert!(activations.windows(2).all(|pair| pair[0].from <= pair[1].from));
    // Each event ran under the version in force for it, and all that was delivered of it is of that one.
    let mut delivered = BTreeMap::<String, String>::new();
    let calls = accoil.calls();
    for call in calls.iter().filter(|call| call.kind == "track") {
        let (name, letter) = call.event().split_at(call.event().len() - 1);
        let letters = delivered.entry(name.to_owned()).or_default();
        letters.extend(letter.chars().filter(|letter| !letters.contains(*letter)).collect::<Vec<_>>());
    }
    let settled = store.settled();
    assert_eq!(settled.len(), delivered.len());
    for event in &settled {
        assert_eq!(event.version, version_at(&activations, event.seq), "{event:?}");
        assert_eq!(delivered[&event.id], letters[&event.version], "{event:?}");
    }
    for case in [char::is_uppercase, char::is_lowercase] {
        let of_case: Vec<_> = calls.iter().filter(|call| call.event().ends_with(case)).cloned().collect();
        let mut tracks = tracks(&of_case, "");
        tracks.iter_mut().for_each(|track| track.name.truncate(track.name.len() - 1));
        let judgement = judge(&tracks);
        assert_whole(&ledger, &judgement);
        assert!(judgement.most_doubles() <= 8 * 16, "{:?}", judgement.doubles);
    }
    let both = versions.map(|version| settled.iter().filter(|event| event.version == version).count());
    assert!(both.iter().all(|count| *count > 100), "{both:?}");
    eprintln!("{} swaps, {} events, {grown} kB more memory", reported.len(), settled.len());
}

/// A backlog runs on the version in force when it is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_of_a_hundred_thousand_runs_on_the_version_in_force_when_it_is_taken() {
    const BACKLOG: usize = 100_000;
    let accoil = Accoil::start().await;
    let only = |name: &str| json!({ "event_types": { "include": [name] } });
    // Each version skips everything: what counts is by which one.
    let skips = "\n[tenants.mapping]\nsettings = { event_types = { include = [\"b\"] } }";
    let text = |paused: &str| config(&accoil, &format!("{paused}{skips}"));
    let host = Host::start(&text("paused = true")).await;
    for part in 0..BACKLOG / 2000 {
        host.accept("acme", &events("u", part * 2000..(part + 1) * 2000)).await;
    }
    let first = host.order("/versions/deploy", json!({ "component": "live", "settings": only("a") })).await;
    assert_eq!(first["from"], 1, "nothing was taken: {first}");
    host.configure(&text(""));
    host.until_status("acme", |status| status["skipped"].as_u64() > Some(1000)).await;
    let second = host.order("/versions/rollback", json!({ "to": 1 })).await;
    let third = host.order("/versions/deploy", json!({ "component": "live", "settings": only("c") })).await;
    let from = |answer: &serde_json::Value| answer["from"].as_u64().unwrap();
    assert!(1000 < from(&second) && from(&second) <= from(&third) && from(&third) < BACKLOG as u64, "{third}");
    host.until_drained("acme").await;
    let (_, _, folder) = host.stop().await;
    let store = Store::open(folder.path());
    let (settled, activations) = (store.settled(), store.activations());
    assert_eq!(settled.len(), BACKLOG);
    for event in &settled {
        assert_eq!(event.version, version_at(&activations, event.seq), "{event:?}");
    }
    let is = |seq: u64| settled[seq as usize - 1].version;
    assert_eq!(u64::from(is(from(&third) - 1) != is(from(&third))), 1);
}

#[tokio::test]
async fn two_operators_deploy_at_once_and_one_learns_that_the_other_was_faster() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    let (a, b) = (twice('a'), twice('b'));
    let deploy = |component: Vec<u8>| {
        let body = json!({ "component": crate::service::rollout::new(&component), "expect": 1 });
        host.try_order("/versions/deploy", body)
    };
    let (one, other) = tokio::join!(deploy(a), deploy(b));
    let mut answers = [one, other];
    answers.sort_by_key(|(status, _)| *status);
    assert_eq!(answers[0].0, 200, "{answers:?}");
    assert_eq!((answers[1].0, &answers[1].1["code"]), (409, &json!("version-conflict")), "{answers:?}");
    assert_eq!(host.status("acme").await["version"], answers[0].1["version"]);
    assert_eq!(host.audited().await, ["configure", "deploy", "refuse"]);
}

#[tokio::test]
async fn what_was_deployed_outlasts_a_restart_until_the_configuration_says_something_else() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.deploy(&twice('a'), json!({})).await;
    let host = host.restart().await;
    assert_eq!(host.status("acme").await["version"], 2);
    host.command("/reload", &json!({})).await;
    host.accept("acme", &events("u", 0..1)).await;
    accoil.until(|calls| calls.iter().any(|call| call.event() == "u-0a")).await;
    host.configure(&config(&accoil, "\n[tenants.mapping]\nsettings = { properties = [\"plan\"] }"));
    host.until_status("acme", |status| status["version"] == 3).await;
    host.order("/versions/rollback", json!({})).await;
    let host = host.restart().await;
    assert_eq!(host.status("acme").await["version"], 2, "a rollback is not undone by the same configuration");
}

/// The folder that is watched: what is saved there goes live, and what is refused does not.
#[tokio::test]
async fn a_component_that_is_saved_in_the_watched_folder_goes_live() {
    let accoil = Accoil::start().await;
    let host = Host::start(&format!("{}\n[rollout]\nwatch_dir = \"mappings\"\n", config(&accoil, ""))).await;
    std::fs::create_dir(host.path("mappings")).unwrap();
    std::fs::write(host.path("mappings/acme.wasm"), twice('a')).unwrap();
    host.until_log("deployed from the watched folder").await;
    host.accept("acme", &events("u", 0..1)).await;
    accoil.until(|calls| calls.iter().any(|call| call.event() == "u-0a")).await;
    std::fs::write(host.path("mappings/acme.wasm"), b"garbage").unwrap();
    host.until_log("not deployed").await;
    assert_eq!(host.status("acme").await["version"], 2);
}
