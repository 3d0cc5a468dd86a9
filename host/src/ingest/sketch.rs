//! The few fields of an event that the door looks at.

use std::borrow::Cow;
use std::ops::Range;

use json_text::{Kind, kind, members, unescape};
use sha2::{Digest, Sha256};

use super::refusal::Flaws;
use crate::queue::DedupKey;

/// A field that the door looks at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    EventType,
    UserId,
    DeviceId,
    InsertId,
    DollarInsertId,
    Uuid,
    Time,
    Groups,
    GroupProperties,
    UserProperties,
    SkipUserProperties,
}

impl Place {
    const COUNT: usize = 11;

    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "event_type" => Self::EventType,
            "user_id" => Self::UserId,
            "device_id" => Self::DeviceId,
            "insert_id" => Self::InsertId,
            "$insert_id" => Self::DollarInsertId,
            "uuid" => Self::Uuid,
            "time" => Self::Time,
            "groups" => Self::Groups,
            "group_properties" => Self::GroupProperties,
            "user_properties" => Self::UserProperties,
            "$skip_user_properties_sync" => Self::SkipUserProperties,
            _ => return None,
        })
    }

    /// The name of the field, if it is one that can be attached.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::GroupProperties => "group_properties",
            _ => "user_properties",
        }
    }
}

/// Where these fields stand in an event's text; of a field that comes twice, the last.
#[derive(Debug, Clone, Default)]
pub(super) struct Sketch {
    places: [Range<usize>; Place::COUNT],
}

/// What an event must have beside its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules {
    /// A user or a device, as Amplitude's own API wants it.
    pub(super) id: bool,
    /// A `time` that is a number, if there is one.
    pub(super) time: bool,
    /// Most bytes of its text.
    pub(super) bytes: usize,
}

impl Sketch {
    /// Looks at the text of an object, which was checked before.
    pub(super) fn of(text: &str) -> Self {
        let mut sketch = Self::default();
        for (name, value) in members(text) {
            if let Some(slot) = Place::of(&name.content()).and_then(|place| sketch.places.get_mut(place as usize)) {
                let start = value.as_ptr() as usize - text.as_ptr() as usize;
                *slot = start..start + value.len();
            }
        }
        sketch
    }

    /// Where the value of a field stands; nothing if the event has no such field.
    pub(super) fn place(&self, place: Place) -> Option<Range<usize>> {
        self.places.get(place as usize).filter(|range| !range.is_empty()).cloned()
    }

    /// The value of a field; nothing also if it is `null`.
    pub(super) fn value<'a>(&self, text: &'a str, place: Place) -> Option<&'a str> {
        let value = text.get(self.place(place)?)?;
        (kind(value) != Kind::Null).then_some(value)
    }

    fn id<'a>(&self, text: &'a str, place: Place) -> Option<Cow<'a, str>> {
        self.value(text, place).and_then(id)
    }

    /// `insert_id`, `$insert_id` or `uuid`, as [`crate::event::Event::read`] has it.
    pub(super) fn insert_id<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        [Place::InsertId, Place::DollarInsertId, Place::Uuid].into_iter().find_map(|place| self.id(text, place))
    }

    /// Whose event it is: the user, else the device.
    pub(super) fn person<'a>(&self, text: &'a str) -> Option<(&'static str, Cow<'a, str>)> {
        let user = self.id(text, Place::UserId).map(|id| ("user", id));
        user.or_else(|| self.id(text, Place::DeviceId).map(|id| ("device", id)))
    }

    /// What tells the event from all others of its tenant: a digest of its insert id and its device
    /// id, as Amplitude tells them apart; nothing without an insert id.
    pub(super) fn dedup_key(&self, text: &str) -> Option<DedupKey> {
        let insert_id = self.insert_id(text)?;
        let device_id = self.id(text, Place::DeviceId).unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [insert_id.as_bytes(), device_id.as_bytes()] {
            // The length keeps two parts from looking like two others.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        digest.first_chunk().map(|bytes| DedupKey::from_le_bytes(*bytes))
    }

    /// Whether the event's type is this one.
    pub(super) fn is(&self, text: &str, event_type: &str) -> bool {
        self.value(text, Place::EventType).and_then(string).is_some_and(|name| name == event_type)
    }

    /// Notes what is wrong with the event.
    pub(super) fn check(&self, text: &str, rules: Rules, index: usize, flaws: &mut Flaws) {
        if text.len() > rules.bytes {
            flaws.invalid("event", index);
        }
        match self.value(text, Place::EventType) {
            None => flaws.missing("event_type", index),
            Some(value) if string(value).is_none() => flaws.invalid("event_type", index),
            Some(_) => {}
        }
        if rules.time && self.value(text, Place::Time).is_some_and(|value| kind(value) != Kind::Number) {
            flaws.invalid("time", index);
        }
        // Amplitude's Node SDK sends `$groupidentify` with neither.
        if rules.id && self.person(text).is_none() && !self.is(text, GROUP_IDENTIFY) {
            flaws.missing("user_id", index);
            flaws.missing("device_id", index);
        }
    }
}

/// The type of events that tell properties of a user.
pub(super) const IDENTIFY: &str = "$identify";
/// The type of events that tell properties of groups.
pub(super) const GROUP_IDENTIFY: &str = "$groupidentify";

/// A string that is not empty.
fn string(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    Some(unescape(inner)).filter(|content| !content.is_empty())
}

/// A string that is not empty, or a number as its JSON text.
pub(super) fn id(value: &str) -> Option<Cow<'_, str>> {
    match kind(value) {
        Kind::Number => Some(Cow::Borrowed(value)),
        _ => string(value),
    }
}
