//! The values of the properties that the settings name, found in one walk
//! through each bag that has to be looked at.

use json_text::{Kind, Name, kind, members};

use crate::types::Event;

/// Where a named property may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    EventProperties,
    UserProperties,
    Attributes,
    /// In any of them, the first that has it.
    Anywhere,
}

/// A property that the settings name.
#[derive(Debug)]
pub(crate) struct Property {
    source: Source,
    /// Its name in the bag, and the key under which it is sent.
    pub(crate) key: String,
}

impl Property {
    /// Reads a name: with the prefix of a bag, or bare.
    pub(crate) fn named(name: &str) -> Self {
        let prefixes = [
            ("event_properties.", Source::EventProperties),
            ("user_properties.", Source::UserProperties),
            ("attributes.", Source::Attributes),
        ];
        for (prefix, source) in prefixes {
            if let Some(key) = name.strip_prefix(prefix) {
                return Self { source, key: key.to_owned() };
            }
        }
        Self { source: Source::Anywhere, key: name.to_owned() }
    }
}

/// The properties of a plan.
#[derive(Debug)]
pub(crate) struct Lookup {
    properties: Vec<Property>,
}

impl Lookup {
    pub(crate) fn new(properties: Vec<Property>) -> Self {
        Self { properties }
    }

    /// The properties, in the order in which [`Lookup::find`] gives values.
    pub(crate) fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// The value of each property as JSON text, if the event has it.
    pub(crate) fn find<'a>(&self, event: &'a Event) -> Vec<Option<&'a str>> {
        let mut values = vec![None; self.properties.len()];
        self.search(Source::EventProperties, &mut values, |note| {
            members(&event.event_properties).for_each(|(name, value)| note(name, value));
        });
        self.search(Source::UserProperties, &mut values, |note| {
            if event.event_type == "$identify" {
                effective(&event.user_properties, note);
            } else {
                members(&event.user_properties).for_each(|(name, value)| note(name, value));
            }
        });
        self.search(Source::Attributes, &mut values, |note| {
            members(&event.attributes).for_each(|(name, value)| note(name, value));
        });
        values
    }

    /// Looks in one bag for what may be there and was not found before; does
    /// not touch the bag when there is nothing to look for.
    fn search<'a>(
        &self,
        source: Source,
        values: &mut [Option<&'a str>],
        walk: impl FnOnce(&mut dyn FnMut(Name<'a>, &'a str)),
    ) {
        let mut wanted: Vec<(&str, &mut Option<&'a str>)> = self
            .properties
            .iter()
            .zip(values)
            .filter(|(property, value)| {
                value.is_none() && (property.source == source || property.source == Source::Anywhere)
            })
            .map(|(property, value)| (property.key.as_str(), value))
            .collect();
        if wanted.is_empty() {
            return;
        }
        walk(&mut |name, value| {
            for (key, slot) in &mut wanted {
                if name == **key {
                    **slot = Some(value);
                }
            }
        });
    }
}

/// Amplitude's operations on properties (HTTP V2 API, "Identify": `$set`,
/// `$setOnce` …; `$clearAll` comes from its SDKs).
const OPERATIONS: [&str; 10] =
    ["$set", "$setOnce", "$add", "$append", "$prepend", "$unset", "$preInsert", "$postInsert", "$remove", "$clearAll"];

/// The properties that an identify event names: flat ones, then those under
/// `$setOnce`, then those under `$set`. The last of the same name counts.
pub(crate) fn effective<'a>(bag: &'a str, note: &mut dyn FnMut(Name<'a>, &'a str)) {
    let (mut set_once, mut set) = (None, None);
    for (name, value) in members(bag) {
        match OPERATIONS.into_iter().find(|operation| name == **operation) {
            Some("$setOnce") => set_once = Some(value),
            Some("$set") => set = Some(value),
            Some(_) => {}
            None => note(name, value),
        }
    }
    for (name, value) in [set_once, set].into_iter().flatten().flat_map(members) {
        note(name, value);
    }
}

/// The content of an id: a string that is not empty, or a number as its text.
pub(crate) fn id(value: &str) -> Option<std::borrow::Cow<'_, str>> {
    match kind(value) {
        Kind::Number => Some(value.into()),
        Kind::String => {
            let inner = value.strip_prefix('"')?.strip_suffix('"')?;
            Some(json_text::unescape(inner)).filter(|content| !content.is_empty())
        }
        _ => None,
    }
}
