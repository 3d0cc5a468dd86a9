//! Attaches what is remembered of groups and users to events, as Amplitude does it before it
//! streams, and notes what events tell about them. The rest of an event's text stays as it came.

use std::borrow::Cow;
use std::ops::Range;

use json_text::{Kind, elements, kind, members, push_string};

use super::directory::Tenant;
use super::draft::{Draft, Sort};
use super::memory::{Changes, Plan};
use super::refusal::Refusal;
use super::sketch::{Place, Sketch, id};
use crate::queue::NewEvent;

/// Most groups that one event changes; Amplitude takes ten.
const MOST_GROUPS: usize = 100;
/// Most bytes that are read and written to work out the changes of a request.
const MOST_WORK: usize = 256 * 1024 * 1024;

/// How large things may become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// An event's text; what would make it larger is not attached.
    pub(super) event_bytes: usize,
    /// All events of a request.
    pub(super) request_bytes: usize,
    /// Most groups, and users, that are remembered.
    pub(super) remembered: usize,
}

/// Events as they are to be stored, and what they change.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) events: Vec<NewEvent>,
    pub(super) groups: Plan,
    pub(super) users: Plan,
}

/// Whether an event changes what is remembered: then its request must not be worked out beside
/// another one that does.
pub(super) fn changes_memory(draft: &Draft, tenant: &Tenant) -> bool {
    match draft.sort {
        Sort::GroupIdentify => tenant.remembers_groups,
        Sort::Identify | Sort::Action => {
            tenant.remembers_users && draft.sketch.value(&draft.body, Place::UserProperties).is_some()
        }
    }
}

/// Goes through the events in order.
///
/// # Errors
/// [`Refusal::too_large`] when the events, with what is attached, are too large for one request.
pub(super) fn attach(drafts: Vec<Draft>, tenant: &Tenant, room: Room) -> Result<Attached, Refusal> {
    let mut desk = Desk { tenant, room, groups: Changes::default(), users: Changes::default() };
    let mut events = Vec::with_capacity(drafts.len());
    let mut bytes = 0;
    for draft in drafts {
        let event = desk.event(draft);
        bytes += event.body.len();
        if bytes > room.request_bytes || desk.groups.work() + desk.users.work() > MOST_WORK {
            return Err(Refusal::too_large());
        }
        events.push(event);
    }
    let groups = tenant.shared.groups.plan(desk.groups, room.remembered);
    let users = tenant.shared.users.plan(desk.users, room.remembered);
    Ok(Attached { events, groups, users })
}

struct Desk<'a> {
    tenant: &'a Tenant,
    room: Room,
    groups: Changes,
    users: Changes,
}

