//! What holds whatever the events are.

use accoil_stream::event::Event;
use accoil_stream::sandbox::Settings;
use default_mapping::{NoChoice, map_events, types};
use proptest::prelude::*;

use super::generate::{Random, Writer};
use super::json::Json;
use super::{lines, mapping, reference};

/// Random settings, and texts of which nearly all are events.
fn some(seed: u64, number: usize) -> (Settings, Vec<String>) {
    let mut random = Random(seed);
    let settings = mapping().settings(&Writer::new(&mut random).settings()).unwrap();
    (settings, (0..number).map(|_| Writer::new(&mut random).event()).collect())
}

fn read(texts: &[String]) -> Vec<Event<'_>> {
    texts.iter().filter_map(|text| Event::read(text.as_bytes()).ok()).collect()
}

#[test]
fn the_same_events_give_the_same_outcomes_again() {
    for seed in 0..10 {
        let (settings, texts) = some(seed, 100);
        let events = read(&texts);
        let once = lines(&settings, &events);
        assert_eq!(once, lines(&settings, &read(&texts)), "seed {seed}");
        assert_eq!(once.len(), events.len());
    }
}

#[test]
fn the_size_of_batches_means_nothing() {
    for seed in 100..106 {
        let (settings, texts) = some(seed, 120);
        let events = read(&texts);
        let together = lines(&settings, &events);
        for size in [1, 2, 7, 64] {
            let apart: Vec<_> = events.chunks(size).flat_map(|batch| lines(&settings, batch)).collect();
            assert_eq!(together, apart, "seed {seed}, batches of {size}");
        }
    }
}

#[test]
fn the_order_within_a_batch_means_nothing() {
    for seed in 200..210 {
        let (settings, texts) = some(seed, 100);
        let events = read(&texts);
        let mut expected: Vec<_> = events.iter().cloned().zip(lines(&settings, &events)).collect();
        let mut random = Random(seed);
        for place in (1..expected.len()).rev() {
            expected.swap(place, random.below(place + 1));
        }
        let (shuffled, expected): (Vec<_>, Vec<_>) = expected.into_iter().unzip();
        assert_eq!(lines(&settings, &shuffled), expected, "seed {seed}");
    }
}

#[test]
fn the_code_gives_natively_what_it_gives_in_the_sandbox() {
    for seed in 300..330 {
        let (settings, texts) = some(seed, 150);
        let events = read(&texts);
        let native = map_events(settings.text(), events.iter().map(owned).collect(), &NoChoice);
        let native: Vec<_> = native.iter().map(native_line).collect();
        assert_eq!(native, lines(&settings, &events), "seed {seed}");
    }
}

fn owned(event: &Event<'_>) -> types::Event {
    types::Event {
        id: event.id.as_deref().unwrap_or_default().to_owned(),
        event_type: event.event_type.clone().into_owned(),
        user_id: event.user_id.as_deref().map(str::to_owned),
        device_id: event.device_id.as_deref().map(str::to_owned),
        time: event.time.clone(),
        event_properties: event.event_properties.clone().into_owned(),
        user_properties: event.user_properties.clone().into_owned(),
        groups: event.groups.clone().into_owned(),
        group_properties: event.group_properties.clone().into_owned(),
        attributes: event.attributes.clone(),
    }
}

fn native_line(outcome: &types::Outcome) -> String {
    use accoil_stream::accoil::{AccoilEvent, GroupTraits};
    use accoil_stream::sandbox::Outcome;
    let group =
        |group: &types::GroupTraits| GroupTraits { group_id: group.group_id.clone(), traits: group.traits.clone() };
    let event = |event: &types::AccoilEvent| AccoilEvent {
        user_id: event.user_id.clone(),
        event: event.event.clone(),
        timestamp: event.timestamp.clone(),
        metadata: event.metadata.clone(),
        group_traits: event.group_traits.iter().map(group).collect(),
    };
    super::line(&match outcome {
        types::Outcome::Deliver(events) => Outcome::Deliver(events.iter().map(event).collect()),
        types::Outcome::Skip(reason) => Outcome::Skip(reason.clone()),
        types::Outcome::Reject(reason) => Outcome::Reject(reason.clone()),
    })
}

