//! What a disk did to the store while nobody looked: it is found, told, and never passed over.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::oracle::host::{command, config};
use crate::oracle::{Accoil, Host, event, events};

const FRAME: usize = 4096 + 24;

pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Flips a bit.
fn flip(path: &Path, at: usize) {
    let mut file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.write_all(&[byte[0] ^ 1]).unwrap();
}

fn places(haystack: &[u8], needle: &str) -> Vec<usize> {
    haystack
        .windows(needle.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == needle.as_bytes())
        .map(|one| one.0)
        .collect()
}

/// Starts the service where it must not start; gives its exit code, 0 if it started, and what it said.
pub(crate) fn refused(folder: &Path) -> (i32, String) {
    let mut child = command(folder, &[]).stdout(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap_or_default(), String::from_utf8(output.stderr).unwrap())
}

#[track_caller]
pub(crate) fn assert_refused(folder: &Path, code: &str, words: &[&str]) {
    let (exit, said) = refused(folder);
    assert!(exit > 1, "{exit}: {said}");
    for words in [&[&*format!("error[{code}]:")], words].concat() {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
}

/// A folder in which a paused service was killed with requests of these numbers of events in its log.
async fn killed(accoil: &Accoil, requests: &[usize]) -> tempfile::TempDir {
    let host = Host::start(&config(accoil, "paused = true")).await;
    let mut count = 0;
    for number in requests {
        host.accept("acme", &events("u", count..count + number)).await;
        count += number;
    }
    host.kill()
}

/// Starts it without the pause and looks which events come.
async fn assert_delivers(accoil: &Accoil, folder: tempfile::TempDir, arguments: &[&str], expected: &[String]) -> Host {
    let host = Host::start_in(folder, &config(accoil, ""), arguments).await;
    host.until_drained("acme").await;
    assert_eq!(accoil.orders().remove("u").unwrap_or_default(), expected);
    host
}

fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("u-{number}")).collect()
}

#[tokio::test]
async fn an_event_whose_body_was_changed_is_a_dead_letter_and_the_others_are_delivered() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "paused = true")).await;
    host.accept("acme", &events("u", 0..20)).await;
    // Stopped in order, so that the events are in the store's file; then killed.
    let (_, _, folder) = host.stop().await;
    let folder = Host::start_in(folder, &config(&accoil, "paused = true"), &[]).await.kill();
    let file = folder.path().join("data/queue.db");
    let places = places(&read(&file), "\"event_type\":\"u-7\"");
    assert_eq!(places.len(), 1, "the event is once in the file");
    flip(&file, places[0] + "\"event_type\":\"u".len());
    let others = [names(0..7), names(8..20)].concat();
    let host = assert_delivers(&accoil, folder, &[], &others).await;
    let dead = host.dead_letters().await;
    assert_eq!((dead.len(), &dead[0]["reason"], &dead[0]["event_id"]), (1, &"damaged".into(), &"u-7".into()));
    assert!(host.log().contains("ERROR") && host.log().contains("its row was damaged on disk"), "{}", host.log());
    assert_eq!(host.admin("/status").await["store"]["damaged"], 1);
    // Replayed it does not look whole.
    let id = dead[0]["id"].clone();
    host.command("/dead-letters/replay", &serde_json::json!({ "ids": [id] })).await;
    host.until_drained("acme").await;
    assert_eq!(host.dead_letters().await[0]["reason"], "damaged");
}

#[tokio::test]
async fn a_log_that_was_changed_in_the_middle_is_refused_until_the_damage_is_accepted() {
    let accoil = Accoil::start().await;
    let folder = killed(&accoil, &[5, 5, 5, 5]).await;
    let log = folder.path().join("data/queue.db-wal");
    let place = places(&read(&log), "\"event_type\":\"u-7\"")[0];
    flip(&log, place + 15);
    let frame = (place - 32) / FRAME + 1;
    let words = [&*format!("queue.db-wal is damaged: frame {frame} "), "keep a copy", "--accept-damage"];
    assert_refused(folder.path(), "queue-damaged", &words);
    // It is refused again, and nothing is touched by it.
    assert_refused(folder.path(), "queue-damaged", &words);
    let host = assert_delivers(&accoil, folder, &["--accept-damage"], &names(0..5)).await;
    assert!(host.log().contains("ERROR") && host.log().contains("going on, as --accept-damage says"), "{}", host.log());
    // What was accepted is what is left; new events follow.
    host.accept("acme", &[event("u", "u-99")]).await;
    accoil.until_tracked(6).await;
}

