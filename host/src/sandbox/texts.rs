//! The events of a batch, kept in one piece while a mapping runs.
//!
//! A selector gets the event as the host has it, so that no mapping can falsify it. The host's side of an
//! instance can't borrow the batch, and a string for each field would cost more than the call itself.

use super::contract::Event;

/// Fields of an event.
const FIELDS: usize = 10;

/// Where a field's text begins and ends; nothing for one that is absent.
type Span = Option<(usize, usize)>;

/// The texts of some events.
pub(super) struct Texts {
    text: String,
    events: Vec<[Span; FIELDS]>,
}

impl Texts {
    pub(super) fn of(events: &[Event<'_>]) -> Self {
        let size = events.iter().flat_map(fields).flatten().map(str::len).sum();
        let mut texts = Self { text: String::with_capacity(size), events: Vec::with_capacity(events.len()) };
        for event in events {
            let spans = fields(event).map(|field| {
                let start = texts.text.len();
                texts.text.push_str(field?);
                Some((start, texts.text.len()))
            });
            texts.events.push(spans);
        }
        texts
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// The event with this index.
    pub(super) fn event(&self, index: usize) -> Option<Event<'_>> {
        let text = |span: Span| span.and_then(|(start, end)| self.text.get(start..end));
        let [id, event_type, user_id, device_id, time, event_properties, user_properties, groups, of_groups, rest] =
            self.events.get(index)?.map(text);
        Some(Event {
            id: id?,
            event_type: event_type?,
            user_id,
            device_id,
            time,
            event_properties: event_properties?,
            user_properties: user_properties?,
            groups: groups?,
            group_properties: of_groups?,
            attributes: rest?,
        })
    }
}

fn fields<'a>(event: &Event<'a>) -> [Option<&'a str>; FIELDS] {
    [
        Some(event.id),
        Some(event.event_type),
        event.user_id,
        event.device_id,
        event.time,
        Some(event.event_properties),
        Some(event.user_properties),
        Some(event.groups),
        Some(event.group_properties),
        Some(event.attributes),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_as_they_went_in() {
        let event = |id, user_id, time| Event {
            id,
            event_type: "Opened",
            user_id,
            device_id: Some(""),
            time,
            event_properties: r#"{"é":1}"#,
            user_properties: "null",
            groups: "{}",
            group_properties: "null",
            attributes: r#"{"platform":"😀"}"#,
        };
        let events = [event("a", None, Some("t")), event("", Some("ü"), None)];
        let texts = Texts::of(&events);
        for (index, event) in events.iter().enumerate() {
            assert_eq!(texts.event(index).map(|event| fields(&event)), Some(fields(event)));
        }
        assert!(texts.len() == 2 && texts.event(2).is_none());
    }
}
