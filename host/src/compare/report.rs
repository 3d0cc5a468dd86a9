//! A report: what differs between two mappings, over any number of events.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::counts::{self, KeyCounts, SliceCounts, TypeMove};
use super::diff::{Change, calls, differences};
use super::example::{Examples, example};
use super::groups;
use super::kind::{Kind, Kinds};
use super::names::{Count, Names, cut};
use super::summary::{self, Summary, share};
use super::users::{DIFFERS, PRIMARY_GROUP, Users};
use crate::accoil::{AccoilEvent, GroupTraits};
use crate::event::Event;
use crate::outbound::Dialect;
use crate::sandbox::Outcome;

/// How much of a name is kept, in bytes.
const NAME_BYTES: usize = 128;

/// What a report has to know of an event.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The event's id.
    pub id: &'a str,
    /// Its type.
    pub event_type: &'a str,
    /// Its user.
    pub user_id: Option<&'a str>,
    /// Its `groups` as JSON text, which say of what type a group is.
    pub groups: &'a str,
}

impl<'a> About<'a> {
    /// What there is to know of an event.
    #[must_use]
    pub fn event(event: &'a Event<'_>) -> Self {
        Self {
            id: event.id.as_deref().unwrap_or_default(),
            event_type: &event.event_type,
            user_id: event.user_id.as_deref(),
            groups: &event.groups,
        }
    }
}

/// One thing for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sides<T> {
    /// Of the mapping that is in force.
    pub baseline: T,
    /// Of the one that may follow it.
    pub candidate: T,
}

/// How much a report keeps, and what its requests look like. Parts of one report have the same.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// How many names of a sort are counted apart.
    pub names: usize,
    /// Up to how many users shares are exact, at about 20 bytes each; beyond they are estimates.
    pub users: usize,
    /// How many examples of each kind of difference are kept.
    pub examples: usize,
    /// How much of each outcome an example shows, in bytes.
    pub example_bytes: usize,
    /// The form in which requests are counted.
    pub dialect: Dialect,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { names: 200, users: 65_536, examples: 3, example_bytes: 4096, dialect: Dialect::V2 }
    }
}

/// What differs between the outcomes of two mappings.
#[derive(Clone, Debug)]
pub struct Report {
    bounds: Bounds,
    all: SliceCounts,
    sampled_out: u64,
    shed: u64,
    users: Users,
    requests: Sides<u64>,
    fuel: Option<Sides<u64>>,
    time: Option<Sides<Duration>>,
    faults: Sides<BTreeMap<&'static str, u64>>,
    event_types: Names<String, SliceCounts>,
    group_types: Names<String, SliceCounts>,
    moves: Names<TypeMove, u64>,
    metadata_keys: Names<String, KeyCounts>,
    trait_keys: Names<String, KeyCounts>,
    examples: Examples,
}

