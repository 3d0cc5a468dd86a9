//! The loop of delivery: takes units in, keeps at most a window of them, and runs those whose turn
//! it is.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::attempt::Run;
use super::backoff::Backoff;
use super::brake::Brake;
use super::lanes::{Lanes, Ticket};
use super::{Client, FailureReason, Novelty, Outcome, Unit};
use crate::accoil::Lane;
use crate::config::DeliveryConfig;

/// Delivers units until `units` is closed and all have ended; calls `on_outcome` once for each, in
/// the order in which they end.
///
/// Units of one lane are sent in the order in which they come in; of different lanes up to
/// `in_flight` at a time. While `window` units wait or run, none is taken from the channel, so the
/// sender is held back. A unit that cannot be delivered comes back with what is left of it; after
/// the destination has refused the key, all that are left do, untried.
///
/// When `interrupt` completes, requests under way are let end and all that is left comes back in
/// the same way; the caller closes `units` to end the run. Pass [`std::future::pending`] for none.
/// Gives the reason why the run was stopped, if it was.
///
/// `on_outcome` runs between the network's events: it may write to a file, and must not block for
/// long.
pub async fn deliver(
    client: Client,
    config: &DeliveryConfig,
    novelty: Novelty,
    units: mpsc::Receiver<Unit>,
    interrupt: impl Future<Output = ()>,
    on_outcome: impl FnMut(Outcome),
) -> Option<FailureReason> {
    let run = Run {
        client,
        novelty,
        brake: Brake::new(),
        backoff: Backoff { first: config.retry_first(), longest: config.retry_max() },
        give_up_after: config.give_up_after(),
    };
    let run = Arc::new(run);
    let drive = Drive { run: &run, in_flight: config.in_flight, window: config.window };
    drive.until_all_have_ended(units, pin!(interrupt), on_outcome).await;
    run.brake.stopped()
}

struct Drive<'a> {
    run: &'a Arc<Run>,
    in_flight: NonZeroUsize,
    window: NonZeroUsize,
}

impl Drive<'_> {
    async fn until_all_have_ended(
        &self,
        mut units: mpsc::Receiver<Unit>,
        mut interrupt: Pin<&mut impl Future<Output = ()>>,
        mut on_outcome: impl FnMut(Outcome),
    ) {
        let mut lanes: Lanes<Lane, Unit> = Lanes::new();
        let mut running: JoinSet<(Ticket, Outcome)> = JoinSet::new();
        let (mut open, mut interrupted) = (true, false);
        loop {
            self.start_ready(&mut lanes, &mut running);
            // With nothing running, whatever waits is ready and would run: so nothing waits either.
            if !open && running.is_empty() {
                return;
            }
            tokio::select! {
                unit = units.recv(), if open && lanes.len() < self.window.get() => match unit {
                    Some(unit) => lanes.push(unit.lanes(), unit),
                    None => open = false,
                },
                Some(ended) = running.join_next() => match ended {
                    Ok((ticket, outcome)) => {
                        lanes.finish(ticket);
                        on_outcome(outcome);
                    }
                    // A unit must not vanish in a panic of its task, so the panic is passed on;
                    // none is ever cancelled.
                    Err(error) => {
                        if let Ok(panic) = error.try_into_panic() {
                            resume_unwind(panic);
                        }
                    }
                },
                () = interrupt.as_mut(), if !interrupted => {
                    interrupted = true;
                    self.run.brake.stop(FailureReason::Interrupted);
                }
            }
        }
    }

    fn start_ready(&self, lanes: &mut Lanes<Lane, Unit>, running: &mut JoinSet<(Ticket, Outcome)>) {
        while running.len() < self.in_flight.get() {
            let Some((ticket, unit)) = lanes.take_ready() else {
                return;
            };
            let run = Arc::clone(self.run);
            running.spawn(async move { (ticket, run.deliver(unit).await) });
        }
    }
}
