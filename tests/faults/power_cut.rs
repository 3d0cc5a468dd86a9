//! The power is cut at random moments and at syncs, on a disk that forgets what was not synced: what had its 200 is there
//! when it is back, and the service starts by itself.
//!
//! Where no such disk can be mounted two others stand in: `torn_tail` has the queue go on from a log whose last transaction
//! is torn in the same way, and `disk_errors` shows by strace that no 200 comes without a sync.

use std::time::Instant;

use super::kill::{DELIVERS, MAPPING, expected, folder, report};
use crate::oracle::disk::{Disk, Loss};
use crate::oracle::footprint::Footprint;
use crate::oracle::host::command;
use crate::oracle::load::{Load, Random, judge, tracks};
use crate::oracle::verdict::Oracle;
use crate::oracle::{Accoil, Host, events, is_long};

fn any_loss(random: &mut Random) -> Loss {
    [Loss::All, Loss::Some, Loss::Some, Loss::Some, Loss::None][random.below(5) as usize]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_power_cut_it_loses_and_doubles_nothing() {
    let Some(mut disk) = Disk::mount(1) else { return };
    let (began, cuts) = (Instant::now(), if is_long() { 100 } else { 30 });
    let accoil = Accoil::start().await;
    let (text, mut random, load) = (disk.config(&accoil, MAPPING), Random::new(7), Load::of("acme"));
    let mut host = Host::start_in(folder(DELIVERS), &text, &[]).await;
    let baseline = Footprint::of(&host);
    for cut in 0..cuts {
        load.at(host.ingest);
        let loss = any_loss(&mut random);
        if cut % 3 == 0 {
            tokio::time::sleep(random.moment(20, 500)).await;
            disk.cut(host.pid(), loss);
        } else {
            disk.cut_at_sync(1 + random.below(80) as u32, random.below(2) == 0, loss);
            disk.until_cut().await;
        }
        load.away();
        let folder = host.kill();
        accoil.next_generation().await;
        disk.power_on();
        host = Host::start_in(folder, &text, &[]).await;
    }
    load.at(host.ingest);
    let ledger = load.end().await;
    let judgement = Oracle { accoil: &accoil, expected: &expected(), baseline: &baseline }.judge(&host, &ledger).await;
    assert!(ledger.refused.is_empty(), "{:?}", ledger.refused);
    report(&format!("{cuts} cuts and {} syncs", disk.syncs()), began, &ledger, &judgement);
}

/// Cuts at every sync of a start, one after the other, until there is none left; each is followed by a start that is left alone.
async fn cut_at_each_sync(disk: &mut Disk, accoil: &Accoil, mut prepare: impl AsyncFnMut(&mut Disk)) -> u32 {
    let text = disk.config(accoil, MAPPING);
    for number in 1.. {
        for (gets_through, loss) in
            [(false, Loss::All), (false, Loss::Some), (false, Loss::Some), (true, Loss::All), (true, Loss::Some)]
        {
            prepare(disk).await;
            disk.cut_at_sync(number, gets_through, loss);
            let folder = match Host::try_start_by(folder(DELIVERS), &text, |folder| command(folder, &[])).await {
                Ok(host) => {
                    // It may have been cut just after it told where it is.
                    if !disk.is_cut() {
                        disk.cut(host.pid(), Loss::Some);
                        drop(host);
                        accoil.next_generation().await;
                        disk.power_on();
                        return number - 1;
                    }
                    host.kill()
                }
                Err((folder, said)) => {
                    assert!(disk.is_cut(), "{said}");
                    folder
                }
            };
            accoil.next_generation().await;
            disk.power_on();
            let host = Host::start_in(folder, &text, &[]).await;
            host.accept("acme", &events(&format!("n{number}"), 0..2)).await;
            host.until_drained("acme").await;
            disk.cut(host.pid(), Loss::All);
            drop(host);
            accoil.next_generation().await;
            disk.power_on();
        }
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_sync_of_the_first_start_leaves_no_store_or_a_whole_one() {
    let Some(mut disk) = Disk::mount(2) else { return };
    let accoil = Accoil::start().await;
    let syncs = cut_at_each_sync(&mut disk, &accoil, async |disk| disk.empty()).await;
    eprintln!("cut at each of {syncs} syncs");
    assert!(syncs >= 5, "{syncs}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_sync_of_a_recovery_loses_nothing() {
    let Some(mut disk) = Disk::mount(3) else { return };
    let accoil = Accoil::start().await;
    let (text, mut round) = (disk.config(&accoil, &format!("paused = true{MAPPING}")), 0);
    let syncs = cut_at_each_sync(&mut disk, &accoil, async |disk| {
        round += 1;
        let host = Host::start_in(folder(DELIVERS), &text, &[]).await;
        host.accept("acme", &events(&format!("u{round}"), 0..3)).await;
        disk.cut(host.pid(), Loss::All);
        drop(host);
        disk.power_on();
    })
    .await;
    let host = Host::start_in(folder(DELIVERS), &disk.config(&accoil, MAPPING), &[]).await;
    host.until_drained("acme").await;
    let delivered = judge(&tracks(&accoil.calls(), "")).delivered;
    for name in (1..=round).flat_map(|round| (0..3).map(move |number| format!("u{round}-{number}"))) {
        assert!(delivered.contains(&name), "{name} of {round} rounds is lost");
    }
    eprintln!("cut at each of {syncs} syncs");
    assert!(syncs >= 3, "{syncs}");
}
