//! The outcome of an event.

use json_text::{Kind, kind, members, push_string};

use crate::contract::accoil::event_stream::group_choice;
use crate::groups::{Candidate, candidates, sort, traits_of};
use crate::lookup::{Lookup, Property, effective};
use crate::primary::Ranking;
use crate::settings::{GroupsWithoutProperties, PrimaryGroup, Settings};
use crate::traits::{Traits, push_comma};
use crate::types::{AccoilEvent, Event, Group, GroupTraits, Outcome, Selection};
use crate::user::{UserSource, user_id};

/// The tenant's group selector, as the host offers it.
pub trait Choice {
    /// Whether there is one.
    fn active(&self) -> bool;
    /// Which of the candidates is the account of the event with this index.
    fn choose(&self, event_index: u32, candidates: &[Group]) -> Selection;
}

/// There is no selector.
pub struct NoChoice;

impl Choice for NoChoice {
    fn active(&self) -> bool {
        false
    }

    fn choose(&self, _: u32, _: &[Group]) -> Selection {
        Selection::DefaultRule
    }
}

/// The selector of the tenant whose events are mapped, behind the host. Only in
/// a component is there one to ask.
pub struct HostChoice;

impl Choice for HostChoice {
    fn active(&self) -> bool {
        group_choice::active()
    }

    fn choose(&self, event_index: u32, candidates: &[Group]) -> Selection {
        group_choice::choose(event_index, candidates)
    }
}

/// Maps a batch of events: one outcome for each, in the same order.
pub fn map_events(settings: &str, events: Vec<Event>, choice: &impl Choice) -> Vec<Outcome> {
    match Settings::parse(settings) {
        Ok(settings) => {
            let plan = Plan::of(settings);
            let choice = choice.active().then_some(choice);
            let outcome = |(index, event)| plan.map(event, choice.map(|choice| (choice, index)));
            (0..).zip(events).map(outcome).collect()
        }
        Err(error) => events.iter().map(|_| Outcome::Reject(error.clone())).collect(),
    }
}

/// The settings, made ready for many events.
pub(crate) struct Plan {
    settings: Settings,
    user_source: UserSource,
    lookup: Lookup,
    /// The lookup's metadata properties in ascending order of their keys, those
    /// of the same key in the order of the settings.
    metadata: Vec<usize>,
}

impl Plan {
    pub(crate) fn of(settings: Settings) -> Self {
        let mut properties: Vec<_> = settings.properties.iter().map(|name| Property::named(name)).collect();
        let mut metadata: Vec<usize> = (0..properties.len()).collect();
        metadata.sort_by(|left, right| {
            let key = |index: &usize| properties.get(*index).map(|property| &property.key);
            key(left).cmp(&key(right))
        });
        let (user_source, property) = UserSource::of(settings.user_id.as_deref().unwrap_or("user_id"));
        properties.extend(property);
        Self { settings, user_source, lookup: Lookup::new(properties), metadata }
    }

    pub(crate) fn map<C: Choice + ?Sized>(&self, event: Event, choice: Option<(&C, u32)>) -> Outcome {
        if !self.selects(&event.event_type) {
            return Outcome::Skip("event type not selected".to_owned());
        }
        let mapped = if event.event_type == "$groupidentify" {
            map_group_identify(event)
        } else {
            self.map_user_event(event, choice)
        };
        match mapped {
            Ok(event) => Outcome::Deliver(vec![event]),
            Err(reason) => Outcome::Skip(reason.to_owned()),
        }
    }

    fn selects(&self, event_type: &str) -> bool {
        let selection = &self.settings.event_types;
        let named_in = |list: &[String]| list.iter().any(|name| name == event_type);
        (selection.include.is_empty() || named_in(&selection.include)) && !named_in(&selection.exclude)
    }

