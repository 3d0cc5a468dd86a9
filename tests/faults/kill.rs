//! The service is killed at random moments, and keeps its promises.

use std::time::{Duration, Instant};

use crate::oracle::expected::Expected;
use crate::oracle::footprint::Footprint;
use crate::oracle::host::config;
use crate::oracle::load::{Judgement, Ledger, Load, Random};
use crate::oracle::verdict::Oracle;
use crate::oracle::{Accoil, Host, is_long};
use crate::sandbox::guest;

pub(crate) const MAPPING: &str = "\n[tenants.mapping]\ncomponent = \"mapping.wasm\"";

/// The number of cycles in a usual run; many more where that is asked for.
pub(crate) fn cycles(usual: u32) -> u32 {
    if is_long() { usual * 5 } else { usual }
}

/// A folder with a component that is compiled in no time.
pub(crate) fn folder(guest: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mapping.wasm"), guest::component(guest)).unwrap();
    folder
}

/// Everything that was answered with 200 was delivered, and nothing that was never sent.
pub(crate) fn assert_whole(ledger: &Ledger, judgement: &Judgement) {
    let lost: Vec<_> = ledger.answered.difference(&judgement.delivered).collect();
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), ledger.answered.len());
    let made_up: Vec<_> = judgement.delivered.difference(&ledger.sent).collect();
    assert!(made_up.is_empty(), "{made_up:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_loses_and_doubles_nothing() {
    let (began, kills) = (Instant::now(), cycles(200));
    let accoil = Accoil::start().await;
    let (text, mut random, load) = (config(&accoil, MAPPING), Random::new(1), Load::of("acme"));
    let mut host = Host::start_in(folder(DELIVERS), &text, &[]).await;
    let baseline = Footprint::of(&host);
    for _ in 0..kills {
        load.at(host.ingest);
        tokio::time::sleep(random.moment(20, 800)).await;
        load.away();
        let folder = host.kill();
        accoil.next_generation().await;
        host = Host::start_in(folder, &text, &[]).await;
    }
    load.at(host.ingest);
    let ledger = load.end().await;
    let judgement = Oracle { accoil: &accoil, expected: &expected(), baseline: &baseline }.judge(&host, &ledger).await;
    assert!(ledger.refused.is_empty(), "{:?}", ledger.refused);
    report(&format!("{kills} kills under load"), began, &ledger, &judgement);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_recovers_it_loses_and_doubles_nothing() {
    let (began, rounds) = (Instant::now(), cycles(40));
    let accoil = Accoil::start().await;
    let (text, mut random, load) = (config(&accoil, MAPPING), Random::new(2), Load::of("acme"));
    let mut host = Host::start_in(folder(DELIVERS), &text, &[]).await;
    let baseline = Footprint::of(&host);
    for _ in 0..rounds {
        load.at(host.ingest);
        tokio::time::sleep(random.moment(20, 400)).await;
        load.away();
        let folder = host.kill();
        accoil.next_generation().await;
        for _ in 0..3 {
            Host::killed_early(folder.path(), Duration::from_millis(random.below(50))).await;
            accoil.next_generation().await;
        }
        host = Host::start_in(folder, &text, &[]).await;
    }
    load.at(host.ingest);
    let ledger = load.end().await;
    let judgement = Oracle { accoil: &accoil, expected: &expected(), baseline: &baseline }.judge(&host, &ledger).await;
    let early = accoil.calls().into_iter().map(|call| call.generation).filter(|generation| generation % 4 != 0);
    eprintln!("{} of the early ones delivered something", early.collect::<std::collections::BTreeSet<_>>().len());
    report(&format!("{} kills during recovery", rounds * 4), began, &ledger, &judgement);
}

pub(crate) const DELIVERS: &str = include_str!("../sandbox/guests/delivers.wat");

/// What that mapping makes of events.
pub(crate) fn expected() -> Expected {
    Expected::of(&guest::component(DELIVERS))
}

/// Says what was measured.
pub(crate) fn report(what: &str, began: Instant, ledger: &Ledger, judgement: &Judgement) {
    eprintln!(
        "{what} in {:.0?}: {} events sent, {} answered, {} delivered, {} twice, at most {} at one time",
        began.elapsed(),
        ledger.sent.len(),
        ledger.answered.len(),
        judgement.delivered.len(),
        judgement.all_doubles(),
        judgement.most_doubles(),
    );
}