impl Desk<'_> {
    fn event(&mut self, mut draft: Draft) -> NewEvent {
        let key = draft.sketch.dedup_key(&draft.body);
        let id = draft.sketch.insert_id(&draft.body).map(Cow::into_owned);
        match draft.sort {
            Sort::GroupIdentify if self.tenant.remembers_groups => {
                if !self.groups.is_repeated(&self.tenant.shared.groups, key) {
                    self.note_groups(&draft);
                }
            }
            Sort::GroupIdentify => {}
            Sort::Identify | Sort::Action => {
                let properties = self.note_user(&draft, key).filter(|_| draft.sort == Sort::Action);
                let group_properties = self.group_properties(&draft);
                let edits = [
                    properties.map(|text| (Place::UserProperties, text)),
                    group_properties.map(|text| (Place::GroupProperties, text)),
                ];
                draft.body = edited(draft.body, &draft.sketch, edits, self.room.event_bytes);
            }
        }
        NewEvent { id, key, body: draft.body }
    }

    /// Notes what a `$groupidentify` says, of every group that it names.
    fn note_groups(&mut self, draft: &Draft) {
        let Some(change) = draft.sketch.value(&draft.body, Place::GroupProperties) else { return };
        let groups = draft.sketch.value(&draft.body, Place::Groups).unwrap_or("null");
        for (group_type, id) in groups_of(groups).flat_map(ids_of_type).take(MOST_GROUPS) {
            if !self.groups.change(&self.tenant.shared.groups, key(&group_type, &id), change) {
                tracing::debug!(
                    tenant = self.tenant.name,
                    code = "group-too-large",
                    "properties of a group are too large to be remembered"
                );
            }
        }
    }

    /// Notes what an event says of its user. Gives all that is known of the user then, if that is
    /// remembered and more than the event says.
    fn note_user(&mut self, draft: &Draft, key_of_event: Option<u128>) -> Option<String> {
        if !self.tenant.remembers_users {
            return None;
        }
        let (kind_of_id, id) = draft.sketch.person(&draft.body)?;
        let key = key(kind_of_id, &id);
        let memory = &self.tenant.shared.users;
        let own = draft.sketch.value(&draft.body, Place::UserProperties).filter(|own| kind(own) == Kind::Object);
        if let Some(own) = own.filter(|own| members(own).next().is_some())
            && !self.users.is_repeated(memory, key_of_event)
            && !self.users.change(memory, key.clone(), own)
        {
            return None;
        }
        let skips = draft.sketch.value(&draft.body, Place::SkipUserProperties) == Some("true");
        self.users.get(memory, &key).filter(|_| !skips).map(|text| text.to_string())
    }

    /// What is known of the groups that an event names, if it does not say itself.
    fn group_properties(&self, draft: &Draft) -> Option<String> {
        if !self.tenant.remembers_groups || draft.sort != Sort::Action {
            return None;
        }
        let groups = draft.sketch.value(&draft.body, Place::Groups).filter(|groups| kind(groups) == Kind::Object)?;
        let own = draft.sketch.value(&draft.body, Place::GroupProperties);
        if own.is_some_and(|own| kind(own) != Kind::Object || members(own).next().is_some()) {
            return None;
        }
        let mut text = String::from("{");
        for (group_type, ids) in groups_of(groups) {
            separate(&mut text);
            push_string(&mut text, &group_type);
            text.push_str(":{");
            for (group_type, id) in ids_of_type((group_type, ids)) {
                separate(&mut text);
                push_string(&mut text, &id);
                text.push(':');
                let known = self.groups.get(&self.tenant.shared.groups, &key(&group_type, &id));
                text.push_str(known.as_deref().unwrap_or("{}"));
                if text.len() > self.room.event_bytes {
                    return None;
                }
            }
            text.push('}');
        }
        text.push('}');
        Some(text)
    }
}

fn separate(text: &mut String) {
    if !text.ends_with('{') {
        text.push(',');
    }
}

/// The types of `groups` that name any id, each with its value; of a type that comes twice the last.
fn groups_of(groups: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let mut by_type: Vec<(Cow<'_, str>, &str)> = Vec::new();
    for (name, ids) in members(groups) {
        let group_type = name.content();
        // Events name few types; so that one with very many costs no more than its length, only
        // the first ones are compared.
        match by_type.iter_mut().take(MOST_GROUPS).find(|(earlier, _)| *earlier == group_type) {
            Some(earlier) => earlier.1 = ids,
            None => by_type.push((group_type, ids)),
        }
    }
    by_type.into_iter().filter(|(_, value)| ids(value).next().is_some())
}

fn ids_of_type<'a>((group_type, value): (Cow<'a, str>, &'a str)) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
    ids(value).map(move |id| (group_type.clone(), id))
}

/// One id or an array of them; what is no id is passed over.
fn ids(value: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let single = (kind(value) != Kind::Array).then_some(value);
    single.into_iter().chain(elements(value)).filter_map(id)
}

/// The key of a group or user in memory and on disk: `["Account","42"]`.
pub(super) fn key(sort: &str, id: &str) -> String {
    let mut key = String::with_capacity(sort.len() + id.len() + 7);
    key.push('[');
    push_string(&mut key, sort);
    key.push(',');
    push_string(&mut key, id);
    key.push(']');
    key
}

/// The event with other values in these places; as it was, if that would make it larger than `most`.
fn edited(body: String, sketch: &Sketch, edits: [Option<(Place, String)>; 2], most: usize) -> String {
    let mut size = body.len();
    let mut pieces: Vec<(Range<usize>, String)> = Vec::new();
    for (place, text) in edits.into_iter().flatten() {
        let piece = match sketch.place(place) {
            Some(range) if body.get(range.clone()) == Some(text.as_str()) => continue,
            Some(range) => (range, text),
            None => {
                let Some(end) = body.rfind('}') else { return body };
                (end..end, format!(",\"{}\":{text}", place.name()))
            }
        };
        size += piece.1.len();
        pieces.push(piece);
    }
    if pieces.is_empty() || size > most {
        return body;
    }
    pieces.sort_by_key(|(range, _)| range.start);
    let mut edited = String::with_capacity(size);
    let mut at = 0;
    for (range, text) in pieces {
        edited.push_str(body.get(at..range.start).unwrap_or_default());
        edited.push_str(&text);
        at = range.end;
    }
    edited.push_str(body.get(at..).unwrap_or_default());
    edited
}
