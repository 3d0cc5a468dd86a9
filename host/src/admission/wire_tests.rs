use proptest::prelude::*;

use super::*;
use crate::sandbox::{PluginKind, Refusal};

fn task() -> Task {
    Task {
        limits: Limits::default(),
        is_metered: true,
        wants_code: false,
        kind: PluginKind::Mapping,
        settings: Some("{}".to_owned()),
        selector: None,
    }
}

fn verdict() -> Verdict {
    Verdict::Refused(Refusal::Structure { what: "functions".into(), found: 2, limit: 1, name: "functions".into() })
}

fn request(component: &[u8], events: &[&str]) -> Vec<u8> {
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    Request { task: task(), component, selector: b"selector", events }.to_bytes().unwrap()
}

#[test]
fn a_request_arrives_as_it_was_sent() {
    let bytes = request(b"code", &["", "{}", "ø"]);
    let received = Received::read(&mut bytes.as_slice()).unwrap();
    assert_eq!(
        (received.component.as_slice(), received.events),
        (&b"code"[..], vec!["".into(), "{}".into(), "ø".into()])
    );
    assert_eq!((received.task.limits, received.task.is_metered), (Limits::default(), true));
}

#[test]
fn an_answer_arrives_as_it_was_sent() {
    let mut bytes = Vec::new();
    write_code(&mut bytes, b"code").unwrap();
    write_verdict(&mut bytes, &verdict()).unwrap();
    let answer = Answer::read(&bytes).unwrap();
    assert_eq!(answer.code.as_deref(), Some(&b"code"[..]));
    let Verdict::Refused(refusal) = answer.verdict else { panic!("{:?}", answer.verdict) };
    assert_eq!(refusal.to_string(), "2 functions, more than the 1 that a component may have (limit functions)");
    for cut in 0..bytes.len() {
        assert!(Answer::read(&bytes[..cut]).is_err(), "{cut}");
    }
    bytes.push(0);
    assert!(matches!(Answer::read(&bytes), Err(WireError::More)));
}

#[test]
fn what_is_announced_too_long_is_not_read() {
    let mut component = Vec::new();
    write_block(&mut component, &serde_json::to_vec(&task()).unwrap()).unwrap();
    component.extend((Limits::default().component_bytes as u64 + 1).to_le_bytes());
    let refused = Received::read(&mut component.as_slice()).unwrap_err();
    assert!(matches!(refused, WireError::TooLong { what: "a component", .. }), "{refused}");
    let refused = Answer::read(&u64::MAX.to_le_bytes()).unwrap_err();
    assert!(matches!(refused, WireError::TooLong { what: "code", .. }), "{refused}");
}

#[test]
fn a_component_that_says_too_much_about_itself_is_refused() {
    let mut bytes = Vec::new();
    write_code(&mut bytes, b"").unwrap();
    write_verdict(&mut bytes, &Verdict::Unable("x".repeat(JSON_BYTES))).unwrap();
    assert!(matches!(Answer::read(&bytes).unwrap().verdict, Verdict::Refused(Refusal::Contract(_))));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Answer::read(&bytes);
        let _ = Received::read(&mut bytes.as_slice());
    }

    #[test]
    fn no_change_of_a_byte_panics_or_costs_memory(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = request(b"component", &["{}", "[]"]);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(received) = Received::read(&mut bytes.as_slice()) {
            prop_assert!(received.component.len() <= bytes.len());
        }
    }
}
