//! For every check a mapping that fails it, and no other. `repeated-batch` and `no-state` have none: a fresh instance
//! has nothing to go by but its batch, so they watch over the host. What is beyond a limit fails twice.

use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{DEFAULT_COMPONENT, Metering, Sandbox};

use super::{failed, failure, not_applicable, note, patient, report_of};
use crate::sandbox::guest::{SANDBOX, admit, admit_to, assemble, component, limits, text_with};

const DESCRIBE: &str = include_str!("../sandbox/guests/usual/describe.wat");
const TRANSFORM: &str = include_str!("../sandbox/guests/usual/transform.wat");
const ASKS: &str = include_str!("guests/asks.wat");

/// A guest that traps on events for which this is not zero, and skips the others.
fn traps_if(condition: &str) -> String {
    format!(
        "(func $on_event (param $event i32) (param $outcome i32)
           (if {condition} (then (unreachable)))
           (call $skip_with_id (local.get $event) (local.get $outcome)))"
    )
}

/// Whether a text of the event, which lies at this offset, is longer than this.
fn is_longer(offset: usize, than: usize) -> String {
    format!("(i32.gt_u (i32.load offset={} (local.get $event)) (i32.const {than}))", offset + 4)
}

/// A guest that does something before it looks at its events.
fn before_events(what: &str) -> String {
    TRANSFORM.replacen("(call $alloc", &format!("(block (result i32) {what} (call $alloc"), 1).replacen(
        "(i32.const 8)))",
        "(i32.const 8))))",
        1,
    )
}

/// Describes itself with this schema.
fn with_schema(schema: &str) -> String {
    let escaped = schema.replace('"', "\\\"");
    let describe = DESCRIBE.replace("(i32.const 56) (i32.const 26)", "(i32.const 56) (i32.const 2048)");
    let length = format!("(i32.const 60) (i32.const {})", schema.len());
    format!("(data (i32.const 2048) \"{escaped}\") {}", describe.replace("(i32.const 60) (i32.const 2)", &length))
}

fn asks(fields: &str) -> Vec<u8> {
    assemble(&text_with(
        fields,
        include_str!("../sandbox/guests/asks_for_a_choice_before.wat"),
        r#"(with "choice" (instance (export "active" (func $active)) (export "choose" (func $choose))))
           (with "shared" (instance $shared))"#,
    ))
}

fn asks_and(on_answer: &str) -> String {
    format!("{ASKS} (func $on_answer (param $case i32) {on_answer})")
}

#[test]
fn the_default_mapping_conforms() {
    let sandbox = Sandbox::new(&patient(), Metering::Off).unwrap();
    let report = report_of(sandbox.admit(DEFAULT_COMPONENT).unwrap());
    assert_eq!(failed(&report), [""; 0], "{report:#?}");
    assert_eq!(not_applicable(&report), [""; 0], "{report:#?}");
    // All that its schema names can be tried.
    assert_eq!(note(&report, "settings-values"), "22 of 22 tried alone, 4 combinations");
    assert!(report.outcomes.deliver > 1000 && report.outcomes.fault == 0, "{:?}", report.outcomes);
}

#[test]
fn the_smallest_mapping_conforms() {
    let report = report_of(admit(""));
    assert_eq!(failed(&report), [""; 0]);
    assert_eq!(not_applicable(&report), ["settings-values", "choice-candidates"]);
    assert_eq!(report.passed + report.not_applicable, report.checks.len());
}

