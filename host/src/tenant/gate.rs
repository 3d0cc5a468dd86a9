//! Whether the destination may be spoken to.
//!
//! A destination that asks for a pause (`Retry-After`) means all calls, not the one it answered.
//! One that fails again and again is left alone but for a probe now and then: its *circuit* is
//! open. One that refuses the key would refuse every call, so none is burned: it is probed rarely,
//! until an operator changes the key.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::outbound::classify::Verdict;
use crate::outbound::{Answer, FailureReason};
use crate::queue::Seq;

/// Failures in a row, for each that the configuration asks for, that open the circuit even if they
/// are of few events: then nothing has come through for long.
const OF_FEW_EVENTS: usize = 5;

/// How often a destination that refuses the key is probed.
const REFUSED_PROBE: Duration = Duration::from_secs(5 * 60);

/// Why the destination is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It asked for it.
    Held,
    /// It fails.
    Down,
    /// It refuses the key, or has an address it must not have.
    Refused(FailureReason),
}

impl Closed {
    /// The word for it in the status.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Down => "down",
            Self::Refused(reason) => reason.code(),
        }
    }
}

/// How the gate is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateConfig {
    /// Events that fail in a row before the circuit opens.
    pub failures: usize,
    /// Time between probes.
    pub probe: Duration,
    /// Most requests a second; 0 for no limit.
    pub requests_per_second: u32,
}

/// Shared by all attempts at one destination.
#[derive(Debug)]
pub struct Gate {
    config: GateConfig,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    floor: Instant,
    failing: HashSet<Seq>,
    failures: usize,
    closed: Option<Closed>,
    next_probe: Instant,
    probing: bool,
    /// When the next request may leave.
    next_slot: Instant,
    last_error: Option<String>,
}

/// What an answer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    Same,
    /// The gate is closed from now on, for this reason.
    Closed(Closed),
    /// The gate is open again.
    Opened,
}

impl Gate {
    /// An open gate.
    pub fn new(config: GateConfig) -> Self {
        let now = Instant::now();
        let state = State {
            floor: now,
            failing: HashSet::new(),
            failures: 0,
            closed: None,
            next_probe: now,
            probing: false,
            next_slot: now,
            last_error: None,
        };
        Self { config, state: Mutex::new(state) }
    }

    /// How it is set.
    pub fn config(&self) -> GateConfig {
        self.config
    }

    /// Whether the destination refuses the key, or may not be spoken to.
    pub fn is_refused(&self) -> bool {
        matches!(self.lock().closed, Some(Closed::Refused(_)))
    }

    /// Why it is closed now, if it is.
    pub fn closed(&self) -> Option<Closed> {
        let state = self.lock();
        state.reason(Instant::now())
    }

    /// When there is something to try again: the floor or the next probe. `None` while it is open.
    pub fn opens_at(&self) -> Option<Instant> {
        let state = self.lock();
        state.reason(Instant::now())?;
        Some(if state.closed.is_some() { state.next_probe.max(state.floor) } else { state.floor })
    }

    /// The last thing that went wrong.
    pub fn last_error(&self) -> Option<String> {
        self.lock().last_error.clone()
    }

    /// Whether a request may be made: by anyone while the gate is open, by the probe after the
    /// floor.
    pub fn lets_pass(&self, is_probe: bool) -> bool {
        let state = self.lock();
        let now = Instant::now();
        if is_probe { state.floor <= now } else { state.reason(now).is_none() }
    }

