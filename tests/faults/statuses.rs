//! Every class of answers, and what becomes of a call that gets one: a dead letter at once, another try, or a pause of the
//! destination that burns nothing.

use serde_json::json;

use crate::oracle::accoil::Call;
use crate::oracle::host::{ACCOIL_KEY, base, tenant};
use crate::oracle::{Accoil, Host, Reply, event};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Becomes {
    /// A dead letter, without another try.
    Dead,
    /// Delivered by another try.
    Delivered,
    /// Delivered when there is another key; until then the destination is left alone.
    Paused,
}

use Becomes::{Dead, Delivered, Paused};

const TABLE: [(u16, Becomes); 30] = [
    (300, Dead),
    (301, Dead),
    (304, Dead),
    (308, Dead),
    (400, Dead),
    (401, Paused),
    (402, Dead),
    (403, Paused),
    (404, Dead),
    (405, Dead),
    (406, Dead),
    (408, Delivered),
    (409, Dead),
    (410, Dead),
    (411, Dead),
    (413, Dead),
    (414, Dead),
    (415, Dead),
    (421, Dead),
    (422, Dead),
    (425, Delivered),
    (429, Delivered),
    (431, Dead),
    (451, Dead),
    (500, Delivered),
    (501, Delivered),
    (502, Delivered),
    (503, Delivered),
    (504, Delivered),
    (599, Delivered),
];

fn name(status: u16) -> String {
    format!("s{status}")
}

/// The status that a call's tenant is for.
fn status_of(call: &Call) -> u16 {
    let (_, status) = call.key.trim_end_matches("-new").rsplit_once("-s").unwrap();
    status.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_status_has_its_consequence() {
    let tried = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let accoil = Accoil::behaving(move |call| {
        let status = status_of(call);
        let (_, becomes) = TABLE.into_iter().find(|(of, _)| *of == status).unwrap();
        let is_answered_so = match becomes {
            Paused => !call.key.ends_with("-new"),
            // The first call of one user.
            Dead | Delivered => call.user() == "bad" && tried.lock().unwrap().insert(status),
        };
        // An answer of this status has no body.
        let body = if status == 304 { String::new() } else { format!("because of {status}") };
        if is_answered_so { Reply::status(status).saying(&body) } else { Reply::ok() }
    })
    .await;
    let tenants: String = TABLE.iter().map(|(status, _)| tenant(&name(*status), &accoil, "")).collect();
    let host = Host::start(&format!("{}{tenants}", base())).await;
    for (status, _) in TABLE {
        let users = ["bad", "good"].map(|user| event(user, &format!("{user}-{status}")));
        host.accept(&name(status), &users).await;
    }
    let dead_of = async |status: u16| {
        let mut dead = host.dead_letters().await;
        dead.retain(|letter| letter["tenant"] == name(status));
        dead
    };
    for (status, becomes) in TABLE {
        let told = match becomes {
            Paused => host.until_status(&name(status), |told| told["destination"] == "key-refused").await,
            Dead | Delivered => host.until_drained(&name(status)).await,
        };
        let (dead, counts) = (dead_of(status).await, accoil.counts());
        let count = |user: &str| counts.get(&format!("{user}-{status}")).copied().unwrap_or(0);
        let calls =
            accoil.calls().into_iter().filter(|call| status_of(call) == status && call.status == status).count();
        match becomes {
            Dead => {
                assert_eq!((dead.len(), count("bad"), count("good"), calls), (1, 0, 1, 1), "{status}");
                let letter = &dead[0];
                assert_eq!((&letter["reason"], &letter["attempts"]), (&json!("refused"), &json!(1)), "{letter}");
                assert_eq!((&letter["status"], &letter["event_id"]), (&json!(status), &json!(format!("bad-{status}"))));
                let answer = if status == 304 { json!("") } else { json!(format!("because of {status}")) };
                assert_eq!(letter["answer"], answer, "{letter}");
            }
            Delivered => {
                assert_eq!((dead.len(), count("bad"), count("good"), calls), (0, 1, 1, 1), "{status}");
                assert_eq!(told["last_error"], format!("status {status}: because of {status}"));
            }
            Paused => {
                // Both may have been under way.
                assert!(dead.is_empty() && (1..=2).contains(&calls), "{status}: {calls}, {dead:?}");
                assert_eq!(told["queued"], 2, "{told}");
                assert_eq!(told["last_error"], format!("status {status}: because of {status}"));
            }
        }
    }
    let paused = TABLE.iter().filter(|(_, becomes)| *becomes == Paused).map(|(status, _)| *status);
    for status in paused.clone() {
        std::fs::write(host.path(&format!("accoil-s{status}")), format!("{ACCOIL_KEY}-s{status}-new")).unwrap();
    }
    host.signal("HUP");
    for status in paused {
        host.until_drained(&name(status)).await;
        let told = format!("tenant=\"s{status}\"");
        let log = host.log();
        let alerts = log.lines().filter(|line| line.contains("is left alone") && line.contains(&told)).count();
        assert_eq!((alerts, dead_of(status).await.len()), (1, 0), "{status}\n{log}");
        assert_eq!(accoil.counts()[&format!("bad-{status}")], 1);
    }
}
