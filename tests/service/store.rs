//! A store that is in use, newer, foreign, not to be written, or made of a backup.

use std::process::Command;
use std::time::Duration;

use accoil_stream::queue::SqliteQueue;

use crate::faults::damage::{assert_refused, read, refused};
use crate::oracle::host::config;
use crate::oracle::load::{Load, judge, tracks};
use crate::oracle::{Accoil, Host, Reply, events};

#[tokio::test]
async fn a_folder_that_is_in_use_is_refused() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    assert_refused(host.folder.path(), "queue-locked", &["data", "another process", "server.data_dir"]);
    host.accept("acme", &events("u", 0..3)).await;
    accoil.until_tracked(3).await;
}

#[tokio::test]
async fn a_store_of_a_newer_release_and_one_of_something_else_are_refused_and_left_alone() {
    let accoil = Accoil::start().await;
    let (_, _, folder) = Host::start(&config(&accoil, "")).await.stop().await;
    let file = folder.path().join("data/queue.db");
    let sql = |sql: &str| rusqlite::Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    sql("PRAGMA user_version = 99");
    let before = read(&file);
    assert_refused(folder.path(), "queue-too-new", &["queue.db", "99", "newer release"]);
    assert!(read(&file) == before, "it was changed");
    sql("PRAGMA application_id = 7");
    let before = read(&file);
    assert_refused(folder.path(), "queue-foreign", &["queue.db"]);
    assert!(read(&file) == before, "it was changed");
}

#[tokio::test]
async fn a_folder_that_cant_be_written_is_refused() {
    let accoil = Accoil::start().await;
    let (_, _, folder) = Host::start(&config(&accoil, "")).await.stop().await;
    let data = folder.path().join("data");
    // Who is root may write everywhere but on a file system that is for reading only.
    let mount =
        |arguments: &[&str]| Command::new("mount").args(arguments).arg(&data).output().unwrap().status.success();
    let source = data.to_str().unwrap().to_owned();
    if mount(&["--bind", &source]) && mount(&["-o", "remount,ro,bind"]) {
        let (exit, said) = refused(folder.path());
        assert!(Command::new("umount").arg("-l").arg(&data).status().unwrap().success());
        assert!(exit > 1 && said.contains("error[queue-open]:") && said.contains("data"), "{exit}: {said}");
    } else {
        eprintln!("not run: nothing can be mounted here");
    }
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::write(&data, "").unwrap();
    assert_refused(folder.path(), "queue-open", &["data"]);
}

/// Backups are taken under load, and each is put in place of the store, in both ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_has_all_that_was_answered_before_it_began() {
    let accoil = Accoil::behaving(|_| Reply::ok().after(Duration::from_millis(20))).await;
    let text = config(&accoil, "");
    let host = Host::start(&text).await;
    let load = Load::of("acme");
    load.at(host.ingest);
    let mut backups = Vec::new();
    for number in 0..4 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (answered, file) = (load.answered(), host.path(&format!("backup-{number}.db")));
        let (status, said) = host.command("/backup", &serde_json::json!({ "file": file })).await;
        assert_eq!(status, 200, "{said}");
        backups.push((answered, read(&file)));
    }
    load.end().await;
    drop(host);
    let mut sizes = Vec::new();
    for (number, (answered, bytes)) in backups.into_iter().enumerate() {
        let accoil = Accoil::start().await;
        let folder = tempfile::tempdir().unwrap();
        let (backup, data) = (folder.path().join("backup.db"), folder.path().join("data"));
        std::fs::write(&backup, bytes).unwrap();
        if number % 2 == 0 {
            std::fs::create_dir(&data).unwrap();
            std::fs::rename(&backup, data.join("queue.db")).unwrap();
        } else {
            SqliteQueue::restore(&backup, &data).unwrap();
        }
        let host = Host::start_in(folder, &config(&accoil, ""), &[]).await;
        host.until_drained("acme").await;
        let delivered = judge(&tracks(&accoil.calls(), "")).delivered;
        for name in &answered {
            if !delivered.contains(name) {
                let story = host.admin(&format!("/events/{name}?tenant=acme")).await;
                assert_eq!(story["state"], "delivered", "{story}");
            }
        }
        sizes.push((answered.len(), delivered.len()));
    }
    assert!(sizes.iter().any(|(_, delivered)| *delivered > 0), "{sizes:?}");
    eprintln!("answered before each backup, and delivered from it: {sizes:?}");
}
