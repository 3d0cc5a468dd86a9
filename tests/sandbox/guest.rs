//! Guests from text: the fields of a core module, made into a component of the
//! world `mapping-component` or `group-selector`, and run under small limits.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use accoil_stream::event::Event;
use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{Fault, FaultKind, Mapping, Metering, Outcome, Refusal, Sandbox, Settings};

const COMPONENT: &str = include_str!("guests/component.wat");
const SELECTOR: &str = include_str!("guests/selector.wat");

/// What every guest has, unless it brings its own: the text that shows whether it does, and the usual.
const USUAL: [(&str, &str); 4] = [
    ("(memory ", include_str!("guests/usual/memory.wat")),
    ("(func $alloc ", include_str!("guests/usual/alloc.wat")),
    ("\"cabi_realloc\"", include_str!("guests/usual/realloc.wat")),
    ("\"describe\"", include_str!("guests/usual/describe.wat")),
];

/// The same of mappings.
const USUAL_OF_MAPPINGS: [(&str, &str); 4] = [
    ("\"transform\"", include_str!("guests/usual/transform.wat")),
    ("(func $on_event ", include_str!("guests/usual/on_event.wat")),
    ("(func $skip_with_id ", include_str!("guests/usual/skip_with_id.wat")),
    ("\"cabi_post_transform\"", include_str!("guests/usual/post_return.wat")),
];

/// The same of selectors.
const USUAL_OF_SELECTORS: [(&str, &str); 3] = [
    ("\"select\"", include_str!("guests/usual/select.wat")),
    ("(func $on_select ", include_str!("guests/usual/on_select.wat")),
    ("\"cabi_post_select\"", include_str!("guests/usual/select_post_return.wat")),
];

/// The text of a component around the fields of a core module.
pub(crate) fn text(fields: &str) -> String {
    text_with(fields, "", "")
}

/// The same, with more of the component before the guest, and with arguments for its instantiation.
pub(crate) fn text_with(fields: &str, before: &str, arguments: &str) -> String {
    filled(COMPONENT, fields, &USUAL_OF_MAPPINGS, before, arguments)
}

/// The same of a selector.
pub(crate) fn selector_text_with(fields: &str, before: &str, arguments: &str) -> String {
    filled(SELECTOR, fields, &USUAL_OF_SELECTORS, before, arguments)
}

fn filled(component: &str, fields: &str, usual: &[(&str, &str)], before: &str, arguments: &str) -> String {
    let missing = USUAL.iter().chain(usual).filter(|(own, _)| !fields.contains(own));
    let guest: String = std::iter::once(fields).chain(missing.map(|(_, usual)| *usual)).collect();
    component.replace("{before}", before).replace("{with}", arguments).replace("{guest}", &guest)
}

/// A component around the fields of a core module.
pub(crate) fn component(fields: &str) -> Vec<u8> {
    assemble(&text(fields))
}

/// A selector around the fields of a core module.
pub(crate) fn selector(fields: &str) -> Vec<u8> {
    assemble(&selector_text_with(fields, "", ""))
}

pub(crate) fn assemble(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Limits that are soon reached, all but the deadline: a guest that comes to an end by itself should do so on a busy
/// machine as well.
pub(crate) fn limits() -> Limits {
    Limits {
        deadline_ms: 3000,
        memory_bytes: 4 << 20,
        table_elements: 2000,
        stack_bytes: 256 << 10,
        output_bytes: 1 << 20,
        accoil_events: 10,
        groups: 10,
        id_bytes: 1000,
        bag_bytes: 4000,
        ..Limits::default()
    }
}

/// One engine for all tests that need no limits of their own.
pub(crate) static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new(&limits(), Metering::Off).unwrap());

/// Another one, for guests that do not come to an end.
pub(crate) static BRISK: LazyLock<Sandbox> =
    LazyLock::new(|| Sandbox::new(&Limits { deadline_ms: 50, ..limits() }, Metering::Off).unwrap());

/// Admits a guest that must be admitted.
pub(crate) fn admit(fields: &str) -> Mapping {
    admit_to(&SANDBOX, fields)
}

pub(crate) fn admit_to(sandbox: &Sandbox, fields: &str) -> Mapping {
    sandbox.admit(&component(fields)).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// Why a component is not admitted.
pub(crate) fn refusal(component: &[u8]) -> Refusal {
    SANDBOX.admit(component).err().expect("it must be refused")
}

pub(crate) fn no_settings(mapping: &Mapping) -> Settings {
    mapping.settings("{}").unwrap()
}

/// Runs one batch.
pub(crate) fn run(mapping: &Mapping, events: &[Event<'_>]) -> Vec<Outcome> {
    mapping.run(&no_settings(mapping), events)
}

/// What became of a single event, which must be a fault.
#[track_caller]
pub(crate) fn fault(mapping: &Mapping) -> Fault {
    let mut outcomes = run(mapping, &events(&["x"]));
    match outcomes.pop() {
        Some(Outcome::Fault(fault)) if outcomes.is_empty() => fault,
        other => panic!("no fault: {other:?}"),
    }
}

/// Fails unless the guest fails in this way, soon, and for a reason that has these words.
#[track_caller]
pub(crate) fn assert_fault(fields: &str, kind: FaultKind, words: &str) {
    let fault = soon(|| fault(&admit(fields)));
    assert_eq!(fault.kind, kind, "{fault}");
    assert!(fault.detail.contains(words), "{fault}");
}

/// Events of these types, each with an id of its own: its type and its index.
pub(crate) fn events(types: &[&str]) -> Vec<Event<'static>> {
    types.iter().enumerate().map(|(index, name)| event(index, name)).collect()
}

fn event(index: usize, name: &str) -> Event<'static> {
    Event {
        id: Some(Cow::Owned(format!("{name}{index}"))),
        event_type: Cow::Owned(name.to_owned()),
        user_id: Some(Cow::Borrowed("user")),
        device_id: None,
        time: None,
        event_properties: Cow::Borrowed("{}"),
        user_properties: Cow::Borrowed("{}"),
        groups: Cow::Borrowed("null"),
        group_properties: Cow::Borrowed("null"),
        attributes: "{}".to_owned(),
    }
}

/// What the usual guest does with the event of this index.
pub(crate) fn skipped(name: &str, index: usize) -> Outcome {
    Outcome::Skip(format!("{name}{index}"))
}

/// Where the guest's own data may begin: what is below belongs to the usual `describe`.
pub(crate) const SKELETON_FREE: usize = 4096;

/// Far more than any deadline of these tests, and far less than what the guests would take without one.
const SOON: Duration = Duration::from_secs(10);

/// Fails if something takes long, even on a busy machine.
#[track_caller]
pub(crate) fn soon<T>(something: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = something();
    let took = start.elapsed();
    assert!(took < SOON, "took {took:?}");
    result
}
