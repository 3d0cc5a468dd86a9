//! A disk that fails and then loses its power: what had its 200 meanwhile is there, though Linux forgets what a failed sync
//! should have written.

use std::collections::BTreeSet;

use super::disk_full::{Sender, assert_whole, ready, until_ready};
use crate::oracle::disk::{Disk, Fault, Loss};
use crate::oracle::{Accoil, Host};

/// Cuts the power, and looks whether everything that had its 200 is delivered.
async fn assert_whole_after_a_cut(
    mut disk: Disk,
    host: Host,
    accoil: &Accoil,
    answered: &BTreeSet<String>,
    prepare: impl FnOnce(&Disk),
) {
    let text = std::fs::read_to_string(host.path("accoil.toml")).unwrap();
    disk.cut(host.pid(), Loss::All);
    let folder = host.kill();
    accoil.next_generation().await;
    disk.power_on();
    prepare(&disk);
    let host = Host::start_in(folder, &text, &[]).await;
    assert_whole(host, accoil, answered).await;
}

async fn outlives(fault: Fault) {
    let Some(disk) = Disk::mount(4) else { return };
    let accoil = Accoil::start().await;
    let host = Host::start(&disk.config(&accoil, "")).await;
    let (mut answered, mut number) = (BTreeSet::new(), 0);
    let mut sender = Sender { host: &host, answered: &mut answered, number: &mut number, bytes: 3000 };
    for _ in 0..3 {
        for _ in 0..20 {
            sender.until(200).await;
        }
        disk.fail(Some(fault));
        for _ in 0..10 {
            assert_eq!(sender.send().await, 503, "answered in spite of {fault:?}");
        }
        assert_eq!(ready(&host).await.0, 503);
        disk.fail(None);
        until_ready(&host, 200).await;
        sender.until(200).await;
    }
    assert_whole_after_a_cut(disk, host, &accoil, &answered, |_| ()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_its_200_after_syncs_failed_outlives_a_power_cut() {
    outlives(Fault::Syncs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_its_200_after_writes_failed_outlives_a_power_cut() {
    outlives(Fault::Writes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_its_200_after_writes_were_torn_outlives_a_power_cut() {
    outlives(Fault::TornWrites).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_are_cut_short_are_gone_on_with() {
    let Some(disk) = Disk::mount(5) else { return };
    let accoil = Accoil::start().await;
    disk.fail(Some(Fault::ShortWrites));
    let host = Host::start(&disk.config(&accoil, "")).await;
    let (mut answered, mut number) = (BTreeSet::new(), 0);
    let mut sender = Sender { host: &host, answered: &mut answered, number: &mut number, bytes: 3000 };
    for _ in 0..20 {
        assert_eq!(sender.send().await, 200);
    }
    assert_whole_after_a_cut(disk, host, &accoil, &answered, |_| ()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_its_200_on_a_disk_that_filled_up_outlives_a_power_cut() {
    let Some(disk) = Disk::mount(6) else { return };
    let accoil = Accoil::start().await;
    let host = Host::start(&disk.config(&accoil, "")).await;
    let (mut answered, mut number) = (BTreeSet::new(), 0);
    let mut sender = Sender { host: &host, answered: &mut answered, number: &mut number, bytes: 20_000 };
    disk.leave_free(1 << 20);
    sender.until(503).await;
    assert!(sender.answered.len() > 10, "{}", sender.answered.len());
    // The power goes while it is full; before it is back someone makes room.
    assert_whole_after_a_cut(disk, host, &accoil, &answered, |disk| disk.leave_free(64 << 20)).await;
}
