//! The loop of a tenant, in many orders of what happens around it.
//!
//! What runs is the loop itself ([`super::start()`]) with its timeline, judge, lanes, gate, records and
//! recovery. Around it everything that has a will of its own is in the hands of a seed: when the disk
//! writes and when it says so, when the mapping's thread gets to its job, when the destination
//! answers and what, who deploys which version, and when the process dies. Time stands still but
//! when the seed lets it pass. What is looked at is what a destination and the store can see:
//!
//! - every accepted event ends exactly once, and what is settled as delivered was received (promise 2),
//! - what a user's events said is received first in the order of acceptance (promise 3),
//! - an event is received from one version alone, over all crashes, the one that its record names and
//!   that its number says (promise 4),
//! - only what was answered and not recorded at a crash is received twice (promise 5),
//! - an activation begins after all events that were delivered before, and never before the last one.
//!
//! `run` is the seed's hand, `store` the queue, `world` what is seen and what must hold of it; `bug`
//! are mistakes that it must find.

mod bug;
mod run;
mod store;
mod world;

use bug::Bug;
use run::{Ended, simulate};

/// As many as take a few seconds. More: `ACCOIL_STREAM_SEEDS=10000`.
const SEEDS: u64 = 300;

/// In so many seeds each of the bugs must be found.
const SEEDS_FOR_BUGS: u64 = 1_000;

#[test]
fn the_promises_hold_in_every_order_of_things() {
    let seeds = std::env::var("ACCOIL_STREAM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let first = std::env::var("ACCOIL_STREAM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut all = Ended::default();
    for seed in first..first + seeds {
        match simulate(seed, None) {
            Ok(ended) => all.add(&ended),
            Err(violation) => panic!("seed {seed}: {violation}"),
        }
    }
    println!("{seeds} seeds: {all:?}");
    // What never happens is not tried.
    assert!(seeds < SEEDS || all.has_everything(), "{all:?}");
}

#[test]
fn mistakes_are_found() {
    for bug in Bug::ALL {
        let found =
            (0..SEEDS_FOR_BUGS).find_map(|seed| simulate(seed, Some(bug)).err().map(|violation| (seed, violation)));
        let (seed, violation) = found.unwrap_or_else(|| panic!("{bug:?} is not found"));
        println!("{bug:?}: seed {seed}: {}", violation.lines().next().unwrap_or_default());
    }
}
