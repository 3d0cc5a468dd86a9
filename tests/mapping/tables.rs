//! Cases written down one by one, in `data/`: what comes in, and what must come
//! out to the letter.

use std::sync::Arc;

use accoil_stream::accoil::write_request_line;
use accoil_stream::event::Event;
use accoil_stream::outbound::{Dialect, render};
use accoil_stream::sandbox::Outcome;

use super::json::Json;
use super::{line, mapping, reference};

/// One case of a table: an object with a `name`.
struct Case(Json);

impl Case {
    /// The cases of a table, with names of their own.
    fn all(table: &str) -> Vec<Self> {
        let Some(Json::Array(cases)) = Json::read(table.as_bytes()) else { panic!("the table is no array") };
        let cases: Vec<_> = cases.into_iter().map(Self).collect();
        let mut names: Vec<_> = cases.iter().map(|case| case.text("name")).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), cases.len(), "two cases have the same name");
        cases
    }

    fn has(&self, field: &str) -> bool {
        self.0.get(field).is_some()
    }

    fn text(&self, field: &str) -> String {
        self.0.get(field).and_then(Json::string).unwrap()
    }

    /// A field as JSON text.
    fn json(&self, field: &str) -> String {
        self.0.get(field).map_or_else(|| "{}".to_owned(), Json::written)
    }

    /// What becomes of an event with these settings; the reference must agree.
    fn map(&self, event: &str) -> Outcome {
        let settings = self.json("settings");
        let checked = mapping().settings(&settings).unwrap_or_else(|error| panic!("{}: {error}", self.text("name")));
        let read = Event::read(event.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", self.text("name")));
        let outcome = mapping().run(&checked, &[read]).remove(0);
        let expected = Json::read(reference::line(&settings, event.as_bytes()).unwrap().as_bytes()).unwrap();
        assert!(expected.says(&parsed(&line(&outcome))), "{}: the reference says {expected:?}", self.text("name"));
        outcome
    }
}

fn parsed(text: &str) -> Json {
    Json::read(text.as_bytes()).unwrap()
}

/// The event's members after these ones, which a table does not repeat.
fn completed(event: &str, start: &str) -> String {
    let rest = event.strip_prefix('{').unwrap();
    format!("{{{start}{}{rest}", if rest == "}" { "" } else { "," })
}

/// Maps each case's event and compares one member of the Accoil event.
fn check_member(table: &str, member: &str) {
    let mut wrong = Vec::new();
    for case in Case::all(table) {
        let event = completed(&case.json("event"), r#""event_type":"Opened","user_id":"u-1""#);
        let printed = line(&case.map(&event));
        let Some(Json::Array(events)) = parsed(&printed).get("events").cloned() else {
            panic!("{}: {printed}", case.text("name"))
        };
        let found = events[0].get(member).map_or_else(|| "nothing".to_owned(), Json::written);
        let expected = if case.has(member) { case.json(member) } else { "nothing".to_owned() };
        if found != expected {
            wrong.push(format!("{}: expected {expected}, found {found}", case.text("name")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_published_example_comes_out_to_the_letter() {
    let settings = mapping().settings("{}").unwrap();
    let event = br#"{"user_id":"u-1","event_type":"Opened","groups":{"Account":["210000"]},
        "group_properties":{"Account":{"210000":{"name":"Released Import Test","domain":"accoil.com"}}}}"#;
    let printed = line(&mapping().run(&settings, &[Event::read(event).unwrap()])[0]);
    let published = r#"[{"groupId":"210000","traits":{"domain":"accoil.com","group_type":"Account","name":"Released Import Test"}}]"#;
    assert_eq!(
        printed,
        format!(r#"{{"outcome":"deliver","events":[{{"userId":"u-1","event":"Opened","groupTraits":{published}}}]}}"#)
    );
}

#[test]
fn every_edge_of_groups_has_the_decided_account() {
    check_member(include_str!("data/groups.json"), "groupTraits");
}

#[test]
fn settings_choose_the_account() {
    check_member(include_str!("data/primary.json"), "groupTraits");
}

#[test]
fn metadata_is_what_was_named() {
    check_member(include_str!("data/metadata.json"), "metadata");
}

#[test]
fn times_are_read_or_passed_over() {
    check_member(include_str!("data/times.json"), "timestamp");
}

#[test]
fn whole_outcomes_are_as_written() {
    let mut wrong = Vec::new();
    for case in Case::all(include_str!("data/outcomes.json")) {
        let (found, expected) = (line(&case.map(&case.json("event"))), case.json("outcome"));
        if found != expected {
            wrong.push(format!("{}:\n  expected {expected}\n  found    {found}", case.text("name")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reason_to_skip_has_a_case() {
    let cases = Case::all(include_str!("data/outcomes.json"));
    for reason in ["event type not selected", "missing user id", "invalid user id", "missing group id"] {
        let outcome = format!(r#"{{"outcome":"skip","reason":"{reason}"}}"#);
        assert!(cases.iter().any(|case| case.json("outcome") == outcome), "{reason}");
    }
}

#[test]
fn no_event_is_invalid() {
    let Some(Json::Array(texts)) = Json::read(include_bytes!("data/invalid.json")) else { panic!("no array") };
    for text in texts {
        let text = text.string().unwrap();
        assert!(Event::read(text.as_bytes()).is_err(), "{text}");
        assert!(reference::line("{}", text.as_bytes()).is_none(), "{text}");
    }
}

#[test]
fn golden_events_become_the_written_requests() {
    for case in Case::all(include_str!("data/golden.json")) {
        let name = case.text("name");
        let outcome = case.map(&case.json("event"));
        assert_eq!(line(&outcome), case.json("outcome"), "{name}");
        let Outcome::Deliver(events) = outcome else { panic!("{name}") };
        assert_eq!(requests(&events[0], &Dialect::V2), case.json("requests"), "{name}");
        let combined = Dialect::Combined { path: Arc::from("/hooks/accoil") };
        assert_eq!(requests(&events[0], &combined), case.json("combined"), "{name}");
    }
}

/// The lines of `--requests` as one array.
fn requests(event: &accoil_stream::accoil::AccoilEvent, dialect: &Dialect) -> String {
    let mut calls = Vec::new();
    render(event, dialect, &mut calls);
    let text = |call| {
        let mut text = String::new();
        write_request_line(call, &mut text);
        text
    };
    format!("[{}]", calls.iter().map(text).collect::<Vec<_>>().join(","))
}
