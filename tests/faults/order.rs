//! Order: calls of one user arrive in the order in which its events were accepted, whatever the
//! answers.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::oracle::host::config;
use crate::oracle::{Accoil, Host, Reply, event};

/// A random number from a seed; the same every time.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[tokio::test]
async fn whatever_the_answers_each_users_calls_keep_their_order() {
    const USERS: usize = 20;
    const EVENTS: usize = 30;
    let random = Mutex::new(0x5eed_u64);
    let accoil = Accoil::behaving(move |_| match next(&mut random.lock().unwrap()) % 10 {
        0 => Reply::status(500),
        1 => Reply::status(429),
        2 => Reply::cut(),
        3 => Reply::ok().after(std::time::Duration::from_millis(5)),
        _ => Reply::ok(),
    })
    .await;
    let text = config(&accoil, "").replace("[delivery]\n", "[delivery]\nwindow = 100\ncircuit_failures = 1000\n");
    let mut host = Host::start(&text).await;
    for number in 0..EVENTS {
        let all: Vec<_> = (0..USERS).map(|user| event(&format!("u{user}"), &format!("u{user}-{number:02}"))).collect();
        host.accept("acme", &all).await;
        if number % 10 == 5 {
            host = host.restart().await;
        }
    }
    host.until_drained("acme").await;
    let orders = accoil.orders();
    assert_eq!(orders.len(), USERS);
    for (user, order) in &orders {
        let expected: Vec<String> = (0..EVENTS).map(|number| format!("{user}-{number:02}")).collect();
        assert_eq!(*order, expected);
    }
    assert_eq!(overtaken(&accoil), None);
}

/// A call that was made although an earlier one of the same user had not come through, if there is
/// one: after its first try nothing but the same event may follow, until it is answered with success.
fn overtaken(accoil: &Accoil) -> Option<String> {
    let mut trying: BTreeMap<String, String> = BTreeMap::new();
    for call in accoil.calls().into_iter().filter(|call| call.kind == "track") {
        let head = trying.entry(call.user().to_owned()).or_insert_with(|| call.event().to_owned());
        // What was delivered and not settled before a kill comes again.
        if head.as_str() < call.event() {
            return Some(format!("{} before {head}", call.event()));
        }
        if call.status == 202 {
            trying.remove(call.user());
        }
    }
    None
}
