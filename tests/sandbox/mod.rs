//! The sandbox against guests that nobody should trust. Hostile guests are
//! fields of a core module, in `guests/`; what they do not bring themselves,
//! such as a memory, they get from `guests/usual/`.

mod admission;
mod answer;
mod bombs;
pub(crate) mod guest;
mod honest;
pub(crate) mod hostile;
mod invalid;
mod isolation;
mod made_up;
mod memory;
mod output;
mod schema;
mod selectors;
mod stack;
mod time;
mod worlds;