impl Report {
    /// A report over nothing yet.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let names = bounds.names;
        Self {
            all: SliceCounts::default(),
            sampled_out: 0,
            shed: 0,
            users: Users::new(bounds.users),
            requests: Sides::default(),
            fuel: None,
            time: None,
            faults: Sides::default(),
            event_types: Names::new(names),
            group_types: Names::new(names),
            moves: Names::new(names),
            metadata_keys: Names::new(names),
            trait_keys: Names::new(names),
            examples: Examples::new(),
            bounds,
        }
    }

    /// Compares the outcomes of one event and counts what differs.
    pub fn add(&mut self, about: &About<'_>, baseline: &Outcome, candidate: &Outcome) {
        let kinds = if baseline == candidate {
            let calls = calls(baseline, &self.bounds.dialect) as u64;
            self.requests.baseline += calls;
            self.requests.candidate += calls;
            Kinds::default()
        } else {
            self.requests.baseline += calls(baseline, &self.bounds.dialect) as u64;
            self.requests.candidate += calls(candidate, &self.bounds.dialect) as u64;
            self.add_differences(about, baseline, candidate)
        };
        self.all.add(kinds);
        self.event_types.count(cut(about.event_type, NAME_BYTES), |slice| slice.add(kinds));
        let account = account(baseline).or_else(|| account(candidate));
        let group_type = account.and_then(|group| groups::type_of(group, about.groups));
        self.group_types.count(name(group_type.as_ref()), |slice| slice.add(kinds));
        let marks = if kinds.is_empty() { 0 } else { DIFFERS };
        users(baseline, candidate).for_each(|user| self.users.add(user, marks));
        for (faults, outcome) in [(&mut self.faults.baseline, baseline), (&mut self.faults.candidate, candidate)] {
            if let Outcome::Fault(fault) = outcome {
                *faults.entry(fault.kind.name()).or_default() += 1;
            }
        }
    }

    fn add_differences(&mut self, about: &About<'_>, baseline: &Outcome, candidate: &Outcome) -> Kinds {
        let mut kinds = Kinds::default();
        differences(baseline, candidate, about.groups, &self.bounds.dialect, &mut |change| {
            kinds.insert(change.kind);
            match change.kind {
                Kind::PrimaryGroup => {
                    change.user_id.iter().for_each(|user| self.users.add(user, PRIMARY_GROUP));
                    let types =
                        [&change.from_type, &change.to_type].map(|group_type| name(group_type.as_ref()).to_owned());
                    self.moves.count(&TypeMove::from(types), |times| *times += 1);
                }
                Kind::MetadataAdded | Kind::MetadataRemoved | Kind::MetadataChanged => {
                    count_key(&mut self.metadata_keys, &change);
                }
                Kind::TraitAdded | Kind::TraitRemoved | Kind::TraitChanged => count_key(&mut self.trait_keys, &change),
                _ => {}
            }
        });
        if !kinds.is_empty() && self.examples.wants(kinds, &self.bounds) {
            self.examples.push(example(about, kinds, baseline, candidate, &self.bounds));
        }
        kinds
    }

    /// Counts events that a sample left out.
    pub fn add_sampled_out(&mut self, events: u64) {
        self.sampled_out += events;
    }

    /// Counts events that were not compared for want of time or room.
    pub fn add_shed(&mut self, events: u64) {
        self.shed += events;
    }

    /// Adds instructions that the mappings executed.
    pub fn add_fuel(&mut self, fuel: Sides<u64>) {
        let mine = self.fuel.get_or_insert_default();
        mine.baseline = mine.baseline.saturating_add(fuel.baseline);
        mine.candidate = mine.candidate.saturating_add(fuel.candidate);
    }

    /// Adds time that the mappings took.
    pub fn add_time(&mut self, time: Sides<Duration>) {
        let mine = self.time.get_or_insert_default();
        mine.baseline = mine.baseline.saturating_add(time.baseline);
        mine.candidate = mine.candidate.saturating_add(time.candidate);
    }

    /// Adds what another part of the same report has counted. Counts do not depend on the order of
    /// merging; which names are counted apart, and which examples are kept, is decided by who
    /// comes first.
    pub fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        self.sampled_out += other.sampled_out;
        self.shed += other.shed;
        self.users.merge(&other.users);
        self.requests.baseline += other.requests.baseline;
        self.requests.candidate += other.requests.candidate;
        other.fuel.into_iter().for_each(|fuel| self.add_fuel(fuel));
        other.time.into_iter().for_each(|time| self.add_time(time));
        for (mine, theirs) in
            [(&mut self.faults.baseline, &other.faults.baseline), (&mut self.faults.candidate, &other.faults.candidate)]
        {
            theirs.iter().for_each(|(kind, events)| *mine.entry(kind).or_default() += events);
        }
        self.event_types.merge(&other.event_types);
        self.group_types.merge(&other.group_types);
        self.moves.merge(&other.moves);
        self.metadata_keys.merge(&other.metadata_keys);
        self.trait_keys.merge(&other.trait_keys);
        self.examples.merge(&other.examples, &self.bounds);
    }

    /// How many events were compared.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.all.compared
    }

    /// How many of them differ.
    #[must_use]
    pub fn differing(&self) -> u64 {
        self.all.differing
    }

    /// What it says so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let compared = self.all.compared;
        let mut differences: Vec<_> = self
            .all
            .kinds()
            .map(|(kind, events)| summary::Difference { kind, events, share: share(events, compared) })
            .collect();
        differences.sort_by_key(|difference| std::cmp::Reverse(difference.events));
        let faults = |faults: &BTreeMap<&'static str, u64>| {
            faults.iter().map(|(kind, events)| ((*kind).to_owned(), *events)).collect()
        };
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Summary {
            events: summary::Events {
                compared,
                differing: self.all.differing,
                share: share(self.all.differing, compared),
                sampled_out: self.sampled_out,
                shed: self.shed,
            },
            users: self.users.summary(),
            requests: self.requests,
            fuel: self.fuel,
            mapping_us: self
                .time
                .map(|time| Sides { baseline: micros(time.baseline), candidate: micros(time.candidate) }),
            faults: Sides { baseline: faults(&self.faults.baseline), candidate: faults(&self.faults.candidate) },
            differences,
            event_types: counts::slices(&self.event_types),
            group_types: counts::slices(&self.group_types),
            primary_group_moves: counts::moves(&self.moves),
            metadata_keys: counts::keys(&self.metadata_keys),
            trait_keys: counts::keys(&self.trait_keys),
            examples: self.examples.kept().to_vec(),
        }
    }
}

/// The account that an outcome's first event with one names.
fn account(outcome: &Outcome) -> Option<&GroupTraits> {
    delivered(outcome).iter().find_map(groups::primary)
}

fn delivered(outcome: &Outcome) -> &[AccoilEvent] {
    match outcome {
        Outcome::Deliver(events) => events,
        _ => &[],
    }
}

/// The users that are told: of each pair of Accoil events the baseline's, else the candidate's.
fn users<'a>(baseline: &'a Outcome, candidate: &'a Outcome) -> impl Iterator<Item = &'a str> {
    let (before, after) = (delivered(baseline), delivered(candidate));
    let user = |events: &'a [AccoilEvent], index: usize| events.get(index).and_then(|event| event.user_id.as_deref());
    (0..before.len().max(after.len())).filter_map(move |index| user(before, index).or_else(|| user(after, index)))
}

/// A name that is no longer than it may be; empty if there is none.
fn name<'a>(name: Option<&'a Cow<'_, str>>) -> &'a str {
    cut(name.map(|name| name.as_ref()).unwrap_or_default(), NAME_BYTES)
}

fn count_key(keys: &mut Names<String, KeyCounts>, change: &Change<'_>) {
    keys.count(name(change.name.as_ref()), |counts| match (&change.from, &change.to) {
        (None, _) => counts.added += 1,
        (_, None) => counts.removed += 1,
        _ => counts.changed += 1,
    });
}
