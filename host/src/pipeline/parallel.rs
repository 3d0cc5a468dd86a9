//! Work on several threads, with results in the order of the work.

use std::io;
use std::sync::mpsc::sync_channel;
use std::thread::{Builder, scope};

/// How many results may wait for the ones before them, for each worker.
const AHEAD: usize = 2;

/// Produces, works and consumes: `work` on `workers` threads, each with
/// `stack_bytes` of stack, and `consume` on this thread, in the order of
/// `produce`. With one worker everything happens on this thread but the
/// producing.
///
/// Job and result number *n* go through the channels of worker *n* modulo
/// their number, so that taking results in turn keeps the order, and a slow
/// worker holds the others back after a few jobs.
///
/// # Errors
///
/// When a thread can't be started.
pub fn in_order<T: Send, R: Send>(
    workers: usize,
    stack_bytes: usize,
    produce: impl FnOnce(&mut dyn FnMut(T)) + Send,
    work: impl Fn(T) -> R + Sync,
    mut consume: impl FnMut(R),
) -> io::Result<()> {
    if workers <= 1 {
        let (jobs, todo) = sync_channel(AHEAD);
        return scope(|threads| {
            Builder::new().name("reader".to_owned()).spawn_scoped(threads, move || {
                // Sending fails when nobody consumes any more.
                produce(&mut |job| drop(jobs.send(job)));
            })?;
            todo.into_iter().for_each(|job| consume(work(job)));
            Ok(())
        });
    }
    scope(|threads| {
        let mut lanes = Vec::with_capacity(workers);
        let mut results = Vec::with_capacity(workers);
        for number in 0..workers {
            let (jobs, todo) = sync_channel::<T>(AHEAD);
            let (done, result) = sync_channel::<R>(AHEAD);
            lanes.push(jobs);
            results.push(result);
            let work = &work;
            let name = format!("mapper-{number}");
            Builder::new().name(name).stack_size(stack_bytes).spawn_scoped(threads, move || {
                for job in todo {
                    if done.send(work(job)).is_err() {
                        return;
                    }
                }
            })?;
        }
        Builder::new().name("reader".to_owned()).spawn_scoped(threads, move || {
            let mut turn = 0..;
            produce(&mut |job| {
                let lane = turn.next().and_then(|turn: usize| lanes.get(turn % workers));
                if let Some(lane) = lane {
                    drop(lane.send(job));
                }
            });
        })?;
        for result in results.iter().cycle() {
            match result.recv() {
                Ok(result) => consume(result),
                // The first worker with nothing left: nor have those after it.
                Err(_) => break,
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_work() {
        for workers in 1..5 {
            for jobs in [0_u32, 1, 7, 100] {
                let mut results = Vec::new();
                let slow = |job: u32| {
                    (0..(job % 7) * 1000).for_each(|step| {
                        std::hint::black_box(step);
                    });
                    job * 2
                };
                in_order(workers, 1 << 20, |hand| (0..jobs).for_each(hand), slow, |result| results.push(result))
                    .unwrap();
                assert_eq!(results, (0..jobs).map(|job| job * 2).collect::<Vec<_>>(), "{workers} {jobs}");
            }
        }
    }
}
