//! What holds the whole destination: a floor that `Retry-After` sets, and the stop of a run.
//!
//! A destination that asks for a pause means all calls, not the one it answered; and one that
//! refuses the key would refuse every call that is left.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::FailureReason;

/// Shared by all calls to one destination.
#[derive(Debug)]
pub(super) struct Brake {
    state: watch::Sender<State>,
    last_success: Mutex<Option<Instant>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// Nothing is sent before this.
    floor: Instant,
    stop: Option<FailureReason>,
}

impl Brake {
    pub(super) fn new() -> Self {
        let state = State { floor: Instant::now(), stop: None };
        Self { state: watch::Sender::new(state), last_success: Mutex::new(None) }
    }

    /// Waits until `earliest` and the floor have passed. A stop, or a floor beyond `give_up_at`,
    /// ends it with the reason.
    pub(super) async fn wait(&self, earliest: Instant, give_up_at: Instant) -> Result<(), FailureReason> {
        let mut state = self.state.subscribe();
        loop {
            let now = *state.borrow_and_update();
            if let Some(reason) = now.stop {
                return Err(reason);
            }
            let until = earliest.max(now.floor);
            if until > give_up_at {
                return Err(FailureReason::GaveUp);
            }
            if until <= Instant::now() {
                return Ok(());
            }
            // A change means a later floor or a stop; both are looked at from the top. The sender
            // lives in `self`, so waiting for it cannot fail.
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                _ = state.changed() => {}
            }
        }
    }

    /// Raises the floor; an earlier one never lowers it.
    pub(super) fn hold_until(&self, floor: Instant) {
        self.state.send_if_modified(|state| {
            let raised = floor > state.floor;
            state.floor = state.floor.max(floor);
            raised
        });
    }

    /// Stops everything that has not been sent. The first reason stays.
    pub(super) fn stop(&self, reason: FailureReason) {
        let changed = self.state.send_if_modified(|state| {
            let first = state.stop.is_none();
            state.stop.get_or_insert(reason);
            first
        });
        if changed {
            tracing::warn!(reason = reason.code(), "delivery stopped: {}", reason.message());
        }
    }

    /// Why everything was stopped, if it was.
    pub(super) fn stopped(&self) -> Option<FailureReason> {
        self.state.borrow().stop
    }

    pub(super) fn success(&self) {
        *self.last_success.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether any call has come through since `start`.
    pub(super) fn succeeded_since(&self, start: Instant) -> bool {
        self.last_success.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|last| last >= start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn the_floor_holds_and_only_rises() {
        let (brake, start) = (Brake::new(), Instant::now());
        let far = start + Duration::from_secs(100);
        brake.hold_until(start + Duration::from_secs(5));
        brake.hold_until(start + Duration::from_secs(2));
        brake.wait(start, far).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(5));
        brake.hold_until(start + Duration::from_secs(101));
        assert_eq!(brake.wait(start, far).await, Err(FailureReason::GaveUp));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_wakes_those_who_wait() {
        let (brake, start) = (Brake::new(), Instant::now());
        let far = start + Duration::from_secs(100);
        let (waited, ()) = tokio::join!(brake.wait(start + Duration::from_secs(50), far), async {
            brake.stop(FailureReason::KeyRefused);
            brake.stop(FailureReason::GaveUp);
        });
        assert_eq!(waited, Err(FailureReason::KeyRefused));
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}
