//! What is to be delivered of an event: what its mapping says when it is run here, beside the service.

use std::collections::BTreeMap;

use accoil_stream::event::Event;
use accoil_stream::limits::Limits;
use accoil_stream::outbound::{Dialect, render};
use accoil_stream::sandbox::{DEFAULT_COMPONENT, Mapping, Metering, Outcome, Sandbox, Settings};
use serde_json::Value;

use super::accoil::Call;

/// A mapping whose output is known.
pub(crate) struct Expected {
    _sandbox: Sandbox,
    mapping: Mapping,
    settings: Settings,
}

impl Expected {
    pub(crate) fn of(component: &[u8]) -> Self {
        // Time enough on a busy machine: deadlines are not what is looked at.
        let limits = Limits { deadline_ms: 20_000, ..Limits::default() };
        let sandbox = Sandbox::new(&limits, Metering::Off).unwrap();
        let mapping = sandbox.admit(component).unwrap();
        let settings = mapping.settings("{}").unwrap();
        Self { _sandbox: sandbox, mapping, settings }
    }

    pub(crate) fn of_default() -> Self {
        Self::of(DEFAULT_COMPONENT)
    }

    /// The calls of these events, by the name of the event: kind and body.
    pub(crate) fn calls(&self, events: &[Value]) -> BTreeMap<String, Vec<(String, Value)>> {
        let texts: Vec<String> = events.iter().map(Value::to_string).collect();
        let read: Vec<Event<'_>> = texts.iter().map(|text| Event::read(text.as_bytes()).unwrap()).collect();
        let outcomes: Vec<Outcome> =
            read.chunks(256).flat_map(|batch| self.mapping.run(&self.settings, batch)).collect();
        let named = events.iter().map(|event| event["event_type"].as_str().unwrap().to_owned());
        named.zip(outcomes.iter().map(rendered)).collect()
    }

    /// Asserts that every call is one that some event's mapping makes, and to the byte of meaning: as JSON, for keys of
    /// objects have no order. A track is that of its own event.
    pub(crate) fn assert_all_are_of(&self, calls: &[Call], events: &[Value]) {
        let by_event = self.calls(events);
        let all: std::collections::BTreeSet<(&str, String)> =
            by_event.values().flatten().map(|(kind, body)| (kind.as_str(), body.to_string())).collect();
        for call in calls {
            let expected = match call.kind.as_str() {
                "track" => by_event
                    .get(call.event())
                    .is_some_and(|of_event| of_event.iter().any(|(kind, body)| kind == "track" && *body == call.body)),
                kind => all.contains(&(kind, call.body.to_string())),
            };
            assert!(expected, "no event makes {call:?}");
        }
    }
}

fn rendered(outcome: &Outcome) -> Vec<(String, Value)> {
    let Outcome::Deliver(events) = outcome else { return Vec::new() };
    let mut calls = Vec::new();
    events.iter().for_each(|event| render(event, &Dialect::V2, &mut calls));
    let told = calls.iter().map(|call| {
        let mut body = String::new();
        call.write_body(&mut body);
        (call.path().trim_start_matches("/v2/").to_owned(), serde_json::from_str(&body).unwrap())
    });
    told.collect()
}
