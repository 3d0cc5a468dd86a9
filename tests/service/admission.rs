//! Components that are dangerous to compile, and compiled code that was changed, in a running service.

use std::time::Instant;

use serde_json::json;

use crate::oracle::footprint::children;
use crate::oracle::host::config;
use crate::oracle::{Accoil, Host, event, events};
use crate::sandbox::{guest, hostile};

const MAPPING: &str = "\n[tenants.mapping]\ncomponent = \"mapping.wasm\"";

#[tokio::test]
async fn a_compile_bomb_is_refused_while_events_flow() {
    let accoil = Accoil::start().await;
    let bounded = |more: &str| format!("[admission]\ncpu_s = 1\n{}", config(&accoil, more));
    let host = Host::start(&bounded("")).await;
    std::fs::write(host.path("mapping.wasm"), hostile::compile_bomb()).unwrap();
    std::fs::write(host.path("accoil.toml"), bounded(MAPPING)).unwrap();
    let body = json!({});
    let reload = host.command("/reload", &body);
    let flow = async {
        for number in 0..20 {
            host.accept("acme", &[event("u", &format!("e{number}"))]).await;
            accoil.until_tracked(number + 1).await;
        }
    };
    let ((status, answer), ()) = tokio::join!(reload, flow);
    assert!(status >= 400 && answer.to_string().contains("admission.cpu_s"), "{status} {answer}");
    // The file is looked at once more, by itself; after that there is no child, dead or alive.
    std::fs::write(host.path("accoil.toml"), bounded("")).unwrap();
    assert_eq!(host.command("/reload", &body).await.0, 200);
    host.until_drained("acme").await;
    assert_eq!(children(host.pid()), [0; 0]);
}

#[tokio::test]
async fn changed_code_is_not_run_but_made_again() {
    let accoil = Accoil::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mapping.wasm"), guest::component("")).unwrap();
    let start = Instant::now();
    let host = Host::start_in(folder, &config(&accoil, MAPPING), &[]).await;
    let without = start.elapsed();
    let files = || -> Vec<std::path::PathBuf> {
        std::fs::read_dir(host.path("data/compiled")).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let [file] = &files()[..] else { panic!("{:?}", files()) };
    let (file, whole) = (file.clone(), std::fs::read(file).unwrap());
    let start = Instant::now();
    let host = host.restart().await;
    println!("start: {without:?} without, {:?} with compiled code", start.elapsed());
    assert!(!host.log().contains("compiled code"), "{}", host.log());

    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    std::fs::write(&file, changed).unwrap();
    let host = host.restart().await;
    assert!(host.log().contains("compiled code is removed and made again: it is damaged"), "{}", host.log());
    host.accept("acme", &events("u", 0..3)).await;
    assert_eq!(host.until_drained("acme").await["skipped"], 3);
    assert!(std::fs::read(&file).unwrap().len() > whole.len() / 2);
}