#[test]
fn a_damaged_event_is_told_from_a_good_one() {
    let (settings, texts) = some(400, 3000);
    let mut random = Random(400);
    let mut good = 0;
    for text in &texts {
        let mut bytes = text.clone().into_bytes();
        let place = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[place] = random.next() as u8,
            1 => drop(bytes.remove(place)),
            2 => bytes.insert(place, *b"\"\\{}[],:0-.eE \n\x00\x1f\x7f\xff".get(random.below(19)).unwrap()),
            _ => bytes.truncate(place),
        }
        let expected = reference::line(settings.text(), &bytes);
        let event = Event::read(&bytes);
        assert_eq!(event.is_ok(), expected.is_some(), "{}: {event:?}", String::from_utf8_lossy(&bytes));
        let Ok(event) = event else { continue };
        good += 1;
        let found = Json::read(lines(&settings, &[event])[0].as_bytes()).unwrap();
        let expected = Json::read(expected.unwrap().as_bytes()).unwrap();
        assert!(expected.says(&found), "{}\n{expected:?}\n{found:?}", String::from_utf8_lossy(&bytes));
    }
    assert!((100..2900).contains(&good), "{good} of {} were still good", texts.len());
}

#[test]
fn json_nested_128_levels_is_an_event_and_129_are_not() {
    // The event itself is the first level.
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 2), "]".repeat(levels - 2));
        format!(r#"{{"event_type":"e","user_id":"u","event_properties":{{"deep":{open}{close}}}}}"#)
    };
    let settings = mapping().settings(r#"{"properties":["deep"]}"#).unwrap();
    let deepest = nested(128);
    let found = lines(&settings, &[Event::read(deepest.as_bytes()).unwrap()]);
    assert_eq!(Some(found[0].clone()), reference::line(settings.text(), deepest.as_bytes()));
    assert!(found[0].contains(&"[".repeat(126)), "{}", found[0]);
    for levels in [129, 1000, 100_000] {
        assert!(Event::read(nested(levels).as_bytes()).is_err(), "{levels}");
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
        "\\$(set|setOnce|add|unset)".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec(("\\$set|\\$setOnce|a|b|.*", inner), 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_can_be_offered_as_an_event(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(Event::read(&bytes).is_ok(), reference::line("{}", &bytes).is_some());
    }

    #[test]
    fn any_json_is_an_event_or_none(value in any_json()) {
        let text = value.to_string();
        prop_assert_eq!(Event::read(text.as_bytes()).is_ok(), reference::line("{}", text.as_bytes()).is_some());
    }

    #[test]
    fn any_json_in_a_field_has_a_defined_outcome(
        field in prop::sample::select(vec![
            "user_id", "device_id", "event_properties", "user_properties", "groups", "group_properties", "event_time",
            "time", "client_event_time", "insert_id", "country",
        ]),
        event_type in prop::sample::select(vec!["opened", "$identify", "$groupidentify"]),
        value in any_json(),
    ) {
        let mut event = serde_json::json!({
            "event_type": event_type, "user_id": "u", "groups": {"a": "1"}, "group_properties": {"a": {"1": {"b": 2}}},
        });
        event[field] = value;
        let (text, settings) = (event.to_string(), r#"{"properties":["a","b","country","user_properties."]}"#);
        let checked = mapping().settings(settings).unwrap();
        let found = lines(&checked, &[Event::read(text.as_bytes()).unwrap()]);
        let expected = reference::line(settings, text.as_bytes()).unwrap();
        let says = |line: &str| Json::read(line.as_bytes()).unwrap();
        prop_assert!(says(&expected).says(&says(&found[0])), "{}\n{}\n{}", text, expected, found[0]);
    }

    #[test]
    fn settings_that_are_no_settings_are_a_reject_not_a_panic(
        name in prop::sample::select(vec![
            "event_types", "user_id", "properties", "groups_without_properties", "primary_group", "other",
        ]),
        value in any_json(),
    ) {
        let settings = serde_json::json!({ name: value }).to_string();
        let event = Event::read(br#"{"event_type":"e","user_id":"u"}"#).unwrap();
        let outcomes = map_events(&settings, vec![owned(&event)], &NoChoice);
        prop_assert_eq!(outcomes.len(), 1);
        // What the schema accepts, the code accepts.
        let rejected = matches!(outcomes[0], types::Outcome::Reject(_));
        prop_assert!(!(rejected && mapping().settings(&settings).is_ok()), "{}", settings);
    }
}
