//! Group selectors that nobody should trust, and mappings that ask them in ways that nobody should.

mod admission;
mod asking;
mod event;
mod faults;
mod rules;
mod time;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use accoil_stream::event::Event;
use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{Chooser, DEFAULT_COMPONENT, Mapping, Metering, OnFault, Outcome, Ran, Sandbox};

use super::guest::{assemble, limits, no_settings, selector, text_with};

/// Deadlines long enough for an event that does nothing, on a busy machine, and nothing is cut short.
static PATIENT: LazyLock<Sandbox> = LazyLock::new(|| {
    Sandbox::new(&Limits { deadline_ms: 250, fault_deadlines: 1000, ..limits() }, Metering::Off).unwrap()
});

/// The default mapping under those limits.
static DEFAULT: LazyLock<Mapping> = LazyLock::new(|| PATIENT.admit(DEFAULT_COMPONENT).unwrap());

const BY_TYPE: &str = include_str!("../guests/selector/by_type.wat");

/// A selector around the fields of a core module.
fn chooser(sandbox: &Sandbox, fields: &str, on_fault: OnFault) -> Arc<Chooser> {
    let selector = sandbox.admit_selector(&selector(fields)).unwrap_or_else(|refusal| panic!("{refusal}"));
    let settings = selector.settings("{}").unwrap();
    Arc::new(Chooser::new(Arc::new(selector), settings, on_fault))
}

/// A mapping that asks as this code says; see `guests/asks.wat`.
fn asking(sandbox: &Sandbox, ask: &str) -> Mapping {
    let text = text_with(
        &include_str!("../guests/asks.wat").replace("{ask}", ask),
        include_str!("../guests/asks_for_a_choice_before.wat"),
        r#"(with "choice" (instance (export "choose" (func $choose)))) (with "shared" (instance $shared))"#,
    );
    sandbox.admit(&assemble(&text)).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn run(mapping: &Mapping, chooser: &Arc<Chooser>, events: &[Event<'_>]) -> Ran {
    mapping.run_with(&no_settings(mapping), Some(chooser), events)
}

/// Events of these types, each of a user in three accounts.
fn members(types: &[&str]) -> Vec<Event<'static>> {
    let event = |(index, name): (usize, &&str)| Event {
        id: Some(Cow::Owned(format!("id{index}"))),
        event_type: Cow::Owned((*name).to_owned()),
        user_id: Some(Cow::Borrowed("user")),
        device_id: None,
        time: None,
        event_properties: Cow::Borrowed(r#"{"seats":3}"#),
        user_properties: Cow::Borrowed("null"),
        groups: Cow::Borrowed(r#"{"Account":["b","a","c"]}"#),
        group_properties: Cow::Borrowed(r#"{"Account":{"a":{"plan":"free"}}}"#),
        attributes: "{}".to_owned(),
    };
    types.iter().enumerate().map(event).collect()
}

/// The account of an event that is delivered, if it has one.
#[track_caller]
fn account(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Deliver(events) => events[0].group_traits.first().map(|group| group.group_id.as_str()),
        other => panic!("not delivered: {other:?}"),
    }
}
