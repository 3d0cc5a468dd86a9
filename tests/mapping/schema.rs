//! The settings' JSON Schema, as `describe` gives it: it is what stands between
//! a typing error and a mapping that silently does something else.

use std::collections::BTreeSet;

use accoil_stream::event::Event;
use serde_json::{Value, json};

use super::{lines, mapping};

/// Every setting, with values that it can have.
fn documented() -> Vec<(&'static str, Vec<Value>)> {
    let lists = || vec![json!([]), json!(["one"]), json!(["one", "two", "one"]), json!([""])];
    vec![
        ("event_types.include", lists()),
        ("event_types.exclude", lists()),
        ("user_id", vec![json!("user_id"), json!("device_id"), json!("email"), json!("user_properties.email")]),
        ("properties", vec![json!([]), json!(["a", "a", "event_properties.b.c"]), json!(["attributes.country"])]),
        ("groups_without_properties", vec![json!("drop"), json!("keep")]),
        ("primary_group.only_types", lists()),
        (
            "primary_group.prefer_where",
            [json!(null), json!(true), json!(1.5), json!("x"), json!([1]), json!({"a": {}})]
                .map(|equals| json!({"trait": "status", "equals": equals}))
                .into(),
        ),
        ("primary_group.prefer_types", lists()),
        ("primary_group.order", vec![json!("ascending"), json!("descending"), json!("numeric")]),
    ]
}

fn schema() -> Value {
    serde_json::from_str(&mapping().description().settings_schema).unwrap()
}

/// Settings with one thing in them.
fn settings(path: &str, value: &Value) -> String {
    let nest = |value: Value, name: &str| json!({ name: value });
    path.rsplit('.').fold(value.clone(), nest).to_string()
}

#[track_caller]
fn assert_accepted(text: &str) {
    let settings = mapping().settings(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let event = Event::read(br#"{"event_type":"one","user_id":"u"}"#).unwrap();
    let line = &lines(&settings, &[event])[0];
    assert!(!line.contains(r#""outcome":"reject""#) && !line.contains(r#""outcome":"fault""#), "{text}: {line}");
}

#[track_caller]
fn assert_refused(text: &str, named: &str) {
    let error = mapping().settings(text).expect_err(text).to_string();
    assert!(error.contains(named), "{text}: {error}");
}

/// Calls `each` with every property that the schema describes, and its path.
fn walk(schema: &Value, path: &str, each: &mut dyn FnMut(&str, &Value)) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        each(&path, property);
        walk(property, &path, each);
    }
}

#[test]
fn every_documented_value_is_accepted() {
    assert_accepted("{}");
    for (path, values) in documented() {
        values.iter().for_each(|value| assert_accepted(&settings(path, value)));
    }
}

#[test]
fn the_schema_has_the_documented_settings_and_no_others() {
    let mut found = BTreeSet::new();
    walk(&schema(), "", &mut |path, property| {
        let is_inner = path.starts_with("primary_group.prefer_where.");
        if !is_inner && (property["properties"].is_null() || path == "primary_group.prefer_where") {
            found.insert(path.to_owned());
        }
        assert!(property["description"].as_str().is_some_and(|text| text.len() > 10), "{path} is not described");
    });
    assert_eq!(found, documented().into_iter().map(|(path, _)| path.to_owned()).collect());
}

#[test]
fn the_schema_accepts_its_own_defaults_and_examples() {
    let (mut defaults, mut examples) = (0, 0);
    walk(&schema(), "", &mut |path, property| {
        if let Some(default) = property.get("default") {
            defaults += 1;
            assert_accepted(&settings(path, default));
        }
        for example in property["examples"].as_array().into_iter().flatten() {
            examples += 1;
            assert_accepted(&settings(path, example));
        }
    });
    assert!(defaults >= 8 && examples >= 5, "{defaults} defaults, {examples} examples");
}

#[test]
fn the_defaults_in_the_schema_are_the_ones_in_force() {
    let mut all = json!({});
    walk(&schema(), "", &mut |path, property| {
        if let Some(default) = property.get("default") {
            let pointer = format!("/{}", path.replace('.', "/"));
            match all.pointer_mut(&pointer) {
                Some(value) => *value = default.clone(),
                None => {
                    let (parent, name) = pointer.rsplit_once('/').unwrap();
                    all.pointer_mut(parent).unwrap()[name] = default.clone();
                }
            }
        }
    });
    let mut random = super::generate::Random(500);
    let texts: Vec<_> = (0..200).map(|_| super::generate::Writer::new(&mut random).event()).collect();
    let events: Vec<_> = texts.iter().filter_map(|text| Event::read(text.as_bytes()).ok()).collect();
    let with = |text: &str| lines(&mapping().settings(text).unwrap(), &events);
    assert_eq!(with(&all.to_string()), with("{}"), "{all}");
}

#[test]
fn an_unknown_key_is_refused_by_its_name() {
    for path in
        ["proprties", "event_types.includes", "primary_group.only_type", "primary_group.prefer_where.is", "$schema"]
    {
        let name = path.rsplit('.').next().unwrap();
        assert_refused(&settings(path, &json!([])), name);
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_its_place() {
    for (path, good) in documented() {
        for wrong in [json!(null), json!(true), json!(7), json!({"x": 1}), json!([1]), json!(""), json!("sideways")] {
            let is_free_text = path == "user_id" && wrong.as_str().is_some_and(|text| !text.is_empty());
            if !is_free_text && !good.contains(&wrong) {
                assert_refused(&settings(path, &wrong), &format!("/{}", path.replace('.', "/")));
            }
        }
    }
    for path in ["event_types", "primary_group"] {
        for wrong in [json!(null), json!([]), json!("x"), json!(1)] {
            assert_refused(&settings(path, &wrong), path);
        }
    }
    assert_refused(r#"{"properties":["a",""]}"#, "/properties/1");
    assert_refused(r#"{"primary_group":{"prefer_where":{"trait":"a"}}}"#, "equals");
    assert_refused(r#"{"primary_group":{"prefer_where":{"equals":1}}}"#, "trait");
    assert_refused(r#"{"primary_group":{"prefer_where":{"trait":1,"equals":1}}}"#, "/primary_group/prefer_where/trait");
}

#[test]
fn settings_that_are_no_object_are_refused() {
    for text in ["", "[]", "null", "\"{}\"", "{", "{}{}", "{\"user_id\":\"a\",}"] {
        assert_refused(text, "object");
    }
}
