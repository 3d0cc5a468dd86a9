//! Answers and names that point elsewhere: inside the network, to oneself, or to another place than a moment ago. The
//! service goes nowhere that nobody configured.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::net::TcpListener;

use crate::oracle::host::{command, config};
use crate::oracle::{Accoil, Fault, Host, Proxy, Reply, event};

/// Counts who connects to a place of this machine.
async fn trap(address: &str) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counting = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counting.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    (address, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_redirect_is_followed_wherever_it_leads() {
    let (elsewhere, came) = trap("127.0.0.1:0").await;
    let port = elsewhere.port();
    let accoil = Accoil::start().await;
    let targets = [
        format!("http://{elsewhere}/v2/identify"),
        format!("http://localhost:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("//{elsewhere}/v2/track"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "https://10.0.0.1/".to_owned(),
        // Back to where it came from, round and round.
        format!("http://{}/v2/identify", accoil.address),
        "/v2/identify".to_owned(),
        "file:///etc/passwd".to_owned(),
        "x".repeat(8000),
    ];
    let cases: Vec<(u16, String)> = [301, 302, 303, 307, 308]
        .into_iter()
        .flat_map(|status| targets.iter().map(move |target| (status, target.clone())))
        .collect();
    let answers = cases.clone();
    accoil.behave(move |call| {
        let (status, target) = &answers[call.user().trim_start_matches('u').parse::<usize>().unwrap()];
        Reply::status(*status).with("location", target).with("refresh", &format!("0;url={target}"))
    });
    let host = Host::start(&config(&accoil, "")).await;
    let events: Vec<_> = (0..cases.len()).map(|case| event(&format!("u{case}"), &format!("e{case}"))).collect();
    host.accept("acme", &events).await;
    host.until_drained("acme").await;
    let dead = host.dead_letters().await;
    assert_eq!((dead.len(), accoil.calls().len()), (cases.len(), cases.len()), "each is asked once");
    for letter in &dead {
        let case: usize = letter["event_id"].as_str().unwrap().trim_start_matches('e').parse().unwrap();
        assert_eq!((&letter["status"], &letter["reason"]), (&json!(cases[case].0), &json!("refused")), "{letter}");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0, "somebody came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_inside_is_not_connected_to_until_that_is_allowed() {
    let (elsewhere, came) = trap("127.0.0.1:0").await;
    let accoil = Accoil::start().await;
    let own = format!("endpoint = \"http://{}\"\nallow_private_endpoint = true", accoil.address);
    let outside = format!("endpoint = \"https://localhost:{}\"", elsewhere.port());
    let text = config(&accoil, "");
    let host = Host::start(&text.replace(&own, &outside)).await;
    host.accept("acme", &[event("u", "a"), event("v", "b")]).await;
    let status = host.until_status("acme", |status| status["destination"] == "address-refused").await;
    let error = status["last_error"].as_str().unwrap();
    assert!(error.contains("localhost has the address") && error.contains("allow_private_endpoint"), "{error}");
    assert_eq!((&status["queued"], host.dead_letters().await.len()), (&json!(2), 0));
    assert_eq!(came.load(Ordering::SeqCst), 0, "somebody came");
    host.configure(&text);
    host.until_drained("acme").await;
    assert_eq!((accoil.tracks().len(), host.dead_letters().await.len()), (2, 0));
}

/// The command of a service that reads names from a file of its folder instead of the machine's.
fn with_own_names(folder: &Path) -> Option<Command> {
    let program = command(folder, &[]);
    let mut own = Command::new("unshare");
    own.args(["--mount", "sh", "-c", "mount --bind hosts /etc/hosts && exec \"$0\" \"$@\""]);
    let mut can = Command::new("unshare");
    can.args(["--mount", "sh", "-c", "mount --bind hosts /etc/hosts && grep -q rebound /etc/hosts"]);
    can.current_dir(folder).stderr(Stdio::null());
    if !can.status().is_ok_and(|status| status.success()) {
        eprintln!("not run: this process may not give another one names of its own");
        return None;
    }
    own.arg(program.get_program()).args(program.get_args()).current_dir(folder);
    own.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    Some(own)
}

/// A name that leads to an allowed address at first, then to another, and back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_judged_by_the_address_that_it_has_at_each_connection() {
    let accoil = Accoil::start().await;
    let proxy = Proxy::before(accoil.address).await;
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 rebound.test\n").unwrap();
    let Some(command) = with_own_names(folder.path()) else { return };
    let endpoint = format!("http://rebound.test:{}", proxy.address.port());
    let text = config(&accoil, "").replace(&format!("http://{}", accoil.address), &endpoint);
    let host = Host::start_by(folder, &text, |_| command).await;
    host.accept("acme", &[event("u", "before")]).await;
    // Before connections are cut all answers must have come back.
    host.until_drained("acme").await;
    // Plain http must not leave the network, also if the name leads out of it only from now on.
    for outside in ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"] {
        std::fs::write(&hosts, format!("{outside} rebound.test\n")).unwrap();
        proxy.set(Fault::Refused);
        while proxy.open() > 0 {
            tokio::task::yield_now().await;
        }
        proxy.set(Fault::None);
        host.accept("acme", &[event("u", outside)]).await;
        let status = host.until_status("acme", |status| status["destination"] == "address-refused").await;
        let error = status["last_error"].as_str().unwrap();
        let address = outside.trim_start_matches("::ffff:");
        assert!(error.contains(address) && error.contains("plain http"), "{error}");
        std::fs::write(&hosts, "127.0.0.1 rebound.test\n").unwrap();
        host.command("/reload", &json!({})).await;
        host.until_drained("acme").await;
    }
    assert_eq!((accoil.tracks().len(), host.dead_letters().await.len()), (4, 0));
}
