//! Plugins as an author writes them, run natively.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use accoil_plugin::{
    AccoilEvent, Choice, Event, Group, GroupTraits, Kept, Mapping, NoSettings, Object, Outcome, Selection, Selector,
    map, select, testing,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    plan: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { plan: "pro".to_owned() }
    }
}

struct OnPlan;

impl Selector for OnPlan {
    const NAME: &str = "on-plan";
    const SUMMARY: &str = "Groups on a plan.";
    type Settings = Settings;

    fn select(settings: &Settings, event: &Event, candidates: &[Group]) -> Selection {
        match event.property("account") {
            Some(account) => Selection::custom("Account", account.as_id().unwrap()),
            None => Selection::first(candidates, |group| group.trait_str("plan").is_some_and(|p| p == settings.plan)),
        }
    }
}

accoil_plugin::selector!(OnPlan);

struct Short;

impl Mapping for Short {
    const NAME: &str = "short";
    const SUMMARY: &str = "Little.";
    type Settings = NoSettings;

    fn map(_: &NoSettings, event: &Event, choice: &Choice) -> Outcome {
        let Some(user) = event.user_id.clone() else { return Outcome::skip("missing user id") };
        Outcome::one(AccoilEvent {
            user_id: Some(user),
            event: Some(event.event_type.clone()),
            timestamp: event.time.clone(),
            metadata: Object::new().finish(),
            group_traits: choice.account(event).iter().map(Group::told).collect(),
        })
    }
}

accoil_plugin::mapping!(Short);

const EVENT: &str = r#"{
    "event_type": "e", "user_id": 7, "time": "2026-11-24T08:00:46.123Z", "country": "NO",
    "groups": {"Team": ["2", 10], "Account": "2"},
    "group_properties": {"Team": {"10": {"plan": "pro", "group_type": "x", "old": null}}, "Account": {"2": 5}}
}"#;

#[test]
fn candidates_are_those_of_the_default_mapping() {
    let found = testing::event(EVENT).unwrap().candidates();
    let named: Vec<_> = found.iter().map(|group| (&*group.group_id, &*group.group_type, &*group.traits)).collect();
    let traits = r#"{"group_type":"x","old":null,"plan":"pro"}"#;
    assert_eq!(named, [("10", "Team", traits), ("2", "Account", "{}"), ("2", "Team", "{}")]);
}

#[test]
fn a_selector_is_asked() {
    assert_eq!(testing::select::<OnPlan>("{}", EVENT), Ok(Selection::Candidate(0)));
    assert_eq!(testing::select::<OnPlan>(r#"{"plan":"x"}"#, EVENT), Ok(Selection::DefaultRule));
    let named = r#"{"event_type":"e","user_properties":{"account":17}}"#;
    assert_eq!(testing::account::<OnPlan>("{}", named), Ok(Some("17".to_owned())));
    assert!(testing::select::<OnPlan>(r#"{"plam":"x"}"#, EVENT).unwrap_err().contains("plam"));
    assert!(testing::select::<OnPlan>("{}", "7").unwrap_err().starts_with("event: "));
}

#[test]
#[should_panic(expected = "unknown field `plam`")]
fn a_selector_without_readable_settings_stops() {
    let _ = select::<OnPlan>(&Kept::new(), r#"{"plam":"x"}"#, &testing::event(EVENT).unwrap(), &[]);
}

#[test]
fn settings_are_read_anew_when_they_are_other_ones() {
    let (kept, event) = (Kept::new(), testing::event(EVENT).unwrap());
    let mut asked = |settings| select::<OnPlan>(&kept, settings, &event, &event.candidates());
    let (pro, other) = ("{}", r#"{"plan":"x"}"#);
    assert_eq!(
        [pro, pro, other, pro].map(&mut asked),
        [Selection::Candidate(0), Selection::Candidate(0), Selection::DefaultRule, Selection::Candidate(0)]
    );
}

#[test]
fn a_mapping_is_run() {
    let Outcome::Deliver(events) = testing::map::<Short>("{}", EVENT).unwrap() else { panic!() };
    let [AccoilEvent { user_id, timestamp, group_traits, .. }] = events.as_slice() else { panic!() };
    assert_eq!(user_id.as_deref(), Some("7"));
    assert_eq!(timestamp.as_deref(), Some("2026-11-24T08:00:46.123Z"));
    let told = GroupTraits { group_id: "10".into(), traits: r#"{"plan":"pro","group_type":"Team"}"#.into() };
    assert_eq!(*group_traits, [told]);
    assert_eq!(testing::map::<Short>("{}", "{}"), Ok(Outcome::skip("missing user id")));
}

#[test]
fn a_mapping_asks_about_each_event_by_its_index() {
    let events = vec![testing::event(EVENT).unwrap(); 3];
    let account = |outcome: &Outcome| match outcome {
        Outcome::Deliver(events) => events[0].group_traits[0].group_id.clone(),
        _ => panic!(),
    };
    let outcomes = map::<Short>("{}", &events, Some(|index, _| Selection::Candidate(index)));
    assert_eq!(outcomes.iter().map(account).collect::<Vec<_>>(), ["10", "2", "2"]);
    let outcomes = map::<Short>("7", &events, None);
    assert_eq!(outcomes.len(), 3);
    assert!(matches!(&outcomes[2], Outcome::Reject(reason) if reason.starts_with("settings: ")));
}
