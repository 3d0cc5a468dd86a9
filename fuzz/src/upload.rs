//! A file that somebody uploads as a component.

use std::borrow::Cow;
use std::sync::LazyLock;

use accoil_stream::event::Event;
use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{Inspection, Mapping, Metering, Outcome, Refusal, Sandbox};

use crate::components::made;

/// What is larger is only looked through: compiling takes more than linear time, which is why the product does it in
/// a process that may be killed.
const COMPILED_BYTES: usize = 16 << 10;

/// The most bytes that the words of a refusal may have: they go into answers, logs and the audit log.
const WORDS: usize = 8 << 10;

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let limits = Limits {
        deadline_ms: 20,
        memory_bytes: 4 << 20,
        large_memory_bytes: 4 << 20,
        stack_bytes: 128 << 10,
        output_bytes: 1 << 20,
        function_bytes: 8 << 10,
        ..Limits::default()
    };
    Sandbox::new(&limits, Metering::Off).expect("an engine")
});

/// Takes a file in as a mapping and as a selector, and runs it if it may. Bytes that begin with `s`, `x`, `c`, `m`
/// or `d` are no file but what one is made of ([`crate::made`]).
///
/// # Panics
///
/// When a refusal has no code, or more words than anybody reads; when looking through a file says another thing than
/// taking it in; or when an event has no outcome.
pub fn upload(data: &[u8]) {
    if let Some(component) = made(data) {
        admitted(&component);
    }
}

/// Takes a component in; gives its code of refusal, or `None` when it ran.
///
/// # Panics
///
/// As [`upload`].
pub fn admitted(component: &[u8]) -> Option<&'static str> {
    let seen = Inspection::of(component, SANDBOX.limits());
    let seen = seen.as_ref().map_err(looked_at);
    if component.len() > COMPILED_BYTES {
        return seen.err();
    }
    if let Err(refusal) = SANDBOX.admit_selector(component) {
        looked_at(&refusal);
    }
    match SANDBOX.admit(component) {
        Ok(mapping) => {
            assert_eq!(seen, Ok(mapping.inspection()));
            run(&mapping);
            None
        }
        Err(refusal) => {
            let code = looked_at(&refusal);
            // The look comes first.
            assert!(seen.is_ok() || seen == Err(code), "{seen:?}, and then {refusal}");
            Some(code)
        }
    }
}

fn looked_at(refusal: &Refusal) -> &'static str {
    let (code, words) = (refusal.code(), refusal.to_string());
    assert!(code.starts_with("component-"), "{code}: {words}");
    assert!(words.len() <= WORDS, "{code}: {} bytes of words: {words:.200}", words.len());
    assert!(!words.contains(|c: char| c.is_control() && c != '\n'), "{code} reaches into the terminal: {words:?}");
    code
}

fn run(mapping: &Mapping) {
    for text in ["{\"a\":[1.5,{\"b\":null}]}", "[", "{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}"] {
        if let Err(error) = mapping.settings(text) {
            assert!(error.to_string().len() <= WORDS, "{error:.200}");
        }
    }
    let Ok(settings) = mapping.settings("{}") else { return };
    let ran = mapping.run_with(&settings, None, &[some_event("a"), some_event("b")]);
    assert_eq!(ran.outcomes.len(), 2);
    assert!(ran.usage.memory <= SANDBOX.limits().memory_bytes, "{:?}", ran.usage);
    for outcome in &ran.outcomes {
        if let Outcome::Fault(fault) = outcome {
            assert!(fault.code().starts_with("mapping-"), "{fault}");
        }
    }
}

/// An event with this type, which is its id as well.
pub(crate) fn some_event(name: &str) -> Event<'_> {
    Event {
        id: Some(Cow::Borrowed(name)),
        event_type: Cow::Borrowed(name),
        user_id: Some(Cow::Borrowed("user")),
        device_id: None,
        time: Some("2026-11-24T08:00:46.123Z".to_owned()),
        event_properties: Cow::Borrowed("{}"),
        user_properties: Cow::Borrowed("{}"),
        groups: Cow::Borrowed("null"),
        group_properties: Cow::Borrowed("null"),
        attributes: "{}".to_owned(),
    }
}
