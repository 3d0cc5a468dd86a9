//! The verdict on a service once its faults have stopped.
//!
//! - P1: what was answered with 200 was delivered, or skipped, or is a dead letter; and the queue drains.
//! - P2: what was delivered was sent, and is what its mapping makes of it.
//! - P3: a user's events come in the order of their acceptance; doubles are only what was under way at a kill.
//! - P4: a fresh event flows.
//! - P5: memory, handles, children and files are back at the baseline.

use std::collections::BTreeSet;

use super::expected::Expected;
use super::footprint::Footprint;
use super::load::{Judgement, Ledger, event_of, judge, tracks};
use super::{Accoil, Host};

/// What a history of events takes on disk, at most: text, index and log of an event.
const EVENT_KB: u64 = 4;

/// The most requests under way at a destination in the usual configuration.
const IN_FLIGHT: usize = 16;

/// How many doubles a kill may leave: what was under way, and what was answered and not yet written down.
pub(crate) const DOUBLES_OF_A_KILL: usize = 8 * IN_FLIGHT;

/// What a verdict is made of, beside the service.
pub(crate) struct Oracle<'a> {
    pub(crate) accoil: &'a Accoil,
    pub(crate) expected: &'a Expected,
    /// Of a service that has just started and has nothing to do.
    pub(crate) baseline: &'a Footprint,
}

impl Oracle<'_> {
    /// Waits until tenant `acme` has nothing left to do, and judges.
    pub(crate) async fn judge(&self, host: &Host, ledger: &Ledger) -> Judgement {
        let status = host.until_drained("acme").await;
        let calls = self.accoil.calls();
        let judgement = judge(&tracks(&calls, ""));
        self.assert_nothing_is_lost(host, ledger, &judgement).await;
        let ends = ["skipped", "dead_letters"].map(|name| status[name].as_u64().unwrap());
        let ended = judgement.delivered.len() as u64 + ends.iter().sum::<u64>();
        assert_eq!(status["accepted"].as_u64(), Some(ended), "{status}");

        let made_up: Vec<_> = judgement.delivered.difference(&ledger.sent).collect();
        assert!(made_up.is_empty(), "P2: delivered and never sent: {made_up:?}");
        let sent: Vec<_> = judgement.delivered.iter().map(|name| event_of(name)).collect();
        self.expected.assert_all_are_of(&calls, &sent);

        let doubles = &judgement.doubles;
        assert!(judgement.most_doubles() <= DOUBLES_OF_A_KILL, "P3: more than was under way: {doubles:?}");

        self.assert_a_fresh_event_flows(host).await;
        self.baseline.until_back(host, EVENT_KB * ledger.sent.len() as u64 + 4096).await;
        judgement
    }

    async fn assert_nothing_is_lost(&self, host: &Host, ledger: &Ledger, judgement: &Judgement) {
        let missing: Vec<&String> = ledger.answered.difference(&judgement.delivered).collect();
        if missing.is_empty() {
            return;
        }
        let letters = host.dead_letters().await;
        let dead: BTreeSet<&str> = letters.iter().filter_map(|letter| letter["event_id"].as_str()).collect();
        for name in missing.into_iter().filter(|name| !dead.contains(name.as_str())) {
            let story = host.admin(&format!("/events/{name}?tenant=acme")).await;
            assert_eq!(story["state"], "skipped", "P1: {name} had its 200 and is lost: {story}");
        }
    }

    async fn assert_a_fresh_event_flows(&self, host: &Host) {
        let name = format!("fresh-{:06}", self.accoil.tracks().len());
        host.accept("acme", &[event_of(&name)]).await;
        let came = self.accoil.until(|calls| calls.iter().any(|call| call.kind == "track" && call.event() == name));
        came.await;
        host.until_drained("acme").await;
    }
}