/// The ends of the log's transactions: in their last frame's header stands the size of the store.
fn ends(log: &[u8]) -> Vec<usize> {
    let is_end = |at: &usize| log[at + 4..at + 8] != [0; 4];
    (32..log.len()).step_by(FRAME).filter(is_end).map(|at| at + FRAME).collect()
}

/// Up to the last transaction: that one can't be told from one that never came to its end.
#[tokio::test]
async fn a_byte_anywhere_in_the_log_is_never_passed_over() {
    let accoil = Accoil::start().await;
    let folder = killed(&accoil, &[3, 3, 3, 3]).await;
    let log = folder.path().join("data/queue.db-wal");
    let whole = read(&log);
    let ends = ends(&whole);
    let [.., last_but_two, end, _] = ends[..] else { panic!("{ends:?}") };
    let anywhere = (0..end).step_by(end / 30);
    // The most delicate ones: without this header there is nothing but one transaction behind the damage.
    let header = (end - FRAME..end - FRAME + 24).step_by(3);
    let before = (last_but_two..last_but_two + 24).step_by(5);
    for at in anywhere.chain(header).chain(before) {
        flip(&log, at);
        let (exit, said) = refused(folder.path());
        assert!(exit > 1 && said.contains("error[queue-damaged]"), "byte {at} of {ends:?}: {said}");
        flip(&log, at);
    }
    assert!(read(&log) == whole);
    assert_delivers(&accoil, folder, &[], &names(0..12)).await;
}

#[tokio::test]
async fn a_transaction_that_never_came_to_its_end_is_no_damage() {
    let accoil = Accoil::start().await;
    let folder = killed(&accoil, &[5, 5]).await;
    let log = folder.path().join("data/queue.db-wal");
    // A frame of which half was written.
    let whole = read(&log);
    let torn = &whole[whole.len() - FRAME..whole.len() - FRAME / 2];
    OpenOptions::new().append(true).open(&log).unwrap().write_all(torn).unwrap();
    assert_delivers(&accoil, folder, &[], &names(0..10)).await;
}

#[tokio::test]
async fn a_log_that_is_cut_within_its_last_transaction_gives_all_before_it() {
    let accoil = Accoil::start().await;
    let folder = killed(&accoil, &[5, 5, 5]).await;
    let log = folder.path().join("data/queue.db-wal");
    let place = places(&read(&log), "\"event_type\":\"u-12\"")[0];
    OpenOptions::new().write(true).open(&log).unwrap().set_len(place as u64).unwrap();
    assert_delivers(&accoil, folder, &[], &names(0..10)).await;
}

#[tokio::test]
async fn a_log_that_is_gone_is_refused_until_the_damage_is_accepted() {
    let accoil = Accoil::start().await;
    for is_emptied in [false, true] {
        let folder = killed(&accoil, &[5]).await;
        let log = folder.path().join("data/queue.db-wal");
        if is_emptied {
            OpenOptions::new().write(true).open(&log).unwrap().set_len(0).unwrap();
        } else {
            std::fs::remove_file(&log).unwrap();
        }
        assert_refused(folder.path(), "queue-damaged", &["queue.db-wal", "missing or empty", "--accept-damage"]);
        assert_delivers(&accoil, folder, &["--accept-damage"], &[]).await;
    }
    let folder = killed(&accoil, &[5]).await;
    std::fs::remove_file(folder.path().join("data/queue.db")).unwrap();
    assert_refused(folder.path(), "queue-damaged", &["queue.db", "missing"]);
}
