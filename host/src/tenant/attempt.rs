//! One attempt at an event: its calls, one after the other, until all are delivered or one is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::sleep_until;

use super::gate::{Gate, Turn};
use super::work::{CallEnd, Work};
use super::{Plan, span};
use crate::metrics::TenantMetrics;
use crate::outbound::classify::{Verdict, classify};
use crate::outbound::{Answer, Client, Decision, Novelty};
use crate::queue::{Fact, Space};

/// What attempts at one destination share.
#[derive(Debug)]
pub(super) struct Way {
    /// The tenant's name.
    pub(super) tenant: Arc<str>,
    pub(super) client: Client,
    pub(super) gate: Arc<Gate>,
    pub(super) novelty: Arc<Novelty>,
    pub(super) metrics: TenantMetrics,
    /// No request is begun any more: the loop stops.
    pub(super) stopping: Arc<AtomicBool>,
}

/// How an attempt ended.
pub(super) struct Attempted {
    /// The event, with what is left of it.
    pub(super) work: Work,
    pub(super) end: End,
    /// What is to be remembered of what was delivered.
    pub(super) facts: Vec<Fact>,
    /// Whether the gate was closed or opened by it.
    pub(super) turn: Turn,
}

/// How far an attempt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Every call came to its end.
    Delivered,
    /// The first call that is left failed, with this verdict.
    Failed(Verdict),
    /// The gate was closed before the first call that is left could be sent.
    Held,
}

impl Way {
    /// The way as new orders want it. Without another `novelty` the destination is the same, and
    /// what is known of it still holds.
    pub(super) fn follow(&self, plan: &Plan, novelty: Option<Novelty>) -> Self {
        let is_same_gate = novelty.is_none() && self.gate.config() == plan.gate() && !self.gate.is_refused();
        Self {
            tenant: Arc::clone(&self.tenant),
            client: plan.client.clone(),
            gate: if is_same_gate { Arc::clone(&self.gate) } else { Arc::new(Gate::new(plan.gate())) },
            novelty: novelty.map_or_else(|| Arc::clone(&self.novelty), Arc::new),
            metrics: self.metrics.clone(),
            stopping: Arc::clone(&self.stopping),
        }
    }

    /// The same way with another memory.
    pub(super) fn with_novelty(&self, novelty: Novelty) -> Self {
        Self {
            tenant: Arc::clone(&self.tenant),
            client: self.client.clone(),
            gate: Arc::clone(&self.gate),
            novelty: Arc::new(novelty),
            metrics: self.metrics.clone(),
            stopping: Arc::clone(&self.stopping),
        }
    }

    /// Makes one attempt. As the probe it is let through a gate that is closed.
    pub(super) async fn attempt(&self, mut work: Work, is_probe: bool) -> Attempted {
        let mut span = span::attempt(&self.tenant, &work);
        let mut facts = Vec::new();
        let mut turn = Turn::Same;
        // Once the probe has come through, the gate is open for the rest of its calls.
        let mut probing = is_probe;
        let end = loop {
            let Some(call) = work.calls.first() else {
                break End::Delivered;
            };
            if work.is_replay && self.novelty.is_superseded(call) {
                work.advance(CallEnd::Superseded);
                continue;
            }
            let guard = self.novelty.lock_group(call).await;
            let decision = self.novelty.decide(call);
            if decision == Decision::NothingNew {
                drop(guard);
                self.metrics.unchanged.inc();
                work.advance(CallEnd::Unchanged);
                continue;
            }
            if let Some(slot) = self.gate.slot() {
                sleep_until(slot).await;
            }
            // Looked at last: an answer to another call may have closed the gate in the meantime.
            if self.stopping.load(Ordering::Relaxed) || !self.gate.lets_pass(probing) {
                break End::Held;
            }
            let call_span = span.as_ref().and_then(|span| span::call(span, self, &work, call));
            let answer = self.client.post_call(call, decision).await;
            let verdict = classify(&answer);
            if let Some(span) = call_span {
                span::answered(span, &answer, verdict);
            }
            if verdict != Verdict::Delivered {
                drop(guard);
                turn = self.gate.failed(work.seq, verdict, &answer);
                work.note_failure(answer);
                break End::Failed(verdict);
            }
            let rows = self.novelty.delivered(call, decision);
            drop(guard);
            facts.extend(rows.into_iter().map(|row| Fact { space: Space::Told, key: row.key, value: row.value }));
            probing = false;
            if self.gate.succeeded() == Turn::Opened {
                turn = Turn::Opened;
            }
            self.metrics.requests.inc();
            work.advance(CallEnd::Status(status(&answer)));
        };
        if probing && !matches!(end, End::Failed(_)) {
            self.gate.give_probe_back();
        }
        if let Some(span) = &mut span {
            span::attempted(span, end);
        }
        Attempted { work, end, facts, turn }
    }
}

fn status(answer: &Answer) -> u16 {
    match answer {
        Answer::Http { status, .. } => *status,
        Answer::Network { .. } | Answer::AddressRefused { .. } => 0,
    }
}
