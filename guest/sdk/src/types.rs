//! What can be asked of the types of the contract, and made of them.

use std::borrow::Cow;

use crate::{AccoilEvent, Event, Group, GroupTraits, Json, Outcome, Selection};

impl Event {
    /// A property by its name: of the event, else of the user, else one of the event's other fields (`platform`,
    /// `country` …). `event_properties.x`, `user_properties.x` and `attributes.x` name the place.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<Json<'_>> {
        let (event, other) = (self.event_properties(), self.attributes());
        match name.split_once('.') {
            Some(("event_properties", rest)) => event.get(rest),
            Some(("user_properties", rest)) => self.user_property(rest),
            Some(("attributes", rest)) => other.get(rest),
            _ => event.get(name).or_else(|| self.user_property(name)).or_else(|| other.get(name)),
        }
    }

    /// A property of the user, in `$identify` events too: there a value under `$set` counts before one under `$setOnce`,
    /// and that before one that stands alone.
    #[must_use]
    pub fn user_property(&self, name: &str) -> Option<Json<'_>> {
        let bag = self.user_properties();
        let alone = bag.get(name);
        if self.event_type != "$identify" {
            return alone;
        }
        let under = |operation| bag.get(operation).and_then(|values| values.get(name));
        under("$set").or_else(|| under("$setOnce")).or(alone.filter(|_| !name.starts_with('$')))
    }

    /// The properties of the event itself; `null` when it has none.
    #[must_use]
    pub fn event_properties(&self) -> Json<'_> {
        Json::of(&self.event_properties)
    }

    /// The properties of its user as they came; `null` when there are none. [`Self::user_property`] finds one.
    #[must_use]
    pub fn user_properties(&self) -> Json<'_> {
        Json::of(&self.user_properties)
    }

    /// Its other fields, an object.
    #[must_use]
    pub fn attributes(&self) -> Json<'_> {
        Json::of(&self.attributes)
    }
}

impl Group {
    /// What is known about the group: an object.
    #[must_use]
    pub fn traits(&self) -> Json<'_> {
        Json::of(&self.traits)
    }

    /// A trait that is a string.
    #[must_use]
    pub fn trait_str(&self, name: &str) -> Option<Cow<'_, str>> {
        self.traits().get(name)?.as_str()
    }

    /// A trait that is `true` or `false`.
    #[must_use]
    pub fn trait_bool(&self, name: &str) -> Option<bool> {
        self.traits().get(name)?.as_bool()
    }

    /// A trait that is a number.
    #[must_use]
    pub fn trait_number(&self, name: &str) -> Option<f64> {
        self.traits().get(name)?.as_number()
    }

    /// What is told to Accoil about it: its traits without nulls, and its type as the trait `group_type`.
    #[must_use]
    pub fn told(&self) -> GroupTraits {
        let mut traits = crate::Object::new();
        for (name, value) in self.traits().members() {
            if !value.is_null() && name != "group_type" {
                traits = traits.json(&name, value);
            }
        }
        GroupTraits { group_id: self.group_id.clone(), traits: traits.string("group_type", &self.group_type).finish() }
    }
}

impl Selection {
    /// The first candidate of which this is true; the mapping's own rule if it is true of none.
    pub fn first(candidates: &[Group], is_wanted: impl FnMut(&Group) -> bool) -> Self {
        let found = candidates.iter().position(is_wanted).and_then(|index| u32::try_from(index).ok());
        found.map_or(Self::DefaultRule, Self::Candidate)
    }

    /// A group that is not among the candidates, without traits.
    #[must_use]
    pub fn custom(group_type: impl Into<String>, group_id: impl Into<String>) -> Self {
        Self::Custom(Group { group_id: group_id.into(), group_type: group_type.into(), traits: "{}".to_owned() })
    }
}

impl Outcome {
    /// One Accoil event.
    #[must_use]
    pub fn one(event: AccoilEvent) -> Self {
        Self::Deliver(vec![event])
    }

    /// What is told to Accoil, to be changed; nothing if the event is skipped or rejected.
    pub fn events_mut(&mut self) -> &mut [AccoilEvent] {
        match self {
            Self::Deliver(events) => events,
            Self::Skip(_) | Self::Reject(_) => &mut [],
        }
    }

    /// By rule this event is not for Accoil. Outcomes are counted by this text.
    #[must_use]
    pub fn skip(reason: &str) -> Self {
        Self::Skip(reason.to_owned())
    }

    /// The event is broken, and is kept for a person to look at.
    #[must_use]
    pub fn reject(reason: &str) -> Self {
        Self::Reject(reason.to_owned())
    }
}
