//! The groups that an event names.

use std::borrow::Cow;
use std::cmp::Ordering;

use json_text::{Kind, elements, kind, members};

use crate::lookup::id;

/// A group that an event names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) group_type: Cow<'a, str>,
}

/// Every group in `groups`, each id and type once: for every type one id or an
/// array of ids. What is no id is passed over.
pub(crate) fn candidates<'a>(groups: &'a str, wanted: impl Fn(&str) -> bool) -> Vec<Candidate<'a>> {
    let mut by_type: Vec<(Cow<'a, str>, &'a str)> = Vec::with_capacity(4);
    for (name, ids) in members(groups) {
        let group_type = name.content();
        // Of two members with the same name the last one counts.
        by_type.retain(|(earlier, _)| *earlier != group_type);
        by_type.push((group_type, ids));
    }
    let mut found: Vec<Candidate<'a>> = Vec::with_capacity(4);
    for (group_type, ids) in by_type {
        if !wanted(&group_type) {
            continue;
        }
        let of_this_type = found.len();
        let single = (kind(ids) != Kind::Array).then_some(ids);
        for id in single.into_iter().chain(elements(ids)).filter_map(id) {
            let seen = found.iter().skip(of_this_type).any(|candidate| candidate.id == id);
            if !seen {
                found.push(Candidate { id, group_type: group_type.clone() });
            }
        }
    }
    found
}

/// Sorts candidates. One function for all orders, since each instance of a sort
/// is several kilobytes of the component.
pub(crate) fn sort<'a>(candidates: &mut [Candidate<'a>], order: &dyn Fn(&Candidate<'a>, &Candidate<'a>) -> Ordering) {
    candidates.sort_by(order);
}

/// The traits of a group in `group_properties`, keyed by type and id: an
/// object, `{}` when there are none.
pub(crate) fn traits_of<'a>(group_properties: &'a str, candidate: &Candidate<'_>) -> &'a str {
    member(group_properties, &candidate.group_type)
        .and_then(|ids| member(ids, &candidate.id))
        .filter(|traits| kind(traits) == Kind::Object)
        .unwrap_or("{}")
}

/// The member of an object with this name; the last one, if there are several.
pub(crate) fn member<'a>(object: &'a str, wanted: &str) -> Option<&'a str> {
    members(object).filter(|(name, _)| *name == *wanted).map(|(_, value)| value).last()
}
