//! Reading all inputs of a command.

use crate::input::{Error, Input, Progress, read};
use crate::limits::Limits;
use crate::pipeline::{Batch, Collector};

/// Reads one input after the other; gives back what went wrong.
pub(super) fn read_all(
    inputs: &[Input],
    limits: &Limits,
    progress: &Progress,
    hand_on: &mut dyn FnMut(Batch),
) -> Vec<Error> {
    let mut collector = Collector::new(hand_on);
    let mut errors = Vec::new();
    for input in inputs {
        errors.extend(read(input, limits.event_bytes, progress, &mut collector));
        collector.flush();
    }
    errors
}
