//! The service is killed amid something: a change of the mapping, a replay, retries.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::kill::{DELIVERS, MAPPING, assert_whole, cycles, folder};
use crate::oracle::host::config;
use crate::oracle::load::{Load, Random, judge, tracks};
use crate::oracle::{Accoil, Host, Reply, event};
use crate::sandbox::guest;

/// A mapping that delivers two tracks for each event, whose names end with one letter and the other.
const DELIVERS_TWICE: &str = include_str!("../sandbox/guests/delivers_twice.wat");

/// The component's digest as the status has it, once there is this version.
async fn mapping_of(host: &Host, version: u32) -> String {
    host.until_status("acme", |status| status["version"] == version).await["mapping"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amid_changes_of_the_mapping_each_event_is_mapped_by_one_version() {
    let accoil = Accoil::start().await;
    let folder = folder(DELIVERS_TWICE);
    let other = guest::component(&DELIVERS_TWICE.replace("{}Aa", "{}Bb"));
    std::fs::write(folder.path().join("other.wasm"), other).unwrap();
    let texts = [MAPPING.to_owned(), MAPPING.replace("mapping.wasm", "other.wasm")].map(|text| config(&accoil, &text));
    let (mut random, load) = (Random::new(3), Load::of("acme"));
    let mut host = Host::start_in(folder, &texts[0], &[]).await;
    let first = mapping_of(&host, 1).await;
    host.configure(&texts[1]);
    let second = mapping_of(&host, 2).await;
    for cycle in 0..cycles(30) {
        load.at(host.ingest);
        tokio::time::sleep(random.moment(20, 200)).await;
        let text = &texts[cycle as usize % 2];
        host.configure(text);
        host.signal("HUP");
        tokio::time::sleep(random.moment(0, 150)).await;
        load.away();
        let folder = host.kill();
        accoil.next_generation().await;
        host = Host::start_in(folder, text, &[]).await;
    }
    load.at(host.ingest);
    let ledger = load.end().await;
    let status = host.until_drained("acme").await;
    let (calls, mut letters) = (accoil.calls(), BTreeMap::<String, String>::new());
    for call in calls.iter().filter(|call| call.kind == "track") {
        let (name, letter) = call.event().split_at(call.event().len() - 1);
        letters.entry(name.to_owned()).or_default().push_str(letter);
    }
    for (name, letters) in &letters {
        let is_whole = ["A", "B"].iter().any(|one| {
            let other = one.to_lowercase();
            letters.contains(one) && letters.contains(&other) && letters.replace(one, "").replace(&other, "").is_empty()
        });
        assert!(is_whole, "{name} was delivered as {letters}");
    }
    for letter in ["A", "a", "B", "b"] {
        assert!(letters.values().any(|letters| letters.contains(letter)), "never mapped by {letter}");
    }
    // The order of both versions' tracks together, of the first ones and of the second ones.
    for case in [char::is_uppercase, char::is_lowercase] {
        let of_case: Vec<_> = calls.iter().filter(|call| call.event().ends_with(case)).cloned().collect();
        let mut tracks = tracks(&of_case, "");
        tracks.iter_mut().for_each(|track| track.name.truncate(track.name.len() - 1));
        assert_whole(&ledger, &judge(&tracks));
    }
    let step = letters.len() / 200 + 1;
    for (name, letters) in letters.iter().step_by(step) {
        let story = host.admin(&format!("/events/{name}?tenant=acme")).await;
        let mapping = format!("sha256:{}", story["pin"]["mapping"].as_str().unwrap());
        assert_eq!(&mapping, if letters.starts_with('A') { &first } else { &second }, "{story}");
    }
    eprintln!("{} events by {} versions", letters.len(), status["version"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amid_a_replay_no_dead_letter_is_lost_and_no_track_doubled() {
    const EVENTS: usize = 300;
    let accoil = Accoil::behaving(|call| match call.event().ends_with('a') {
        true => Reply::status(400),
        false => Reply::ok(),
    })
    .await;
    let text = config(&accoil, MAPPING);
    let mut host = Host::start_in(folder(DELIVERS_TWICE), &text, &[]).await;
    let names: Vec<_> = (0..EVENTS).map(|number| format!("u{}-{number:03}", number % 20)).collect();
    let events: Vec<_> = names.iter().map(|name| event(name.split_once('-').unwrap().0, name)).collect();
    host.accept("acme", &events).await;
    host.until_drained("acme").await;
    assert_eq!(host.dead_letters().await.len(), EVENTS);
    let (random, mut own) = (Mutex::new(Random::new(4)), Random::new(5));
    accoil.behave(move |call| match call.event().ends_with('a') && random.lock().unwrap().below(10) < 8 {
        true => Reply::status(400),
        false => Reply::ok(),
    });
    let mut kills = 0;
    for _ in 0..cycles(12) {
        let replay = json!({ "tenant": "acme" });
        let killed = tokio::time::timeout(own.moment(0, 120), host.command("/dead-letters/replay", &replay)).await;
        if killed.is_ok() {
            tokio::time::sleep(own.moment(0, 120)).await;
        }
        let folder = host.kill();
        accoil.next_generation().await;
        kills += 1;
        host = Host::start_in(folder, &text, &[]).await;
        let status = host.status("acme").await;
        let open = status["queued"].as_u64().unwrap() + status["dead_letters"].as_u64().unwrap();
        let ended = tracks(&accoil.calls(), "a")
            .iter()
            .map(|track| track.name.clone())
            .collect::<std::collections::BTreeSet<_>>();
        assert!(open as usize + ended.len() >= EVENTS, "{status}: {} ended", ended.len());
    }
    accoil.behave(|_| Reply::ok());
    host.until_drained("acme").await;
    let left = host.dead_letters().await.len();
    host.command("/dead-letters/replay", &json!({ "all": true })).await;
    host.until_drained("acme").await;
    assert!(host.dead_letters().await.is_empty());
    let calls = accoil.calls();
    let (first, second) = (tracks(&calls, "A"), tracks(&calls, "a"));
    // The first ones were delivered and settled before any kill.
    assert_eq!(first.len(), EVENTS);
    let mut delivered = BTreeMap::<&str, Vec<u32>>::new();
    second.iter().for_each(|track| delivered.entry(&track.name).or_default().push(track.generation));
    assert_eq!(delivered.len(), EVENTS);
    let doubles = delivered.values().filter(|generations| generations.len() > 1).count();
    for (name, generations) in &delivered {
        assert!(generations.windows(2).all(|pair| pair[0] < pair[1]), "{name} in {generations:?}");
    }
    eprintln!("{kills} kills amid replays of {EVENTS} dead letters: {doubles} twice, {left} left for the last replay");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amid_retries_attempts_are_counted_on_and_order_is_kept() {
    const USERS: u32 = 5;
    let accoil = Accoil::behaving(|_| Reply::status(500)).await;
    let text = config(&accoil, MAPPING).replace("[delivery]\n", "[delivery]\ncircuit_failures = 1000\n");
    let mut host = Host::start_in(folder(DELIVERS), &text, &[]).await;
    for number in 0..10 {
        let events: Vec<Value> =
            (0..USERS).map(|user| event(&format!("u{user}"), &format!("u{user}-{number}"))).collect();
        host.accept("acme", &events).await;
    }
    let (mut random, kills, mut before) = (Random::new(6), cycles(15), vec![0; USERS as usize]);
    for _ in 0..kills {
        tokio::time::sleep(random.moment(50, 400)).await;
        check_attempts(&host, &accoil, &mut before).await;
        let folder = host.kill();
        accoil.next_generation().await;
        host = Host::start_in(folder, &text, &[]).await;
        check_attempts(&host, &accoil, &mut before).await;
    }
    // One try for each kill may not be counted.
    for (user, attempts) in before.iter().enumerate() {
        let tries = accoil.calls().iter().filter(|call| call.user() == format!("u{user}")).count() as u64;
        assert!(*attempts > u64::from(kills) && tries - attempts <= u64::from(kills) + 1, "{attempts} of {tries}");
    }
    eprintln!("attempts after {kills} kills: {before:?}");
    accoil.behave(|_| Reply::ok());
    host.until_drained("acme").await;
    assert!(accoil.counts().values().all(|count| *count == 1));
    for order in accoil.orders().values() {
        assert!(order.len() == 10 && order.is_sorted(), "{order:?}");
    }
}

/// The attempts at each user's first event, as they are on disk, never become fewer.
async fn check_attempts(host: &Host, accoil: &Accoil, before: &mut [u64]) {
    for (user, before) in before.iter_mut().enumerate() {
        let story = host.admin(&format!("/events/u{user}-0?tenant=acme")).await;
        let attempts = story["attempt"]["attempts"].as_u64().unwrap_or_default();
        let tries = accoil.calls().iter().filter(|call| call.user() == format!("u{user}")).count() as u64;
        assert!((*before..=tries).contains(&attempts), "{attempts} after {before} of {tries}: {story}");
        *before = attempts;
    }
}
