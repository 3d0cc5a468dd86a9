//! The groups that could be the account.

use crate::{Event, Group, Json};

impl Event {
    /// The groups that the event names, each with its traits, in the order of the default mapping without settings:
    /// ascending by id, then by type. None if the event has no `groups` or no `group_properties`.
    #[must_use]
    pub fn candidates(&self) -> Vec<Group> {
        let properties = Json::of(&self.group_properties);
        if !properties.is_object() {
            return Vec::new();
        }
        let mut found: Vec<Group> = Vec::new();
        for (group_type, ids) in Json::of(&self.groups).members() {
            // Of two members with the same name the last one counts.
            found.retain(|group| group.group_type != group_type);
            for id in ids.as_id().into_iter().chain(ids.elements().filter_map(Json::as_id)) {
                push(&mut found, properties, &group_type, &id);
            }
        }
        found.sort_unstable_by(|left, right| {
            (&left.group_id, &left.group_type).cmp(&(&right.group_id, &right.group_type))
        });
        found
    }
}

fn push(found: &mut Vec<Group>, properties: Json<'_>, group_type: &str, id: &str) {
    if found.iter().any(|group| group.group_type == group_type && group.group_id == id) {
        return;
    }
    let traits = properties.get(group_type).and_then(|by_id| by_id.get(id)).filter(|traits| traits.is_object());
    found.push(Group {
        group_id: id.to_owned(),
        group_type: group_type.to_owned(),
        traits: traits.map_or("{}", Json::text).to_owned(),
    });
}
