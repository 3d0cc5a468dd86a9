//! From an event's JSON text to its canonical form, in one pass.

use std::borrow::Cow;

use json_text::{Fault, Field, Fields, Kind, compact, kind, unescape};

use super::{Event, time};

/// Why a text is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The bytes are not UTF-8.
    #[error("not UTF-8 at byte {0}")]
    Utf8(usize),
    /// The text is not a JSON object.
    #[error("{0}")]
    Json(#[from] Fault),
    /// `event_type` is missing, not a string, or empty.
    #[error("no event_type: it must be a string with something in it")]
    EventType,
}

impl Invalid {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Utf8(_) => "event-not-utf8",
            Self::Json(_) => "event-not-json",
            Self::EventType => "event-without-type",
        }
    }
}

/// The fields that have a place of their own in an event, or are one of
/// several sources for it.
#[derive(Clone, Copy)]
enum Place {
    EventType,
    UserId,
    DeviceId,
    InsertId,
    DollarInsertId,
    Uuid,
    EventTime,
    Time,
    ClientEventTime,
    EventProperties,
    UserProperties,
    Groups,
    GroupProperties,
}

impl Place {
    const COUNT: usize = 13;

    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "event_type" => Self::EventType,
            "user_id" => Self::UserId,
            "device_id" => Self::DeviceId,
            "insert_id" => Self::InsertId,
            "$insert_id" => Self::DollarInsertId,
            "uuid" => Self::Uuid,
            "event_time" => Self::EventTime,
            "time" => Self::Time,
            "client_event_time" => Self::ClientEventTime,
            "event_properties" => Self::EventProperties,
            "user_properties" => Self::UserProperties,
            "groups" => Self::Groups,
            "group_properties" => Self::GroupProperties,
            _ => return None,
        })
    }
}

/// What was found in the text: of a field that comes twice, the last.
struct Found<'a> {
    places: [Option<Field<'a>>; Place::COUNT],
    attributes: String,
}

impl<'a> Found<'a> {
    fn in_text(text: &'a str) -> Result<Self, Fault> {
        let mut places = [None; Place::COUNT];
        let mut attributes = Attributes::of(text);
        let mut fields = Fields::of(text)?;
        while let Some(field) = fields.next_field()? {
            match Place::of(&field.name.content()).and_then(|place| places.get_mut(place as usize)) {
                Some(slot) => *slot = Some(field),
                None => attributes.push(&field),
            }
        }
        Ok(Self { places, attributes: attributes.finish() })
    }

    fn value(&self, place: Place) -> Option<&'a str> {
        self.places.get(place as usize).copied().flatten().map(|field| field.value)
    }

    fn bag(&self, place: Place) -> Cow<'a, str> {
        match self.places.get(place as usize).copied().flatten() {
            Some(field) => compact(field.value, field.spaced),
            None => Cow::Borrowed("null"),
        }
    }

    /// A string that is not empty, or a number as its JSON text.
    fn id(&self, place: Place) -> Option<Cow<'a, str>> {
        let value = self.value(place)?;
        match kind(value) {
            Kind::Number => Some(Cow::Borrowed(value)),
            _ => self.string(place),
        }
    }

    /// A string that is not empty.
    fn string(&self, place: Place) -> Option<Cow<'a, str>> {
        let inner = self.value(place)?.strip_prefix('"')?.strip_suffix('"')?;
        Some(unescape(inner)).filter(|content| !content.is_empty())
    }
}

/// Collects the fields without a place into an object. Those that stand one
/// after the other in compact text, as most do, are copied in one piece.
struct Attributes<'a> {
    text: &'a str,
    object: String,
    /// The piece that is to be copied.
    piece: (usize, usize),
}

impl<'a> Attributes<'a> {
    fn of(text: &'a str) -> Self {
        let mut object = String::with_capacity(text.len() / 2 + 64);
        object.push('{');
        Self { text, object, piece: (0, 0) }
    }

    fn push(&mut self, field: &Field<'a>) {
        let (start, end) = field.range;
        if field.spaced {
            self.copy_piece();
            self.separate();
            self.object.push('"');
            self.object.push_str(field.name.as_written());
            self.object.push_str("\":");
            self.object.push_str(&compact(field.value, true));
        } else if self.piece.1 > 0 && self.piece.1 + 1 == start {
            // Only a comma lies between.
            self.piece.1 = end;
        } else {
            self.copy_piece();
            self.piece = (start, end);
        }
    }

    fn copy_piece(&mut self) {
        let (start, end) = std::mem::take(&mut self.piece);
        if end > 0 {
            self.separate();
            self.object.push_str(self.text.get(start..end).unwrap_or_default());
        }
    }

    fn separate(&mut self) {
        if self.object.len() > 1 {
            self.object.push(',');
        }
    }

    fn finish(mut self) -> String {
        self.copy_piece();
        self.object.push('}');
        self.object
    }
}

impl<'a> Event<'a> {
    /// Reads the text of one event.
    ///
    /// # Errors
    ///
    /// When the text is not a JSON object whose `event_type` is a string with
    /// something in it.
    pub fn read(text: &'a [u8]) -> Result<Self, Invalid> {
        let text = str::from_utf8(text).map_err(|error| Invalid::Utf8(error.valid_up_to()))?;
        let found = Found::in_text(text)?;
        let event_type = found.string(Place::EventType).ok_or(Invalid::EventType)?;
        let id =
            found.id(Place::InsertId).or_else(|| found.id(Place::DollarInsertId)).or_else(|| found.id(Place::Uuid));
        let time = found
            .string(Place::EventTime)
            .and_then(|text| time::from_text(&text))
            .or_else(|| found.value(Place::Time).and_then(time::from_milliseconds))
            .or_else(|| found.string(Place::ClientEventTime).and_then(|text| time::from_text(&text)));
        Ok(Self {
            id,
            event_type,
            user_id: found.id(Place::UserId),
            device_id: found.id(Place::DeviceId),
            time,
            event_properties: found.bag(Place::EventProperties),
            user_properties: found.bag(Place::UserProperties),
            groups: found.bag(Place::Groups),
            group_properties: found.bag(Place::GroupProperties),
            attributes: found.attributes,
        })
    }
}
