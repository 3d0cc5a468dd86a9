//! The checks, in the order in which they run.

mod batches;
mod choice;
mod events;
mod itself;

use super::report::Verdict;
use super::subject::Given;
use super::suite::Suite;

/// A check.
pub(super) struct Check {
    /// Its name, which is stable.
    pub(super) name: &'static str,
    /// What it demands of a plugin.
    pub(super) means: &'static str,
    /// Makes it, under settings that fit.
    pub(super) run: fn(&mut Suite<'_>, &Given) -> Verdict,
    /// Makes it without any, if that can be done.
    pub(super) without_settings: Option<fn(&mut Suite<'_>) -> Verdict>,
}

const fn check(name: &'static str, means: &'static str, run: fn(&mut Suite<'_>, &Given) -> Verdict) -> Check {
    Check { name, means, run, without_settings: None }
}

macro_rules! of_itself {
    ($name:literal, $means:literal, $run:path) => {
        Check { name: $name, means: $means, run: |suite, _| $run(suite), without_settings: Some($run) }
    };
}

/// All checks. `limits` looks at what those before it used.
pub(super) const ALL: &[Check] = &[
    of_itself!("describes-itself", "it has a name, and a version such as 1.4.0", itself::describes),
    of_itself!("describes-itself-again", "it says the same of itself whenever it is asked", itself::describes_again),
    of_itself!("required-settings", "it needs no settings, or its schema names those it needs", itself::required),
    check("usual-events", "it maps usual events without a fault", events::usual),
    check("repeated-batch", "the same batch has the same outcomes in every instance", batches::repeated),
    check("no-state", "the outcomes of a batch are the same after other batches", batches::no_state),
    check("batch-cutting", "an event's outcome depends neither on its batch nor on its place in it", batches::cutting),
    check("empty-batch", "a batch without events has no outcomes, and is no fault", batches::empty),
    check("full-batch", "a batch as large as the host makes them goes through as a whole", batches::full),
    check("absent-fields", "any field may be absent, null, empty, or of another type", events::absent),
    check("largest-events", "an event may be as large as the host lets through", events::largest),
    check("deep-nesting", "properties may be nested 128 levels deep", events::deep),
    check("unicode", "any text may stand in any field, escaped or not", events::unicode),
    check("numbers", "numbers may have any digits and exponents", events::numbers),
    check("duplicate-members", "members of objects may come twice, and have any names", events::duplicates),
    check("event-types", "events of any type are mapped or skipped, Amplitude's own included", events::types),
    check("groups", "an event may name no groups, one, or hundreds, with any ids and traits", events::groups),
    check("settings-values", "every default, example and choice in its schema can be used", itself::values),
    check("choice-candidates", "what it asks a selector about is sound", choice::candidates),
    check("choice-default-rule", "a selector that leaves the choice to it changes nothing", choice::default_rule),
    check("choice-answers", "it gets along with every answer of a selector", choice::answers),
    check("limits", "it keeps within time, memory, stack and output all the while", itself::limits),
];
