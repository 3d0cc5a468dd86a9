use std::path::Path;

use super::*;
use crate::admission::Admission;
use crate::authoring::subject::Other;
use crate::sandbox::DEFAULT_COMPONENT;

fn case(text: &str) -> Case {
    Case::parse(Path::new("some.json"), text.to_owned()).unwrap()
}

fn subject() -> Subject {
    Subject::load(&Admission::in_process(), &Limits::default(), DEFAULT_COMPONENT, Other::Default).unwrap()
}

#[test]
fn what_comes_is_held_against_what_is_expected() {
    let subject = subject();
    let most = u64::MAX;
    let events = r#""events":[{"event_type":"a","user_id":"u"},{"event_type":"b"},7]"#;
    let expected = r#""expected":[
        {"events":[{"event":"a","userId":"u"}],"outcome":"deliver"},
        {"outcome":"skip","reason":"missing user id"},
        {"outcome":"invalid","reason":"expected an object at column 1"}]"#;
    let report = run(&subject, &case(&format!("{{{events},{expected}}}")), most);
    assert!(report.passed(), "{report:?}");
    assert_eq!(report.used.iter().map(|(event, _)| *event).collect::<Vec<_>>(), [0, 1]);
    assert!(
        report.used.iter().all(|(_, used)| used.fuel > 1000 && used.memory > 1000 && used.output > 0),
        "{report:?}"
    );

    let report = run(&subject, &case(&format!("{{{events}}}")), most);
    assert_eq!(report.findings, [Finding::NothingExpected]);

    let report = run(&subject, &case(&format!("{{{events},\"expected\":[]}}")), most);
    assert_eq!(report.findings, [Finding::Count { expected: 0, events: 3 }]);

    let other = expected.replace("\"userId\":\"u\"", "\"userId\":\"v\"");
    let mut report = run(&subject, &case(&format!("{{{events},{other}}}")), most);
    let [Finding::Differs { event: 0, event_type, words, differences }] = report.findings.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!((event_type.as_str(), words.as_slice()), ("a", &["the user changed from v to u".to_owned()][..]));
    assert_eq!(differences.len(), 1);
    assert_eq!(differences.first().unwrap().path, "events[0].userId");
    report.accept();
    assert!(report.passed());
}

#[test]
fn more_than_the_budget_and_settings_that_do_not_fit_fail() {
    let subject = subject();
    let text = r#"{"events":[{"event_type":"b"}],"expected":[{"outcome":"skip","reason":"missing user id"}]}"#;
    let report = run(&subject, &case(text), 10);
    assert!(
        matches!(report.findings.as_slice(), [Finding::OverBudget { event: 0, measure }] if measure.what == "fuel"),
        "{report:?}"
    );
    assert!(report.is_stable());
    for (more, problem) in [
        (r#""settings":{"no":1}"#, "[settings-invalid] settings at "),
        (r#""mapping_settings":{}"#, "`mapping_settings` are those of the mapping beside a selector"),
    ] {
        let report = run(&subject, &case(&text.replacen('{', &format!("{{{more},"), 1)), 10);
        let [Finding::NotRun(told)] = report.findings.as_slice() else { panic!("{report:?}") };
        assert!(told.starts_with(problem) && !report.is_stable(), "{told}");
    }
}

#[test]
fn events_go_in_batches_as_live() {
    let event = |size: usize| {
        let mut event = Event::read(br#"{"event_type":"a"}"#).unwrap();
        event.attributes = "x".repeat(size);
        event
    };
    let events: Vec<_> = [10, 10, 10, 90, 500, 10].map(event).into();
    let limits = Limits { batch_events: 2, batch_bytes: 120, ..Limits::default() };
    let sizes: Vec<usize> = batches(&events, &limits).iter().map(|batch| batch.len()).collect();
    assert_eq!(sizes, [2, 1, 1, 1, 1]);
    assert!(batches(&[], &limits).is_empty());
}
