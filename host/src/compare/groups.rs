//! What differs in the groups of an Accoil event.

use std::borrow::Cow;
use std::collections::HashMap;

use json_text::{elements, kind, members};

use super::diff::{Change, member_changes};
use super::json::{member, string};
use super::kind::Kind;
use crate::accoil::{AccoilEvent, GroupTraits};

/// The trait that names a group's type; the default mapping sends it.
const TYPE_TRAIT: &str = "group_type";

/// The account of the user of an Accoil event. Without a user there is none: groups are told, but
/// nobody becomes a member.
pub(super) fn primary(event: &AccoilEvent) -> Option<&GroupTraits> {
    event.user_id.as_ref().and_then(|_| event.group_traits.first())
}

/// The type of a group: as its traits say, else as the event's `groups` say.
pub(super) fn type_of<'a>(group: &'a GroupTraits, groups: &'a str) -> Option<Cow<'a, str>> {
    member(&group.traits, TYPE_TRAIT).and_then(string).or_else(|| {
        let is_it = |id: &str| string(id).map_or(id == group.group_id, |id| id == group.group_id);
        let has_it = |ids: &str| match kind(ids) {
            json_text::Kind::Array => elements(ids).any(is_it),
            _ => is_it(ids),
        };
        members(groups).find(|(_, ids)| has_it(ids)).map(|(name, _)| name.content())
    })
}

/// A group by its id and by how many of the same id stand before it: lists may name one twice.
type Key<'a> = (&'a str, usize);

/// Tells how the groups of two Accoil events differ. Groups are paired by id; of several with one
/// id, the first with the first and so on.
pub(super) fn differences<'a>(
    before: &'a AccoilEvent,
    after: &'a AccoilEvent,
    groups: &'a str,
    tell: &mut dyn FnMut(Change<'a>),
) {
    let (old, new) = (primary(before), primary(after));
    if old.map(|group| &group.group_id) != new.map(|group| &group.group_id) {
        tell(Change {
            from: old.map(|group| group.group_id.as_str().into()),
            to: new.map(|group| group.group_id.as_str().into()),
            from_type: old.and_then(|group| type_of(group, groups)),
            to_type: new.and_then(|group| type_of(group, groups)),
            ..Change::of(Kind::PrimaryGroup)
        });
    }
    if before.group_traits == after.group_traits {
        return;
    }
    let (old_keys, new_keys) = (keys(&before.group_traits), keys(&after.group_traits));
    let old_traits: HashMap<Key<'a>, &'a str> = old_keys.iter().copied().collect();
    let new_traits: HashMap<Key<'a>, &'a str> = new_keys.iter().copied().collect();
    for (key, traits) in &old_keys {
        match new_traits.get(key) {
            None => {
                let group = Some(Cow::Borrowed(key.0));
                tell(Change { group, from: Some(Cow::Borrowed(traits)), ..Change::of(Kind::GroupRemoved) });
            }
            Some(now) => {
                let kinds = [Kind::TraitAdded, Kind::TraitRemoved, Kind::TraitChanged];
                member_changes(traits, now, kinds, Some(key.0), tell);
            }
        }
    }
    for (key, traits) in new_keys.iter().filter(|(key, _)| !old_traits.contains_key(key)) {
        let group = Some(Cow::Borrowed(key.0));
        tell(Change { group, to: Some(Cow::Borrowed(traits)), ..Change::of(Kind::GroupAdded) });
    }
    // An account that changed places is told as that.
    let accounts = [old, new].map(|group| group.map(|group| (group.group_id.as_str(), 0)));
    let rest = |key: &Key<'a>| !accounts.contains(&Some(*key));
    let old_order = old_keys.iter().map(|(key, _)| *key).filter(|key| new_traits.contains_key(key) && rest(key));
    let new_order = new_keys.iter().map(|(key, _)| *key).filter(|key| old_traits.contains_key(key) && rest(key));
    if !old_order.eq(new_order) {
        tell(Change::of(Kind::GroupOrder));
    }
}

fn keys(groups: &[GroupTraits]) -> Vec<(Key<'_>, &str)> {
    let mut seen: HashMap<&str, usize> = HashMap::with_capacity(groups.len());
    groups
        .iter()
        .map(|group| {
            let times = seen.entry(&group.group_id).or_default();
            let key = (group.group_id.as_str(), *times);
            *times += 1;
            (key, group.traits.as_str())
        })
        .collect()
}
