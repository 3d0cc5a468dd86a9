//! From a plugin's type to the exports of its world.

use std::cell::RefCell;

use serde::de::DeserializeOwned;

use crate::{Choice, Description, Event, Group, Mapping, Outcome, Selection, Selector};

/// Exports a [`Selector`](crate::Selector) from the component that this crate becomes. The plugin's version is that of
/// the crate.
#[macro_export]
macro_rules! selector {
    ($plugin:ty) => {
        // In a native build nothing is exported, and yet the plugin is no dead code.
        const _: $crate::Select<$plugin> = $crate::select::<$plugin>;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::contract::selector::exports::accoil::event_stream::{group_selection, plugin};

            struct Exported;

            thread_local! {
                static SETTINGS: $crate::Kept<<$plugin as $crate::Selector>::Settings> = const { $crate::Kept::new() };
            }

            impl plugin::Guest for Exported {
                fn describe() -> $crate::Description {
                    $crate::describe_selector::<$plugin>(env!("CARGO_PKG_VERSION"))
                }
            }

            impl group_selection::Guest for Exported {
                fn select(settings: String, event: $crate::Event, candidates: Vec<$crate::Group>) -> $crate::Selection {
                    SETTINGS.with(|kept| $crate::select::<$plugin>(kept, &settings, &event, &candidates))
                }
            }

    $crate::contract::selector::export!(Exported with_types_in $crate::contract::selector);
        };
    };
}

/// Exports a [`Mapping`](crate::Mapping) from the component that this crate becomes. The plugin's version is that of the
/// crate.
#[macro_export]
macro_rules! mapping {
    ($plugin:ty) => {
        // In a native build nothing is exported, and yet the plugin is no dead code.
        const _: fn(&str, &[$crate::Event], Option<$crate::Choose>) -> Vec<$crate::Outcome> = $crate::map::<$plugin>;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::contract::mapping::accoil::event_stream::group_choice;
            use $crate::contract::mapping::exports::accoil::event_stream::{mapping, plugin};

            struct Exported;

            impl plugin::Guest for Exported {
                fn describe() -> $crate::Description {
                    $crate::describe_mapping::<$plugin>(env!("CARGO_PKG_VERSION"))
                }
            }

            impl mapping::Guest for Exported {
                fn transform(settings: String, events: Vec<$crate::Event>) -> Vec<$crate::Outcome> {
                    let choose = group_choice::active().then_some(group_choice::choose as $crate::Choose);
                    $crate::map::<$plugin>(&settings, &events, choose)
                }
            }

    $crate::contract::mapping::export!(Exported with_types_in $crate::contract::mapping);
        };
    };
}

/// How the tenant's selector is asked: by the event's index in its batch.
#[doc(hidden)]
pub type Choose = fn(u32, &[Group]) -> Selection;

#[doc(hidden)]
#[must_use]
pub fn describe_selector<S: Selector>(version: &str) -> Description {
    description(S::NAME, version, S::SUMMARY, S::SETTINGS_SCHEMA)
}

#[doc(hidden)]
#[must_use]
pub fn describe_mapping<M: Mapping>(version: &str) -> Description {
    description(M::NAME, version, M::SUMMARY, M::SETTINGS_SCHEMA)
}

fn description(name: &str, version: &str, summary: &str, schema: &str) -> Description {
    Description {
        name: name.to_owned(),
        version: version.to_owned(),
        summary: summary.to_owned(),
        settings_schema: schema.to_owned(),
    }
}

/// Settings that were read, and from what text. A selector is asked about each event of a batch with the same ones, and
/// reading them can take longer than the choice.
#[doc(hidden)]
pub struct Kept<S>(RefCell<Option<(String, S)>>);

impl<S> Kept<S> {
    #[must_use]
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }
}

impl<S> Default for Kept<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// The type of [`select`].
#[doc(hidden)]
pub type Select<S> = fn(&Kept<<S as Selector>::Settings>, &str, &Event, &[Group]) -> Selection;

#[doc(hidden)]
#[must_use]
pub fn select<S: Selector>(kept: &Kept<S::Settings>, settings: &str, event: &Event, candidates: &[Group]) -> Selection {
    let mut kept = kept.0.borrow_mut();
    let last = kept.take().filter(|(text, _)| text == settings);
    let last = last.map_or_else(|| read_to_keep(settings), Ok);
    match last {
        Ok(last) => S::select(&kept.insert(last).1, event, candidates),
        // A selector has no answer for it, and the mapping's own rule in its place would hide that
        // the schema lets pass what the settings can't be read from.
        Err(problem) => stop(&problem),
    }
}

/// Reads settings that stay.
fn read_to_keep<S: DeserializeOwned>(settings: &str) -> Result<(String, S), String> {
    let read = (settings.to_owned(), read(settings)?);
    crate::keep_memory();
    Ok(read)
}

#[doc(hidden)]
#[must_use]
pub fn map<M: Mapping>(settings: &str, events: &[Event], choose: Option<Choose>) -> Vec<Outcome> {
    let settings = match read::<M::Settings>(settings) {
        Ok(settings) => settings,
        Err(problem) => return events.iter().map(|_| Outcome::reject(&problem)).collect(),
    };
    let mut outcomes = Vec::with_capacity(events.len());
    for (index, event) in (0..).zip(events) {
        let asked = choose.map(|choose| move |candidates: &[Group]| choose(index, candidates));
        let asked = asked.as_ref().map(|asked| asked as &dyn Fn(&[Group]) -> Selection);
        outcomes.push(M::map(&settings, event, &Choice::new(asked)));
    }
    outcomes
}

pub(crate) fn read<S: DeserializeOwned>(settings: &str) -> Result<S, String> {
    serde_json::from_str(settings).map_err(|error| format!("settings: {error}"))
}

#[expect(clippy::panic, reason = "a trap costs the event, and is how a plugin says that it can't answer")]
fn stop(problem: &str) -> ! {
    panic!("{problem}")
}
