//! A selector of WIT 1.0.0 that uses all that there is: every answer, the event, the candidates, settings.

wit_bindgen::generate!({ path: "../event-stream.wit", world: "group-selector" });

use accoil::event_stream::types::{Description, Event, Group, Selection};
use exports::accoil::event_stream::{group_selection, plugin};

const SCHEMA: &str = r#"{"type":"object","additionalProperties":false,"properties":{"longest":{"type":"boolean","default":false,"examples":[true]}}}"#;

struct Selector;

impl plugin::Guest for Selector {
    fn describe() -> Description {
        Description {
            name: "golden-selector".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Chooses in every way there is.".to_owned(),
            settings_schema: SCHEMA.to_owned(),
        }
    }
}

impl group_selection::Guest for Selector {
    fn select(settings: String, event: Event, candidates: Vec<Group>) -> Selection {
        if event.event_type == "Signed Out" {
            return Selection::None;
        }
        if let (None, Some(device)) = (event.user_id, event.device_id) {
            let traits = format!(r#"{{"properties":{}}}"#, event.event_properties);
            return Selection::Custom(Group { group_id: format!("of {device}"), group_type: "Device".to_owned(), traits });
        }
        if !settings.contains("true") {
            return Selection::DefaultRule;
        }
        let longest = (0_u32..).zip(&candidates).max_by_key(|(_, group)| group.traits.len());
        longest.map_or(Selection::None, |(index, _)| Selection::Candidate(index))
    }
}

export!(Selector);
