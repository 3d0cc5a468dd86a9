//! Whatever the groups of an event and whatever the selector answers, the account is who the rules say.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use accoil_stream::event::Event;
use accoil_stream::sandbox::{Chooser, FaultKind, OnFault, Outcome, PluginKind};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{BY_TYPE, DEFAULT, PATIENT, chooser, run};

static CHOOSER: LazyLock<Arc<Chooser>> = LazyLock::new(|| chooser(&PATIENT, BY_TYPE, OnFault::DeadLetter));

#[derive(Clone, Debug)]
struct Member {
    answer: String,
    /// Type and ids, with some that are the same.
    groups: Vec<(String, Vec<String>)>,
    /// Whether the first group of each type has traits.
    has_traits: bool,
    properties: bool,
}

impl Member {
    fn event(&self, index: usize) -> Event<'static> {
        let mut groups = Map::new();
        let mut traits = Map::new();
        for (group_type, ids) in &self.groups {
            groups.insert(group_type.clone(), json!(ids));
            if let Some(first) = ids.first().filter(|_| self.has_traits) {
                traits.insert(group_type.clone(), json!({ first: { "plan": group_type } }));
            }
        }
        Event {
            id: Some(Cow::Owned(format!("id{index}"))),
            event_type: Cow::Owned(self.answer.clone()),
            user_id: Some(Cow::Owned(format!("user{index}"))),
            device_id: None,
            time: None,
            event_properties: Cow::Borrowed(r#"{"z":1,"a":null}"#),
            user_properties: Cow::Borrowed("null"),
            groups: Cow::Owned(Value::Object(groups).to_string()),
            group_properties: Cow::Owned(if self.properties {
                Value::Object(traits).to_string()
            } else {
                "null".into()
            }),
            attributes: "{}".to_owned(),
        }
    }

    /// Account and traits, none, or the words of a fault.
    fn expected(&self, index: usize) -> Result<Option<(String, Value)>, String> {
        let mut candidates: Vec<(&String, &String)> = if self.properties {
            // Of two of the same type the last one counts.
            let last = |at: usize| self.groups[at + 1..].iter().all(|(other, _)| *other != self.groups[at].0);
            let counted = self.groups.iter().enumerate().filter(|(at, _)| last(*at)).map(|(_, group)| group);
            counted.flat_map(|(group_type, ids)| ids.iter().map(move |id| (id, group_type))).collect()
        } else {
            Vec::new()
        };
        candidates.sort();
        candidates.dedup();
        let told = |&(id, group_type): &(&String, &String)| {
            let first =
                self.groups.iter().rev().find(|(other, _)| other == group_type).and_then(|(_, ids)| ids.first());
            let mut traits = json!({ "group_type": group_type });
            if self.has_traits && first == Some(id) {
                traits["plan"] = json!(group_type);
            }
            (id.clone(), traits)
        };
        match self.answer.as_bytes()[0] {
            b'n' => Ok(None),
            b'c' => Ok(Some((format!("user{index}"), json!({ "group_type": format!("id{index}"), "z": 1 })))),
            digit @ b'0'..=b'9' => {
                let (at, count) = (usize::from(digit - b'0'), candidates.len());
                let missing = || format!("chooses candidate {at}, and there are {count}, counted from 0");
                candidates.get(at).map(|candidate| Some(told(candidate))).ok_or_else(missing)
            }
            _ => Ok(candidates.first().map(told)),
        }
    }
}

fn member() -> impl Strategy<Value = Member> {
    let id = "[a-c0-2é]{1,2}";
    let groups = prop::collection::vec(("[A-C]", prop::collection::vec(id, 0..4)), 0..4);
    ("[-ncd0-9]", groups, any::<bool>(), prop::bool::weighted(0.9))
        .prop_map(|(answer, groups, has_traits, properties)| Member { answer, groups, has_traits, properties })
}

proptest! {
    #[test]
    fn the_account_is_who_the_rules_say(members in prop::collection::vec(member(), 1..20)) {
        let events: Vec<_> = members.iter().enumerate().map(|(index, member)| member.event(index)).collect();
        let ran = run(&DEFAULT, &CHOOSER, &events);
        prop_assert_eq!(ran.outcomes.len(), members.len());
        for (index, (outcome, member)) in ran.outcomes.iter().zip(&members).enumerate() {
            match (outcome, member.expected(index)) {
                (Outcome::Deliver(told), Ok(expected)) => {
                    let found = told[0].group_traits.first();
                    let found = found.map(|group| (group.group_id.clone(), serde_json::from_str::<Value>(&group.traits).unwrap()));
                    prop_assert_eq!(found, expected);
                    prop_assert!(told.len() == 1 && told[0].group_traits.len() < 2);
                }
                (Outcome::Fault(fault), Err(words)) => {
                    prop_assert_eq!((fault.plugin, fault.kind), (PluginKind::GroupSelector, FaultKind::InvalidOutput));
                    prop_assert_eq!(&fault.detail, &words);
                }
                (outcome, expected) => prop_assert!(false, "{:?} {:?}", outcome, expected),
            }
        }
    }
}