    fn map_user_event<C: Choice + ?Sized>(
        &self,
        mut event: Event,
        choice: Option<(&C, u32)>,
    ) -> Result<AccoilEvent, &'static str> {
        // Taken out first: the values found borrow from the event's bags.
        let (named_user, named_device) = (event.user_id.take(), event.device_id.take());
        let values = self.lookup.find(&event);
        let named = values.get(self.settings.properties.len()).copied().flatten();
        let user_id = user_id(&self.user_source, named_user, named_device, named)?;
        let metadata = self.metadata(&values);
        let group_traits = self.account(&event, choice).into_iter().collect();
        let is_action = event.event_type != "$identify";
        Ok(AccoilEvent {
            user_id: Some(user_id),
            event: is_action.then_some(event.event_type),
            timestamp: event.time,
            metadata,
            group_traits,
        })
    }

    fn metadata(&self, values: &[Option<&str>]) -> String {
        let mut object = String::from("{");
        let mut previous = None;
        for index in &self.metadata {
            let property = self.lookup.properties().get(*index);
            let value = values.get(*index).copied().flatten();
            let (Some(Property { key, .. }), Some(value)) = (property, value) else {
                continue;
            };
            if previous == Some(key) {
                continue;
            }
            previous = Some(key);
            push_comma(&mut object);
            push_string(&mut object, key);
            object.push(':');
            object.push_str(value);
        }
        object.push('}');
        object
    }

    /// The group that is the account, with its traits.
    fn account<C: Choice + ?Sized>(&self, event: &Event, choice: Option<(&C, u32)>) -> Option<GroupTraits> {
        let rules: &PrimaryGroup = &self.settings.primary_group;
        let keep = self.settings.groups_without_properties == GroupsWithoutProperties::Keep;
        let is_type_wanted =
            |name: &str| rules.only_types.is_empty() || rules.only_types.iter().any(|only| only == name);
        let candidates = if keep || kind(&event.group_properties) == Kind::Object {
            candidates(&event.groups, is_type_wanted)
        } else {
            Vec::new()
        };
        let ranking = Ranking::new(rules, &event.group_properties);
        match choice {
            None => {
                let first = candidates.into_iter().min_by(|left, right| ranking.compare(left, right))?;
                Some(group_traits(&event.group_properties, &first))
            }
            Some((choice, index)) => chosen(choice, index, &event.group_properties, candidates, ranking),
        }
    }
}

/// Lets the tenant's selector choose.
fn chosen(
    choice: &(impl Choice + ?Sized),
    event_index: u32,
    group_properties: &str,
    mut candidates: Vec<Candidate<'_>>,
    ranking: Ranking<'_>,
) -> Option<GroupTraits> {
    if candidates.len() > 1 {
        sort(&mut candidates, &|left, right| ranking.compare(left, right));
    }
    let offered: Vec<Group> = candidates
        .into_iter()
        .map(|candidate| Group {
            traits: traits_of(group_properties, &candidate).to_owned(),
            group_id: candidate.id.into_owned(),
            group_type: candidate.group_type.into_owned(),
        })
        .collect();
    let index = match choice.choose(event_index, &offered) {
        Selection::DefaultRule => 0,
        // The host has checked that the index is one of a candidate.
        Selection::Candidate(index) => usize::try_from(index).unwrap_or(usize::MAX),
        Selection::None => return None,
        Selection::Custom(group) => {
            let traits = told(&group.traits).with_type(&group.group_type);
            return Some(GroupTraits { group_id: group.group_id, traits });
        }
    };
    offered
        .into_iter()
        .nth(index)
        .map(|group| GroupTraits { traits: told(&group.traits).with_type(&group.group_type), group_id: group.group_id })
}

fn told(traits: &str) -> Traits<'_> {
    let mut told = Traits::default();
    members(traits).for_each(|(name, value)| told.note(name, value));
    told.finish()
}

fn group_traits(group_properties: &str, candidate: &Candidate<'_>) -> GroupTraits {
    GroupTraits {
        group_id: candidate.id.clone().into_owned(),
        traits: told(traits_of(group_properties, candidate)).with_type(&candidate.group_type),
    }
}

/// `$groupidentify` tells about groups, not about a user: its properties, which
/// are not keyed by type, go to every group that it names.
fn map_group_identify(event: Event) -> Result<AccoilEvent, &'static str> {
    let mut groups = candidates(&event.groups, |_| true);
    if groups.is_empty() {
        return Err("missing group id");
    }
    sort(&mut groups, &|left, right| (&left.id, &left.group_type).cmp(&(&right.id, &right.group_type)));
    let mut traits = Traits::default();
    effective(&event.group_properties, &mut |name, value| traits.note(name, value));
    let traits = traits.finish();
    let group_traits = groups
        .into_iter()
        .map(|group| GroupTraits { traits: traits.with_type(&group.group_type), group_id: group.id.into_owned() })
        .collect();
    Ok(AccoilEvent {
        // Naming the user here would make it a member of the first group.
        user_id: None,
        event: None,
        timestamp: event.time,
        metadata: "{}".to_owned(),
        group_traits,
    })
}
