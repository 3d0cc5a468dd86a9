//! From the text of a request to the events in it.

use std::borrow::Cow;

use json_text::{Fault, FaultKind, Kind, check, elements, kind, members};

use super::refusal::{Flaws, Reason, Refusal};
use super::sketch::{GROUP_IDENTIFY, IDENTIFY, Place, Rules, Sketch, id};

/// An event that is to be stored.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) body: String,
    pub(super) sketch: Sketch,
    pub(super) sort: Sort,
}

/// What an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// That something was done.
    Action,
    /// Properties of a user.
    Identify,
    /// Properties of groups.
    GroupIdentify,
}

/// How the events of a route are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As events.
    Event,
    /// As events; what has no type, but user properties, tells about a user (Amplitude's webhook
    /// sends users in the form of its Identify API).
    EventOrUser,
    /// As identifications of users.
    User,
    /// As identifications of groups.
    Group,
}

/// The text of a JSON document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a> {
    text: &'a str,
    /// Something in it is nested too deep. Then it is only split, and each event is checked by
    /// itself: the others need not suffer for the one.
    is_deep: bool,
}

impl<'a> Document<'a> {
    /// Checks a text.
    ///
    /// # Errors
    /// When it is no JSON.
    pub(super) fn of(text: &'a str) -> Result<Self, Refusal> {
        match check(text) {
            Ok(()) => Ok(Self { text, is_deep: false }),
            Err(Fault { kind: FaultKind::Depth, .. }) => Ok(Self { text, is_deep: true }),
            Err(fault) => Err(Refusal::new(Reason::InvalidBody, format!("Invalid JSON request body: {fault}"))),
        }
    }

    /// The values of two fields of the object that the text must be; `null` counts as nothing.
    ///
    /// # Errors
    /// When it is no JSON, or no object.
    pub(super) fn open(text: &'a str, names: [&str; 2]) -> Result<[Option<Self>; 2], Refusal> {
        let document = Self::of(text)?;
        if kind(text) != Kind::Object {
            return Err(Refusal::new(Reason::InvalidBody, "Invalid JSON request body: expected an object"));
        }
        let mut found = [None, None];
        for (name, value) in members(text) {
            for (slot, wanted) in found.iter_mut().zip(names) {
                if name == *wanted {
                    *slot = (kind(value) != Kind::Null).then_some(Self { text: value, ..document });
                }
            }
        }
        Ok(found)
    }

    /// A string's content.
    pub(super) fn string(&self) -> Option<Cow<'a, str>> {
        (kind(self.text) == Kind::String).then(|| id(self.text)).flatten()
    }

    pub(super) fn is_array(&self) -> bool {
        kind(self.text) == Kind::Array
    }

    /// The elements of the array, or the one value that it is.
    fn items(&self) -> impl Iterator<Item = &'a str> {
        let single = (!self.is_array()).then(|| self.text.trim());
        single.into_iter().chain(elements(self.text))
    }

    /// The events, and what is wrong with those that are not among them.
    ///
    /// # Errors
    /// [`Reason::TooManyEvents`] when there are more than `most`.
    pub(super) fn drafts(&self, form: Form, rules: Rules, most: usize) -> Result<(Vec<Draft>, Flaws), Refusal> {
        let mut drafts = Vec::new();
        let mut flaws = Flaws::default();
        for (index, item) in self.items().enumerate() {
            if index >= most {
                // In Amplitude's words for it; SDKs send fewer at a time then.
                return Err(Refusal { reason: Reason::TooManyEvents, ..Refusal::too_large() });
            }
            if kind(item) != Kind::Object || (self.is_deep && check(item).is_err()) {
                flaws.invalid("event", index);
                continue;
            }
            drafts.extend(draft(item, form, rules, index, &mut flaws));
        }
        Ok((drafts, flaws))
    }
}

/// One event, if nothing is wrong with it.
fn draft(item: &str, form: Form, rules: Rules, index: usize, flaws: &mut Flaws) -> Option<Draft> {
    let mut found = Flaws::default();
    let body = match form {
        Form::Event => Cow::Borrowed(item),
        Form::EventOrUser if is_user(item) => with_members(item, &event_type(IDENTIFY)),
        Form::EventOrUser => Cow::Borrowed(item),
        Form::User => with_members(item, &event_type(IDENTIFY)),
        Form::Group => group_event(item, index, &mut found),
    };
    let sketch = Sketch::of(&body);
    sketch.check(&body, rules, index, &mut found);
    if !found.is_empty() {
        flaws.extend(found);
        return None;
    }
    let sort = match () {
        () if sketch.is(&body, GROUP_IDENTIFY) => Sort::GroupIdentify,
        () if sketch.is(&body, IDENTIFY) => Sort::Identify,
        () => Sort::Action,
    };
    Some(Draft { sketch, sort, body: body.into_owned() })
}

fn is_user(item: &str) -> bool {
    let sketch = Sketch::of(item);
    sketch.value(item, Place::EventType).is_none()
        && sketch.value(item, Place::UserProperties).is_some_and(|value| kind(value) == Kind::Object)
}

fn event_type(name: &str) -> String {
    format!("\"event_type\":\"{name}\"")
}

/// The object with more members at its end, where they count before others of their name.
fn with_members<'a>(object: &'a str, more: &str) -> Cow<'a, str> {
    let Some(open) = object.trim_end().strip_suffix('}') else { return Cow::Borrowed(object) };
    let comma = if members(object).next().is_some() { "," } else { "" };
    Cow::Owned(format!("{open}{comma}{more}}}"))
}

/// The event for an element of Amplitude's Group Identify API.
fn group_event<'a>(item: &'a str, index: usize, flaws: &mut Flaws) -> Cow<'a, str> {
    let field = |wanted: &str| {
        let value = members(item).filter(|(name, _)| *name == *wanted).last().map(|(_, value)| value);
        value.filter(|value| kind(value) != Kind::Null)
    };
    let mut needed = |name, is_valid: fn(&str) -> bool| match field(name) {
        Some(value) if is_valid(value) => Some(value),
        Some(_) => {
            flaws.invalid(name, index);
            None
        }
        None => {
            flaws.missing(name, index);
            None
        }
    };
    let group_type = needed("group_type", |value| kind(value) == Kind::String && id(value).is_some());
    let group_value = needed("group_value", |value| kind(value) == Kind::Array || id(value).is_some());
    needed("group_properties", |value| kind(value) == Kind::Object);
    let groups = match (group_type, group_value) {
        (Some(group_type), Some(group_value)) => format!("\"groups\":{{{group_type}:{group_value}}},"),
        _ => String::new(),
    };
    with_members(item, &(groups + &event_type(GROUP_IDENTIFY)))
}
