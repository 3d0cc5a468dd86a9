//! A bit of the store's file is another one: `verify` says so, or nothing that is served is different.

use std::path::Path;

use accoil_stream::queue::{NewEvent, Queue, QueueError, Stored, TakeLimits};

use super::damage::read;
use super::torn_tail::{open, verify};
use crate::oracle::load::Random;

const EVENTS: usize = 40;

/// All events, as a start would find them.
fn served(folder: &Path) -> Result<Vec<Stored>, QueueError> {
    let queue = open(folder)?;
    let tenant = queue.tenant("a").wait()?;
    queue.take(tenant, 0, TakeLimits { events: 1000, bytes: 1 << 30 }).wait()
}

#[test]
fn a_bit_that_was_flipped_anywhere_is_found_or_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let queue = open(&whole).unwrap();
    let tenant = queue.tenant("a").wait().unwrap();
    let event = |number| NewEvent {
        id: Some(format!("id-{number}")),
        key: Some(number as u128),
        body: format!("{{\"n\":{number},\"filling\":\"{}\"}}", "x".repeat(700)),
    };
    queue.accept(tenant, (0..EVENTS).map(event).collect(), vec![]).wait().unwrap();
    drop(queue);
    let bytes = read(&whole.join("queue.db"));
    let expected = served(&whole).unwrap();
    let show = |event: &Stored| (event.seq, event.id.clone(), event.body.clone());
    let mut random = Random::new(9);
    let (mut found, mut harmless, mut refused, mut flagged) = (0, 0, 0, 0);
    for number in 0..400 {
        let at = bytes.len() * number / 400 + random.below(bytes.len() as u64 / 400) as usize;
        let bit = random.below(8);
        let place = folder.path().join(format!("flipped-{number}"));
        std::fs::create_dir(&place).unwrap();
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << bit;
        std::fs::write(place.join("queue.db"), flipped).unwrap();
        let said = match verify(&place) {
            Ok(report) => report.problems.join("; "),
            Err(error) => error.to_string(),
        };
        let served = served(&place);
        let page = at / 4096;
        match (said.is_empty(), served) {
            (true, Ok(events)) => {
                assert!(
                    events.iter().map(show).eq(expected.iter().map(show)),
                    "byte {at} (page {page}), bit {bit}: not found"
                );
                harmless += 1;
            }
            (true, Err(error)) => panic!("byte {at} (page {page}), bit {bit}: not found, and not served: {error}"),
            (false, Err(_)) => (found, refused) = (found + 1, refused + 1),
            (false, Ok(events)) => {
                found += 1;
                flagged += usize::from(events.iter().any(|event| event.damaged));
            }
        }
        std::fs::remove_dir_all(&place).unwrap();
    }
    eprintln!("of 400 bits {found} were found ({refused} refused, {flagged} flagged), {harmless} did no harm");
}
