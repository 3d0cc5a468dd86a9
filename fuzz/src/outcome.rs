//! What a guest gives back: any bytes, in its own memory.

use std::sync::LazyLock;

use accoil_stream::accoil::{AccoilEvent, write_request_line};
use accoil_stream::limits::Limits;
use accoil_stream::outbound::{Dialect, render};
use accoil_stream::sandbox::{Fault, FaultKind, Mapping, Metering, Outcome, Sandbox};
use arbitrary::{Arbitrary, Unstructured};
use json_text::sorted_object;
use serde_json::Value;

use crate::components::component_around;
use crate::reply::Answer;
use crate::upload::some_event;

/// A guest whose memory from 4092 on is what the type of the first event says, two letters for each byte. The first
/// word of it is where its answer is.
const GUEST: &str = r#"
(func (export "transform") (param i32 i32) (param $event i32) (param $events i32) (result i32)
  (local $from i32) (local $end i32) (local $to i32)
  (local.set $from (i32.load offset=8 (local.get $event)))
  (local.set $end (i32.add (local.get $from) (i32.load offset=12 (local.get $event))))
  (local.set $to (i32.const 4092))
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
      (i32.store8 (local.get $to)
        (i32.or
          (i32.shl (i32.sub (i32.load8_u (local.get $from)) (i32.const 97)) (i32.const 4))
          (i32.sub (i32.load8_u offset=1 (local.get $from)) (i32.const 97))))
      (local.set $from (i32.add (local.get $from) (i32.const 2)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br $next)))
  (i32.load (i32.const 4092)))"#;

/// The most bytes that the guest takes.
const MOST: usize = 28 << 10;

/// Small, so that each is met.
fn limits() -> Limits {
    Limits {
        deadline_ms: 3000,
        memory_bytes: 1 << 20,
        output_bytes: 64 << 10,
        accoil_events: 4,
        groups: 3,
        id_bytes: 40,
        bag_bytes: 400,
        ..Limits::default()
    }
}

static GUEST_MAPPING: LazyLock<(Sandbox, Mapping)> = LazyLock::new(|| {
    let sandbox = Sandbox::new(&limits(), Metering::Off).expect("an engine");
    let mapping = sandbox.admit(&component_around(GUEST)).expect("a guest that is sound");
    (sandbox, mapping)
});

/// Has a guest answer with these bytes. The first byte says how many events it is asked about, and whether the rest is
/// its memory as it is or a description of an answer.
///
/// # Panics
///
/// When an event has no outcome, what is delivered breaks a limit or makes no sound request, or a fault has no name.
pub fn outcome(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let image = if first & 4 == 0 {
        rest.get(..MOST.min(rest.len())).unwrap_or_default().to_vec()
    } else {
        match Answer::arbitrary_take_rest(Unstructured::new(rest)) {
            Ok(answer) => answer.image(),
            Err(_) => return,
        }
    };
    let letter = |half: u8| char::from(b'a' + half);
    let text: String = image.iter().flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect();
    if text.is_empty() {
        return;
    }
    let events = vec![some_event(&text); 1 + usize::from(first & 3)];
    let mapping = &GUEST_MAPPING.1;
    let ran = mapping.run_with(&mapping.settings("{}").expect("it takes any"), None, &events);
    assert_eq!(ran.outcomes.len(), events.len());
    assert!(ran.usage.memory <= limits().memory_bytes, "{:?}", ran.usage);
    for outcome in &ran.outcomes {
        match outcome {
            Outcome::Deliver(events) => {
                assert!((1..=limits().accoil_events).contains(&events.len()));
                events.iter().for_each(is_sound);
            }
            Outcome::Skip(reason) | Outcome::Reject(reason) => assert!(reason.len() <= limits().id_bytes),
            Outcome::Fault(fault) => is_named(fault),
        }
        let mut line = String::new();
        outcome.push_json(&mut line);
        is_json(&line);
    }
}

fn is_named(fault: &Fault) {
    // It neither runs for long nor grows, and stops for nothing.
    let known = [FaultKind::InvalidOutput, FaultKind::Output];
    assert!(known.contains(&fault.kind), "{fault}");
    assert!(fault.code().starts_with("mapping-"), "{fault}");
    assert!(fault.detail.len() < 400, "{fault}");
}

fn is_sound(event: &AccoilEvent) {
    let limits = limits();
    let names = event.user_id.iter().chain(&event.event).chain(event.group_traits.iter().map(|group| &group.group_id));
    for name in names {
        assert!((1..=limits.id_bytes).contains(&name.len()), "{name:?}");
    }
    assert!(event.group_traits.len() <= limits.groups);
    for bag in std::iter::once(&event.metadata).chain(event.group_traits.iter().map(|group| &group.traits)) {
        assert!(bag.len() <= limits.bag_bytes);
        assert_eq!(sorted_object(bag).map(|sorted| sorted.text), Ok(bag.into()), "not in its final form");
    }
    if let Some(time) = &event.timestamp {
        let form = time.bytes().map(|byte| if byte.is_ascii_digit() { '0' } else { char::from(byte) });
        assert_eq!(form.collect::<String>(), "0000-00-00T00:00:00.000Z", "{time}");
    }
    let mut calls = Vec::new();
    render(event, &Dialect::V2, &mut calls);
    for call in calls {
        let mut line = String::new();
        write_request_line(&call, &mut line);
        is_json(&line);
        assert!(!line.contains('\n'), "a request of two lines: {line}");
    }
}

/// As a `Value` it would lose halves of surrogate pairs, which RFC 8259 lets pass.
fn is_json(text: &str) {
    let raw = serde_json::from_str::<&serde_json::value::RawValue>(text);
    assert!(raw.is_ok(), "{text}");
    assert!(text.contains("\\u") || serde_json::from_str::<Value>(text).is_ok() || has_large_number(text), "{text}");
}

/// Whether a number may be one that `f64` does not hold.
fn has_large_number(text: &str) -> bool {
    text.contains(['e', 'E']) || text.bytes().filter(u8::is_ascii_digit).count() > 300
}