/// Each has a check that only this fails.
#[test]
fn each_check_finds_what_it_is_there_for() {
    let in_full_batch = format!(
        "(if (i32.and (i32.gt_u (local.get $events) (i32.const 200)) {}) (then (unreachable)))",
        is_longer(84, 300)
    );
    for (check, guest, words) in [
        (
            "describes-itself",
            DESCRIBE.replace("(i32.const 44) (i32.const 5)", "(i32.const 44) (i32.const 1)"),
            "its version is \"1\"",
        ),
        (
            "describes-itself-again",
            format!(
                "(global $asked (mut i32) (i32.const 0)) {}",
                DESCRIBE
                    .replace(
                        "(i32.const 36) (i32.const 5)",
                        "(i32.const 36) (i32.sub (i32.const 5) (global.get $asked))"
                    )
                    .replace("\n  (i32.const 32))", "\n  (global.set $asked (i32.const 1)) (i32.const 32))")
            ),
            "its name is \"guest\" first, and \"gues\" when asked for the second time",
        ),
        ("required-settings", with_schema(r#"{"minProperties":1}"#), "by no `required`"),
        (
            "usual-events",
            // The 300th and those after it.
            traps_if(
                "(i32.and (i32.eq (i32.load offset=4 (local.get $event)) (i32.const 5))
                   (i32.eq (i32.load8_u offset=2 (i32.load (local.get $event))) (i32.const 51)))",
            ),
            "unreachable",
        ),
        ("batch-cutting", include_str!("guests/skips_with_first.wat").to_owned(), "two outcomes"),
        ("empty-batch", before_events("(if (i32.eqz (local.get $events)) (then (unreachable)))"), "unreachable"),
        ("full-batch", before_events(&in_full_batch), "on each event alone it does not"),
        // Only there is a type of one byte that is "x".
        (
            "absent-fields",
            traps_if("(i32.eq (i32.load8_u (i32.load offset=8 (local.get $event))) (i32.const 120))"),
            "unreachable",
        ),
        ("largest-events", traps_if(&is_longer(52, 500_000)), "unreachable"),
        (
            "deep-nesting",
            traps_if(
                "(i64.eq (i64.load offset=5 (i32.load offset=52 (local.get $event))) (i64.const 0x5b5b5b5b5b5b5b5b))",
            ),
            "unreachable",
        ),
        (
            "unicode",
            traps_if(
                "(if (result i32) (i32.load8_u offset=16 (local.get $event))
                   (then (i32.eq (i32.load8_u (i32.load offset=20 (local.get $event))) (i32.const 0xf0)))
                   (else (i32.const 0)))",
            ),
            "unreachable",
        ),
        ("numbers", traps_if(&is_longer(20, 100)), "unreachable"),
        (
            "duplicate-members",
            // `{"a":1,"`
            traps_if("(i64.eq (i64.load (i32.load offset=52 (local.get $event))) (i64.const 0x222c313a2261227b))"),
            "unreachable",
        ),
        ("event-types", traps_if(&is_longer(8, 900)), "unreachable"),
        ("groups", traps_if(&is_longer(68, 2000)), "unreachable"),
        (
            "settings-values",
            with_schema(r#"{"properties":{"a":{"default":1}}}"#)
                + &before_events("(if (i32.gt_u (local.get 1) (i32.const 2)) (then (unreachable)))"),
            "with the default at /a:",
        ),
        (
            "settings-values",
            with_schema(r#"{"properties":{"a":{"type":"string","default":1}}}"#),
            "default at /a does not fit its own schema: 1",
        ),
    ] {
        let report = report_of(SANDBOX.admit(&component(&guest)).unwrap_or_else(|error| panic!("{check}: {error}")));
        assert_eq!(failed(&report), [check], "{report:#?}");
        let failure = failure(&report, check);
        assert!(failure.problem.contains(words), "{check}: {}", failure.problem);
    }
}

#[test]
fn a_failure_shows_the_event_the_settings_and_both_outcomes() {
    let report = report_of(admit(include_str!("guests/skips_with_first.wat")));
    let failure = failure(&report, "batch-cutting");
    assert_eq!(failure.sample.as_deref(), Some("usual event 1"));
    assert!(failure.event.as_ref().unwrap().contains(r#""insert_id":"c-1""#), "{failure:?}");
    assert_eq!(failure.settings.as_deref(), Some("{}"));
    let told: Vec<_> = failure.outcomes.iter().map(|told| (told.run.as_str(), told.outcome.as_str())).collect();
    assert_eq!(
        told,
        [
            ("first, in a batch of 120", r#"{"outcome":"skip","reason":"c-0"}"#),
            ("alone", r#"{"outcome":"skip","reason":"c-1"}"#),
        ]
    );
}

#[test]
fn a_mapping_that_asks_gets_along_with_any_selector() {
    let honest = asks(&asks_and(""));
    let report = report_of(SANDBOX.admit(&honest).unwrap());
    assert_eq!(failed(&report), [""; 0], "{report:#?}");
    assert!(note(&report, "choice-candidates").starts_with("it asks "), "{report:#?}");
    // It listens to nobody.
    assert!(note(&report, "choice-answers").ends_with(" 0 are the account"), "{report:#?}");

    let no_index = asks_and("").replace("(call $choose (global.get $index)", "(call $choose (i32.const 1000)");
    for (check, guest, words) in [
        (
            "choice-candidates",
            asks_and("").replace("(i32.const 2 (; of traits ;))", "(i32.const 1)"),
            "traits of candidate 0",
        ),
        (
            "choice-candidates",
            asks_and("").replace("(i32.const 132) (i32.const 1)", "(i32.const 132) (i32.const 0)"),
            "group-id of candidate 0 is empty",
        ),
        ("choice-candidates", no_index, "asks about event 1000 of a batch of"),
        ("choice-default-rule", include_str!("../sandbox/guests/asks_for_a_choice.wat").to_owned(), "differ"),
        (
            "choice-answers",
            asks_and("(if (i32.eq (local.get $case) (i32.const 1)) (then (unreachable)))"),
            "with a selector that says that there is no account",
        ),
    ] {
        let report = report_of(SANDBOX.admit(&asks(&guest)).unwrap());
        assert_eq!(failed(&report), [check], "{report:#?}");
        let failure = failure(&report, check);
        assert!(failure.problem.contains(words), "{check}: {}", failure.problem);
    }
}

#[test]
fn what_goes_beyond_a_limit_is_named_at_the_end() {
    let loops = traps_if("(i32.eq (i32.load8_u (i32.load offset=8 (local.get $event))) (i32.const 120))")
        .replace("(unreachable)", "(loop $again (br $again))");
    let brisk = Limits { deadline_ms: 500, fault_deadlines: 1, ..limits() };
    let brisk = Sandbox::new(&brisk, Metering::Off).unwrap();
    let report = report_of(admit_to(&brisk, &loops));
    assert_eq!(failed(&report), ["absent-fields", "limits"], "{report:#?}");
    assert_eq!(failure(&report, "limits").problem, "in absent-fields: deadline: ran longer than 500 ms");
}

#[test]
fn settings_that_are_required_are_made_of_the_schema_or_asked_for() {
    let made = with_schema(r#"{"required":["a"],"properties":{"a":{"type":"string","minLength":2}}}"#);
    let report = report_of(admit(&made));
    assert_eq!((failed(&report), report.settings.as_deref()), (vec![], Some(r#"{"a":"xx"}"#)));
    assert_eq!(note(&report, "required-settings"), "it needs a");

    let asked_for = with_schema(r#"{"required":["a"],"properties":{"a":{"type":"string","pattern":"^key-"}}}"#);
    let report = report_of(admit(&asked_for));
    assert_eq!((failed(&report), report.settings.as_deref()), (vec![], None));
    assert_eq!(report.not_applicable, report.checks.len() - 3, "{report:#?}");
}