    /// Whether the caller is to probe a closed gate now. It must tell how that went, or give the
    /// probe back.
    pub fn take_probe(&self) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        let is_due = state.closed.is_some() && !state.probing && state.next_probe <= now && state.floor <= now;
        state.probing |= is_due;
        is_due
    }

    /// The probe was not made.
    pub fn give_probe_back(&self) {
        self.lock().probing = false;
    }

    /// Until when a request has to wait that is to be made now, if it has to; takes its turn.
    pub fn slot(&self) -> Option<Instant> {
        let apart = Duration::from_secs(1).checked_div(self.config.requests_per_second)?;
        let mut state = self.lock();
        let now = Instant::now();
        let slot = state.next_slot.max(now);
        state.next_slot = slot + apart;
        (slot > now).then_some(slot)
    }

    /// A request came through.
    pub fn succeeded(&self) -> Turn {
        let mut state = self.lock();
        state.failing.clear();
        state.failures = 0;
        state.probing = false;
        match state.closed.take() {
            Some(_) => Turn::Opened,
            None => Turn::Same,
        }
    }

    /// A request of the event `seq` did not come through.
    pub fn failed(&self, seq: Seq, verdict: Verdict, answer: &Answer) -> Turn {
        let mut state = self.lock();
        let now = Instant::now();
        let was_closed = state.reason(now);
        state.last_error = Some(words(answer));
        if let Answer::Http { retry_after: Some(wait), .. } = answer {
            state.floor = state.floor.max(now + *wait);
        }
        let closed = match verdict {
            // The destination is there, and it is this call that it does not want.
            Verdict::Delivered | Verdict::Dead => {
                state.failing.clear();
                state.failures = 0;
                state.closed = None;
                None
            }
            Verdict::DestinationRefusesKey => Some(Closed::Refused(FailureReason::KeyRefused)),
            Verdict::DestinationForbidden => Some(Closed::Refused(FailureReason::AddressRefused)),
            Verdict::Retry => state.has_failed_enough(seq, self.config.failures).then_some(Closed::Down),
        };
        if let Some(closed) = closed {
            let wait = if closed == Closed::Down { self.config.probe } else { REFUSED_PROBE };
            state.next_probe = now + wait.mul_f64(0.8 + 0.4 * fastrand::f64());
            state.closed = Some(closed);
        }
        if state.probing {
            state.probing = false;
            state.next_probe = state.next_probe.max(now + self.config.probe.mul_f64(0.8 + 0.4 * fastrand::f64()));
        }
        match (was_closed, state.reason(now)) {
            (Some(_), None) => Turn::Opened,
            (before, Some(after)) if before != Some(after) => Turn::Closed(after),
            _ => Turn::Same,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn reason(&self, now: Instant) -> Option<Closed> {
        match self.closed {
            Some(closed) => Some(closed),
            None => (self.floor > now).then_some(Closed::Held),
        }
    }

    fn has_failed_enough(&mut self, seq: Seq, limit: usize) -> bool {
        self.failures += 1;
        if self.failing.len() < limit {
            self.failing.insert(seq);
        }
        self.closed.is_some() || self.failing.len() >= limit || self.failures >= limit.saturating_mul(OF_FEW_EVENTS)
    }
}

/// An answer in a few words, for the status.
fn words(answer: &Answer) -> String {
    match answer {
        Answer::Http { status, excerpt, .. } if excerpt.is_empty() => format!("status {status}"),
        Answer::Http { status, excerpt, .. } => format!("status {status}: {excerpt:.200}"),
        Answer::Network { problem } | Answer::AddressRefused { problem } => problem.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: GateConfig = GateConfig { failures: 3, probe: Duration::from_secs(10), requests_per_second: 0 };

    fn status(status: u16, retry_after: Option<u64>) -> Answer {
        Answer::Http { status, retry_after: retry_after.map(Duration::from_secs), excerpt: String::new() }
    }

    fn fail(gate: &Gate, seq: Seq) -> Turn {
        gate.failed(seq, Verdict::Retry, &status(500, None))
    }

    #[tokio::test(start_paused = true)]
    async fn failures_of_several_events_open_the_circuit_and_a_probe_closes_it() {
        let gate = Gate::new(CONFIG);
        assert_eq!((fail(&gate, 1), fail(&gate, 1), fail(&gate, 2)), (Turn::Same, Turn::Same, Turn::Same));
        assert_eq!(fail(&gate, 3), Turn::Closed(Closed::Down));
        assert!(!gate.lets_pass(false) && !gate.take_probe());
        tokio::time::advance(Duration::from_secs(13)).await;
        assert!(gate.take_probe() && !gate.take_probe() && gate.lets_pass(true));
        assert_eq!(fail(&gate, 4), Turn::Same);
        assert!(!gate.take_probe());
        tokio::time::advance(Duration::from_secs(13)).await;
        assert!(gate.take_probe());
        assert_eq!((gate.succeeded(), gate.closed()), (Turn::Opened, None));
    }

    #[tokio::test(start_paused = true)]
    async fn one_event_that_always_fails_does_not_close_the_destination_to_others() {
        let gate = Gate::new(CONFIG);
        for _ in 0..14 {
            assert_eq!(fail(&gate, 1), Turn::Same);
        }
        assert_eq!(fail(&gate, 1), Turn::Closed(Closed::Down));
    }

    #[tokio::test(start_paused = true)]
    async fn a_floor_holds_all() {
        let gate = Gate::new(CONFIG);
        let turn = gate.failed(1, Verdict::Retry, &status(429, Some(5)));
        assert_eq!(turn, Turn::Closed(Closed::Held));
        assert!(!gate.lets_pass(false) && !gate.lets_pass(true));
        tokio::time::advance(Duration::from_secs(8)).await;
        assert!(gate.lets_pass(false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_key_pauses_and_a_refused_call_does_not() {
        let gate = Gate::new(CONFIG);
        for seq in 0..100 {
            assert_eq!(gate.failed(seq, Verdict::Dead, &status(404, None)), Turn::Same);
        }
        let turn = gate.failed(1, Verdict::DestinationRefusesKey, &status(401, None));
        assert_eq!(turn, Turn::Closed(Closed::Refused(FailureReason::KeyRefused)));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_spread_over_the_second() {
        let gate = Gate::new(GateConfig { requests_per_second: 10, ..CONFIG });
        let start = Instant::now();
        let slots: Vec<_> = (0..3).map(|_| gate.slot().map(|slot| slot - start)).collect();
        assert_eq!(slots, [None, Some(Duration::from_millis(100)), Some(Duration::from_millis(200))]);
        assert_eq!(Gate::new(CONFIG).slot(), None);
    }
}
