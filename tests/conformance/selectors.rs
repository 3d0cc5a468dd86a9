//! Selectors: run with the default mapping.

use accoil_stream::conformance::{Report, Subject};
use accoil_stream::sandbox::{DEFAULT_COMPONENT, Metering, Sandbox};

use super::{failed, failure, not_applicable, note, patient, report, selector};
use crate::sandbox::guest::admit;

fn report_of(on_event: &str) -> Report {
    let sandbox = Sandbox::new(&patient(), Metering::Off).unwrap();
    let (selector, mapping) =
        (sandbox.admit_selector(&selector(on_event)).unwrap(), sandbox.admit(DEFAULT_COMPONENT).unwrap());
    report(&Subject::selector(selector, mapping).unwrap())
}

#[test]
fn a_sound_selector_conforms() {
    let report = report_of(include_str!("guests/last_candidate.wat"));
    assert_eq!(failed(&report), [""; 0], "{report:#?}");
    assert_eq!(
        not_applicable(&report),
        ["settings-values", "choice-candidates", "choice-default-rule", "choice-answers"]
    );
    assert!(note(&report, "groups").starts_with("it was asked about "), "{report:#?}");
    assert!(report.outcomes.deliver > 1000, "{:?}", report.outcomes);
}

#[test]
fn one_whose_answer_depends_on_the_ones_before_is_found() {
    let report = report_of(include_str!("guests/candidate_in_turn.wat"));
    assert_eq!(failed(&report), ["batch-cutting"], "{report:#?}");
}

#[test]
fn one_whose_answer_is_no_candidate_is_found() {
    let report = report_of(include_str!("guests/beyond_hundreds.wat"));
    assert_eq!(failed(&report), ["groups"], "{report:#?}");
    let failure = failure(&report, "groups");
    assert_eq!(failure.sample.as_deref(), Some("hundreds of groups"));
    assert!(failure.problem.starts_with("group selector: invalid output: chooses candidate 400"), "{failure:?}");
}

#[test]
fn only_a_mapping_that_asks_can_stand_beside_one() {
    let sandbox = Sandbox::new(&patient(), Metering::Off).unwrap();
    let selector = sandbox.admit_selector(&selector(include_str!("guests/last_candidate.wat"))).unwrap();
    // It has no such settings as the default mapping.
    let strict = admit(
        &include_str!("../sandbox/guests/usual/describe.wat")
            .replace("guest1.0.0{}", "guest1.0.0false")
            .replace("(i32.const 60) (i32.const 2)", "(i32.const 60) (i32.const 5)"),
    );
    assert_eq!(Subject::selector(selector, strict).err().map(|error| error.code()), Some("conformance-mapping"));
}
