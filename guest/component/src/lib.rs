//! The default mapping as a component: the exports of world
//! `mapping-component`, each a call of the crate `default-mapping`.

// Elsewhere there is nothing to export to.
#![cfg(target_arch = "wasm32")]

use default_mapping::contract::exports::accoil::event_stream::{mapping, plugin};
use default_mapping::types::{Description, Event, Outcome};
use default_mapping::{HostChoice, map_events, settings};

struct DefaultMapping;

impl plugin::Guest for DefaultMapping {
    fn describe() -> Description {
        Description {
            name: "accoil-default".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: "What Amplitude's destination Accoil (Event Stream) does, with settings.".to_owned(),
            settings_schema: settings::SCHEMA.to_owned(),
        }
    }
}

impl mapping::Guest for DefaultMapping {
    fn transform(settings: String, events: Vec<Event>) -> Vec<Outcome> {
        map_events(&settings, events, &HostChoice)
    }
}

default_mapping::contract::export!(DefaultMapping with_types_in default_mapping::contract);
