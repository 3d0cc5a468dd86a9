//! Cases: events, settings, and what should become of the events.
//!
//! A case is a JSON file (`case`). It is run by the same sandbox as live (`run`), and what comes is compared by meaning:
//! the order of names means nothing, the digits of numbers do (`diff`, `words`). What each event used is held against
//! what it may use (`budget`). `update` writes new expectations, `junit` what CI systems read.

mod budget;
mod case;
mod diff;
mod junit;
mod pretty;
mod report;
mod run;
mod text;
mod update;
mod words;

pub use budget::{Budget, Measure, Used};
pub use case::{Case, CaseError, files};
pub use diff::Difference;
pub use junit::junit;
pub use report::{Finding, Report};
pub use run::run;
pub use text::{Line, Tone, lines, usage_line};
pub use update::update;
