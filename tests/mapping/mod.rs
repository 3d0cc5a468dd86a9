//! The default mapping: against its rules written down a second time, against
//! tables of cases, and for the properties that hold whatever the events are.

mod differential;
mod fields;
mod generate;
mod json;
mod properties;
mod reference;
mod schema;
mod tables;
mod time;
mod words;

use std::sync::OnceLock;

use accoil_stream::event::Event;
use accoil_stream::limits::Limits;
use accoil_stream::sandbox::{DEFAULT_COMPONENT, Mapping, Metering, Outcome, Sandbox, Settings};

/// The default mapping in its sandbox, as the program has it.
fn mapping() -> &'static Mapping {
    static ADMITTED: OnceLock<(Sandbox, Mapping)> = OnceLock::new();
    let (_, mapping) = ADMITTED.get_or_init(|| {
        let sandbox = Sandbox::new(&Limits::default(), Metering::Off).unwrap();
        let mapping = sandbox.admit(DEFAULT_COMPONENT).unwrap();
        (sandbox, mapping)
    });
    mapping
}

/// What `transform` prints for these events.
fn lines(settings: &Settings, events: &[Event<'_>]) -> Vec<String> {
    mapping().run(settings, events).iter().map(line).collect()
}

fn line(outcome: &Outcome) -> String {
    let reason = |outcome, reason| format!(r#"{{"outcome":"{outcome}","reason":{}}}"#, serde_json::json!(reason));
    match outcome {
        Outcome::Deliver(events) => {
            let text = |event: &accoil_stream::accoil::AccoilEvent| {
                let mut text = String::new();
                event.push_json(&mut text);
                text
            };
            let texts: Vec<_> = events.iter().map(text).collect();
            format!(r#"{{"outcome":"deliver","events":[{}]}}"#, texts.join(","))
        }
        Outcome::Skip(text) => reason("skip", text.clone()),
        Outcome::Reject(text) => reason("reject", text.clone()),
        Outcome::Fault(fault) => reason("fault", fault.to_string()),
    }
}
