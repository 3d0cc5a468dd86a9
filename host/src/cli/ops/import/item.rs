//! What is sent: events as they stand in the file, with their place.

use std::sync::Arc;

use crate::input::Item;

/// Most events of a request. Amplitude takes 2000; with fewer a refusal costs less.
pub(super) const MOST_EVENTS: usize = 1000;

/// Most bytes of the events of a request; a single larger one goes alone.
pub(super) const MOST_BYTES: usize = 5 * 1000 * 1000;

/// One event, or what stands in its place.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) name: Arc<str>,
    pub(super) line: u64,
    pub(super) text: String,
    /// Why it is not sent, or was not taken.
    pub(super) refusal: Option<String>,
}

/// Events that follow each other in one input.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The place of the input among all of them.
    pub(super) input: usize,
    /// How many events of the input came before.
    pub(super) before: u64,
    pub(super) events: Vec<Event>,
}

impl Event {
    pub(super) fn new(name: &Arc<str>, item: &Item<'_>) -> Self {
        let (text, refusal) = match item.text {
            Err(fault) => (String::new(), Some(fault.to_string())),
            Ok(bytes) => match str::from_utf8(bytes) {
                Err(_) => (String::from_utf8_lossy(bytes).into_owned(), Some("not valid UTF-8".to_owned())),
                Ok(text) => (text.to_owned(), no_object(text)),
            },
        };
        Self { name: Arc::clone(name), line: item.line, text, refusal }
    }
}

/// A text that is no JSON would break the whole request.
fn no_object(text: &str) -> Option<String> {
    if let Err(fault) = json_text::check(text) {
        return Some(format!("not valid json: {fault}"));
    }
    (json_text::kind(text) != json_text::Kind::Object).then(|| "not a json object".to_owned())
}
