//! The loops: batches of events through a mapping, on as many threads as there
//! are processors, in the order in which they came.

mod batch;
mod chunk;
mod mapper;
mod parallel;
mod tally;

pub use batch::{Batch, Collector, Place};
pub use chunk::{Chunk, chunks};
pub use mapper::{Mapped, Mapper};
pub use parallel::in_order;
pub use tally::Tally;
