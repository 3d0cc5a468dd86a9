//! The product against the reference, on thousands of random events.

use std::io::Write;
use std::process::{Command, Stdio};

use accoil_stream::event::Event;

use super::generate::{Random, Writer};
use super::json::Json;
use super::words::KIN;
use super::{lines, mapping, reference};

const SETTINGS: u64 = 150;
const EVENTS: usize = 80;

#[test]
fn every_outcome_is_what_the_rules_say() {
    // Another start, or more of them, for a longer search by hand.
    let number = |name: &str, default| std::env::var(name).map_or(default, |value| value.parse().unwrap());
    let (start, rounds) = (number("MAPPING_SEED", 0), number("MAPPING_ROUNDS", SETTINGS));
    let mut differences = Vec::new();
    let (mut events_seen, mut delivered) = (0, 0);
    for seed in start..start + rounds {
        let (settings, events) = round(seed, EVENTS);
        let checked = mapping().settings(&settings).unwrap_or_else(|error| panic!("seed {seed}: {error}: {settings}"));
        let expected: Vec<_> = events.iter().map(|event| reference::line(&settings, event.as_bytes())).collect();
        let mut read = Vec::new();
        for (event, expected) in events.iter().zip(expected) {
            match (Event::read(event.as_bytes()), expected) {
                (Ok(canonical), Some(expected)) => read.push((event, canonical, expected)),
                (Err(_), None) => {}
                (Ok(_), None) => differences.push(format!("seed {seed}: taken for an event: {event}")),
                (Err(error), Some(_)) => differences.push(format!("seed {seed}: {error}: {event}")),
            }
        }
        let canonical: Vec<_> = read.iter().map(|(_, event, _)| event.clone()).collect();
        for ((event, _, expected), found) in read.iter().zip(lines(&checked, &canonical)) {
            events_seen += 1;
            delivered += usize::from(found.starts_with(r#"{"outcome":"deliver""#));
            if !agree(event, expected, &found) {
                differences.push(format!(
                    "seed {seed}\n  settings {settings}\n  event    {event}\n  expected {expected}\n  found    {found}"
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), first(&differences));
    // The generator must not have gone lame.
    assert!(events_seen > rounds as usize * EVENTS * 9 / 10, "only {events_seen} were events");
    assert!(delivered > events_seen / 3, "only {delivered} of {events_seen} were delivered");
}

#[test]
fn a_preferred_trait_matches_whatever_means_the_same() {
    let mut matches = 0;
    for wanted in KIN {
        let settings = format!(r#"{{"primary_group":{{"prefer_where":{{"trait":"plan","equals":{wanted}}}}}}}"#);
        let checked = mapping().settings(&settings).unwrap();
        let events = KIN.map(|value| {
            format!(
                r#"{{"event_type":"e","user_id":"u","groups":{{"a":[1,2]}},"group_properties":{{"a":{{"2":{{"plan":{value}}}}}}}}}"#
            )
        });
        let read: Vec<_> = events.iter().map(|event| Event::read(event.as_bytes()).unwrap()).collect();
        for ((event, found), value) in events.iter().zip(lines(&checked, &read)).zip(KIN) {
            assert_eq!(Some(&found), reference::line(&settings, event.as_bytes()).as_ref(), "{wanted} and {value}");
            matches += usize::from(found.contains(r#""groupId":"2""#));
        }
    }
    // Each matches itself, and some match others.
    assert!((KIN.len() + 10..KIN.len() * KIN.len() / 2).contains(&matches), "{matches} match");
}

#[test]
fn the_program_prints_the_same_lines() {
    let (settings, events) = round(7_000_001, 2000);
    let expected: Vec<_> = events.iter().map(|event| reference::line(&settings, event.as_bytes())).collect();
    let folder = tempfile::tempdir().unwrap();
    let settings_file = folder.path().join("settings.json");
    std::fs::write(&settings_file, &settings).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_accoil-stream-under-test"))
        .args(["transform", "-", "--settings"])
        .arg(&settings_file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    let text = events.join("\n") + "\n";
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = program.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().count(), events.len(), "{}", String::from_utf8_lossy(&output.stderr));
    for ((found, expected), event) in printed.lines().zip(expected).zip(events) {
        match expected {
            Some(expected) => assert!(agree(&event, &expected, found), "{event}\n{expected}\n{found}"),
            None => assert!(found.starts_with(r#"{"outcome":"invalid","reason":""#), "{found} for {event}"),
        }
    }
}

/// To the byte; where the event has escapes of its own, however they are passed on.
fn agree(event: &str, expected: &str, found: &str) -> bool {
    let says = |line: &str| Json::read(line.as_bytes());
    expected == found
        || (event.contains('\\')
            && says(expected).zip(says(found)).is_some_and(|(expected, found)| expected.says(&found)))
}

fn round(seed: u64, events: usize) -> (String, Vec<String>) {
    let mut random = Random(seed);
    let settings = Writer::new(&mut random).settings();
    (settings, (0..events).map(|_| Writer::new(&mut random).event()).collect())
}

fn first(differences: &[String]) -> String {
    differences.iter().take(5).cloned().collect::<Vec<_>>().join("\n")
}
