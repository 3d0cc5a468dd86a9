//! Running a plugin natively, in `cargo test`, with events as JSON.

use serde_json::{Map, Value};

use crate::{Choice, Event, Group, Mapping, Outcome, Selection, Selector, export};

/// An event of an Amplitude event's JSON text, as the host makes it, but for times: `event_time`, else `time`, is passed
/// on if it is a string. `accoil-stream test` runs the component itself, and reads all that Amplitude sends.
///
/// # Errors
///
/// When the text is no JSON object.
pub fn event(text: &str) -> Result<Event, String> {
    let mut fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| format!("event: {error}"))?;
    let mut take = |name: &str| fields.remove(name);
    let (insert_id, event_type) = (take("insert_id"), take("event_type"));
    let (user_id, device_id) = (take("user_id"), take("device_id"));
    let (event_time, time) = (take("event_time"), take("time"));
    let mut bag = |name: &str| take(name).unwrap_or_default().to_string();
    Ok(Event {
        id: id(insert_id).unwrap_or_else(|| "test".to_owned()),
        event_type: id(event_type).unwrap_or_default(),
        user_id: id(user_id),
        device_id: id(device_id),
        time: [event_time, time].into_iter().flatten().find_map(|time| time.as_str().map(str::to_owned)),
        event_properties: bag("event_properties"),
        user_properties: bag("user_properties"),
        groups: bag("groups"),
        group_properties: bag("group_properties"),
        attributes: Value::Object(fields).to_string(),
    })
}

fn id(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(id) if !id.is_empty() => Some(id),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Asks a selector about an event, with the candidates that the default mapping finds in it.
///
/// # Errors
///
/// When the event is no JSON object, or the settings can't be read.
pub fn select<S: Selector>(settings: &str, event: &str) -> Result<Selection, String> {
    let settings: S::Settings = export::read(settings)?;
    let event = self::event(event)?;
    Ok(S::select(&settings, &event, &event.candidates()))
}

/// The id of the group that is the account of an event: the selector's choice, else the first candidate.
///
/// # Errors
///
/// Those of [`select`].
pub fn account<S: Selector>(settings: &str, event: &str) -> Result<Option<String>, String> {
    let selection = select::<S>(settings, event)?;
    let asked = move |_: &[Group]| selection.clone();
    let account = Choice::new(Some(&asked)).account(&self::event(event)?);
    Ok(account.map(|group| group.group_id))
}

/// Maps an event, without a selector.
///
/// # Errors
///
/// When the event is no JSON object, or the settings can't be read.
pub fn map<M: Mapping>(settings: &str, event: &str) -> Result<Outcome, String> {
    let settings: M::Settings = export::read(settings)?;
    Ok(M::map(&settings, &self::event(event)?, &Choice::new(None)))
}
