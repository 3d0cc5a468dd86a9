//! Mappings that differ from the default one in a thing or two.

use accoil_plugin::{Json, Object};
use serde::de::DeserializeOwned;

use crate::mapping::{Choice, NoChoice, Plan};
use crate::settings::{SCHEMA, Settings};
use crate::types::{Description, Event, Outcome};

/// A mapping that does what the default one does, but for what is written here: an event can be changed before it is
/// mapped, the outcome after it, and an event need not be mapped at all. Exported with [`variation!`](crate::variation).
///
/// It takes the settings of the default mapping and its own, side by side.
pub trait Variation {
    /// A short name.
    const NAME: &str;
    /// One sentence for the people who choose between plugins.
    const SUMMARY: &str;
    /// A JSON Schema (draft 2020-12) of the settings of its own: an object's, whose `properties` are added to those of
    /// the default mapping. Other settings than these are refused.
    const SETTINGS_SCHEMA: &str = "{}";
    /// The settings of its own, read from a JSON object that holds no others.
    type Settings: DeserializeOwned;

    /// What becomes of an event.
    fn map(settings: &Self::Settings, event: Event, default: &DefaultMapping) -> Outcome;
}

/// The default mapping, with the settings and the group selector of the tenant.
pub struct DefaultMapping<'a> {
    plan: &'a Plan,
    choice: Option<(&'a dyn Choice, u32)>,
}

impl DefaultMapping<'_> {
    /// What the default mapping makes of an event. The tenant's group selector, if there is one, sees the event as it
    /// came.
    #[must_use]
    pub fn map(&self, event: Event) -> Outcome {
        self.plan.map(event, self.choice)
    }
}

/// Exports a [`Variation`](crate::Variation) from the component that this crate becomes. The plugin's version is that
/// of the crate.
#[macro_export]
macro_rules! variation {
    ($plugin:ty) => {
        // So that nothing is called unused where there is nothing to export to.
        const _: fn(&str) -> $crate::types::Description = $crate::describe::<$plugin>;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::contract::exports::accoil::event_stream::{mapping, plugin};
            use $crate::types::{Description, Event, Outcome};

            struct Exported;

            impl plugin::Guest for Exported {
                fn describe() -> Description {
                    $crate::describe::<$plugin>(env!("CARGO_PKG_VERSION"))
                }
            }

            impl mapping::Guest for Exported {
                fn transform(settings: String, events: Vec<Event>) -> Vec<Outcome> {
                    $crate::vary::<$plugin>(&settings, events, &$crate::HostChoice)
                }
            }

    $crate::contract::export!(Exported with_types_in $crate::contract);
        };
    };
}

/// Maps a batch of events: one outcome for each, in the same order.
pub fn vary<V: Variation>(settings: &str, events: Vec<Event>, choice: &impl Choice) -> Vec<Outcome> {
    let (plan, own) = match read::<V>(settings) {
        Ok(read) => read,
        Err(problem) => return events.iter().map(|_| Outcome::Reject(problem.clone())).collect(),
    };
    let asked = choice.active().then_some(choice as &dyn Choice);
    let mut outcomes = Vec::with_capacity(events.len());
    for (index, event) in (0..).zip(events) {
        let default = DefaultMapping { plan: &plan, choice: asked.map(|choice| (choice, index)) };
        outcomes.push(V::map(&own, event, &default));
    }
    outcomes
}

/// Maps one event without a selector, in a native test; `accoil_plugin::testing::event` makes one of JSON.
pub fn vary_one<V: Variation>(settings: &str, event: Event) -> Outcome {
    vary::<V>(settings, vec![event], &NoChoice).pop().unwrap_or_else(|| Outcome::skip("not mapped"))
}

/// What a variation says about itself.
///
/// # Panics
///
/// When it has a setting whose name is one of the default mapping's.
#[must_use]
pub fn describe<V: Variation>(version: &str) -> Description {
    Description {
        name: V::NAME.to_owned(),
        version: version.to_owned(),
        summary: V::SUMMARY.to_owned(),
        settings_schema: schema(V::SETTINGS_SCHEMA),
    }
}

fn read<V: Variation>(settings: &str) -> Result<(Plan, V::Settings), String> {
    let (mut ours, mut own) = (Object::new(), Object::new());
    for (name, value) in Json::of(settings).members() {
        if is_ours(&name) {
            ours = ours.json(&name, value);
        } else {
            own = own.json(&name, value);
        }
    }
    let own = serde_json::from_str(&own.finish()).map_err(|error| format!("settings: {error}"))?;
    Ok((Plan::of(Settings::parse(&ours.finish())?), own))
}

/// Whether the default mapping has a setting of this name.
fn is_ours(name: &str) -> bool {
    Json::of(SCHEMA).path("properties").is_some_and(|properties| properties.get(name).is_some())
}

/// The schema of the settings of the default mapping and those of a variation.
fn schema(own: &str) -> String {
    let mut properties = Object::new();
    for (name, value) in Json::of(SCHEMA).get("properties").into_iter().flat_map(Json::members) {
        properties = properties.json(&name, value);
    }
    for (name, value) in Json::of(own).get("properties").into_iter().flat_map(Json::members) {
        assert!(!is_ours(&name), "{name} is a setting of the default mapping: choose another name");
        properties = properties.json(&name, value);
    }
    let mut whole = Object::new();
    for (name, value) in Json::of(own).members() {
        if !["type", "additionalProperties", "properties"].contains(&name.as_ref()) {
            whole = whole.json(&name, value);
        }
    }
    let whole = whole.string("type", "object").bool("additionalProperties", false);
    whole.json("properties", Json::of(&properties.finish())).finish()
}

#[cfg(test)]
#[path = "variation_tests.rs"]
mod tests;
