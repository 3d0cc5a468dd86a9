//! What differs between two outcomes of one event.

use std::borrow::Cow;

use super::groups;
use super::json::{Member, members_that_differ};
use super::kind::Kind;
use crate::accoil::AccoilEvent;
use crate::outbound::{Dialect, calls_of};
use crate::sandbox::Outcome;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What sort of difference it is.
    pub kind: Kind,
    /// The user, where the account of a user changed.
    pub user_id: Option<Cow<'a, str>>,
    /// The group whose traits differ, or that was added or removed.
    pub group: Option<Cow<'a, str>>,
    /// The key in metadata or traits.
    pub name: Option<Cow<'a, str>>,
    /// What the baseline has: an id, a name, a time, or the JSON text of a value.
    pub from: Option<Cow<'a, str>>,
    /// What the candidate has.
    pub to: Option<Cow<'a, str>>,
    /// The type of the group that was the account.
    pub from_type: Option<Cow<'a, str>>,
    /// The type of the group that is the account now.
    pub to_type: Option<Cow<'a, str>>,
}

impl Change<'_> {
    pub(super) const fn of(kind: Kind) -> Self {
        Self { kind, user_id: None, group: None, name: None, from: None, to: None, from_type: None, to_type: None }
    }
}

/// Tells every difference between two outcomes of one event; nothing if they mean the same.
/// `groups` is the event's `groups`, as JSON text: it knows the types of groups whose traits don't.
///
/// Accoil events are paired in their order.
pub fn differences<'a>(
    baseline: &'a Outcome,
    candidate: &'a Outcome,
    groups: &'a str,
    dialect: &Dialect,
    tell: &mut dyn FnMut(Change<'a>),
) {
    if baseline == candidate {
        return;
    }
    if let (Outcome::Deliver(before), Outcome::Deliver(after)) = (baseline, candidate) {
        before.iter().zip(after).for_each(|(before, after)| event_differences(before, after, groups, tell));
        if before.len() < after.len() {
            tell(Change::of(Kind::AccoilEventAdded));
        } else if before.len() > after.len() {
            tell(Change::of(Kind::AccoilEventRemoved));
        }
    } else {
        verdict_differences(baseline, candidate, tell);
    }
    let (before, after) = (calls(baseline, dialect), calls(candidate, dialect));
    if before != after {
        let kind = if before < after { Kind::MoreRequests } else { Kind::FewerRequests };
        let (from, to) = (Some(before.to_string().into()), Some(after.to_string().into()));
        tell(Change { from, to, ..Change::of(kind) });
    }
}

/// How many calls an outcome makes.
pub(super) fn calls(outcome: &Outcome, dialect: &Dialect) -> usize {
    match outcome {
        Outcome::Deliver(events) => events.iter().map(|event| calls_of(event, dialect)).sum(),
        _ => 0,
    }
}

fn verdict_differences<'a>(baseline: &'a Outcome, candidate: &'a Outcome, tell: &mut dyn FnMut(Change<'a>)) {
    if std::mem::discriminant(baseline) == std::mem::discriminant(candidate) {
        return;
    }
    match candidate {
        Outcome::Deliver(_) => {}
        Outcome::Skip(reason) => tell(Change { to: Some(reason.into()), ..Change::of(Kind::Skipped) }),
        Outcome::Reject(reason) => tell(Change { to: Some(reason.into()), ..Change::of(Kind::Rejected) }),
        Outcome::Fault(fault) => tell(Change { to: Some(fault.to_string().into()), ..Change::of(Kind::Fault) }),
    }
    match baseline {
        Outcome::Deliver(_) => {}
        Outcome::Skip(reason) => tell(Change { from: Some(reason.into()), ..Change::of(Kind::NoLongerSkipped) }),
        Outcome::Reject(reason) => tell(Change { from: Some(reason.into()), ..Change::of(Kind::NoLongerRejected) }),
        Outcome::Fault(fault) => {
            tell(Change { from: Some(fault.to_string().into()), ..Change::of(Kind::NoLongerFault) });
        }
    }
}

fn event_differences<'a>(
    before: &'a AccoilEvent,
    after: &'a AccoilEvent,
    groups: &'a str,
    tell: &mut dyn FnMut(Change<'a>),
) {
    let user = before.user_id.as_ref().or(after.user_id.as_ref());
    groups::differences(before, after, groups, &mut |mut change| {
        if change.kind == Kind::PrimaryGroup {
            change.user_id = user.map(Cow::from);
        }
        tell(change);
    });
    for (kind, from, to) in [
        (Kind::User, &before.user_id, &after.user_id),
        (Kind::EventName, &before.event, &after.event),
        (Kind::Timestamp, &before.timestamp, &after.timestamp),
    ] {
        if from != to {
            let text = |text: &'a Option<String>| text.as_ref().map(Cow::from);
            tell(Change { from: text(from), to: text(to), ..Change::of(kind) });
        }
    }
    let kinds = [Kind::MetadataAdded, Kind::MetadataRemoved, Kind::MetadataChanged];
    member_changes(&before.metadata, &after.metadata, kinds, None, tell);
}

/// Tells every member in which two bags differ, as kinds for added, removed and changed.
pub(super) fn member_changes<'a>(
    before: &'a str,
    after: &'a str,
    [added, removed, changed]: [Kind; 3],
    group: Option<&'a str>,
    tell: &mut dyn FnMut(Change<'a>),
) {
    members_that_differ(before, after, &mut |name, member| {
        let (kind, from, to) = match member {
            Member::Added(to) => (added, None, Some(to)),
            Member::Removed(from) => (removed, Some(from), None),
            Member::Changed(from, to) => (changed, Some(from), Some(to)),
        };
        let (group, name) = (group.map(Cow::Borrowed), Some(name));
        let (from, to) = (from.map(Cow::Borrowed), to.map(Cow::Borrowed));
        tell(Change { group, name, from, to, ..Change::of(kind) });
    });
}
