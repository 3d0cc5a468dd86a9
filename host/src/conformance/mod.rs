//! What any plugin must pass before somebody's events meet it: `check --conformance`.
//!
//! The same checks for a whole mapping and for a group selector, which is run with the default
//! mapping. Events are made by code (`corpus`), settings from the plugin's own schema (`settings`);
//! a check (`checks`) gives them to the plugin as the service would, in batches under its limits and
//! deadlines, and looks at the outcomes. What comes of it is a [`Report`].
//!
//! The plugin must have been admitted ([`crate::admission`]). The thread that runs this needs a stack of
//! four times `stack_bytes`.

mod checks;
mod corpus;
mod report;
mod settings;
mod subject;
mod suite;

pub use report::{Checked, Counts, Failure, Report, Slowest, Verdict};
pub use subject::{Subject, SubjectError};

use suite::Suite;

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The check that begins.
    pub check: &'static str,
    /// How many are done.
    pub done: usize,
    /// How many there are.
    pub of: usize,
}

/// Runs all checks. Without settings, `{}` is taken if it fits, else what the plugin's schema asks for.
///
/// # Errors
///
/// [`SubjectError::Settings`] when these settings do not fit the plugin.
pub fn run(
    subject: &Subject,
    settings: Option<&str>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, SubjectError> {
    let mut suite = Suite::new(subject, settings)?;
    let of = checks::ALL.len();
    let mut checked = Vec::with_capacity(of);
    for (done, check) in checks::ALL.iter().enumerate() {
        progress(Progress { check: check.name, done, of });
        let verdict = suite.verdict(check);
        checked.push(Checked { name: check.name, means: check.means, verdict });
    }
    Ok(suite.report(checked))
}
