//! Certificates that are wrong, and doors with TLS and without it where the other is expected: nothing is delivered, the
//! status says why, and nothing is given up.

use crate::oracle::host::{ACCOIL_KEY, base, tenant};
use crate::oracle::tls::{Authority, Door, Shows};
use crate::oracle::{Accoil, Host, event};

/// One way in which it is wrong.
struct Case {
    name: &'static str,
    /// What the door shows at first, and what it shows when it is mended.
    shows: [Shows; 2],
    /// Whether the service is told to speak TLS.
    speaks_tls: bool,
    /// What the status says.
    says: &'static str,
}

/// A tenant whose destination is behind a door.
fn behind(door: &Door, accoil: &Accoil, case: &Case) -> String {
    let plain = format!("endpoint = \"http://{}\"", accoil.address);
    let scheme = if case.speaks_tls { "https" } else { "http" };
    let own = format!("endpoint = \"{scheme}://localhost:{}\"\nca_file = \"ca.pem\"", door.address.port());
    tenant(case.name, accoil, "").replace(&plain, &own)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_wrong_delivers_nothing_says_why_and_burns_nothing() {
    let (authority, stranger) = (Authority::new("ours"), Authority::new("a stranger"));
    let good = || authority.shows("localhost", 2020..2090);
    let case = |name, shows, speaks_tls, says| Case { name, shows, speaks_tls, says };
    let cases = [
        case("expired", [authority.shows("localhost", 2020..2021), good()], true, "certificate expired"),
        case("not-yet-valid", [authority.shows("localhost", 2080..2090), good()], true, "certificate not valid yet"),
        case("wrong-host", [authority.shows("elsewhere.test", 2020..2090), good()], true, "not valid for name"),
        case("unknown-authority", [stranger.shows("localhost", 2020..2090), good()], true, "UnknownIssuer"),
        case("plain-on-a-tls-port", [None, good()], true, "InvalidContentType"),
        case("tls-on-a-plain-port", [good(), None], false, "invalid HTTP version"),
    ];
    let accoil = Accoil::start().await;
    let (mut doors, mut text) = (Vec::new(), base());
    for case in &cases {
        let door = Door::before(accoil.address, case.shows[0].clone()).await;
        text.push_str(&behind(&door, &accoil, case));
        doors.push(door);
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let host = Host::start_in(folder, &text, &[]).await;
    for case in &cases {
        host.accept(case.name, &[event("u", case.name)]).await;
    }
    for case in &cases {
        host.until_failed(case.name, 5).await;
        let status = host.status(case.name).await;
        let error = status["last_error"].as_str().unwrap();
        eprintln!("{}: {error}", case.name);
        assert!(error.contains(case.says) && !error.contains(ACCOIL_KEY), "{}: {error}", case.name);
        assert_eq!((&status["queued"], &status["dead_letters"]), (&1.into(), &0.into()), "{status}");
    }
    assert!(accoil.calls().is_empty(), "{:?}", accoil.calls());
    // Nothing but the hello of TLS ever left by a door that should have TLS.
    for (case, door) in cases.iter().zip(&doors).filter(|(case, _)| case.speaks_tls) {
        let heard = door.heard();
        assert!(heard.len() >= 5 && heard.iter().all(|bytes| bytes.first() == Some(&0x16)), "{}", case.name);
        assert!(!heard.concat().windows(ACCOIL_KEY.len()).any(|bytes| bytes == ACCOIL_KEY.as_bytes()));
    }
    for (case, door) in cases.iter().zip(&doors) {
        door.show(case.shows[1].clone());
    }
    for case in &cases {
        host.until_drained(case.name).await;
        assert_eq!(accoil.counts()[case.name], 1, "{}", case.name);
    }
    assert!(host.dead_letters().await.is_empty());
}
