//! The schema for editors: takes what is right, refuses what is not, and says what is assumed.

use serde_json::{Value, json};

use super::schema;

/// What a newcomer copies.
const EXAMPLE: &str = include_str!("../../examples/accoil.toml");

fn is_valid(text: &str) -> bool {
    let file: Value = toml::from_str(text).unwrap();
    jsonschema::draft202012::new(&schema()).unwrap().is_valid(&file)
}

#[test]
fn it_takes_what_is_right_and_refuses_the_rest() {
    assert!(is_valid(EXAMPLE));
    let readme = include_str!("../../../README.md").split("```toml\n").skip(1);
    assert!(readme.map(|rest| rest.split("```").next().unwrap()).all(is_valid));
    for (from, to) in [
        ("enabled =", "enable ="),
        ("api_key =", "apikey ="),
        ("data_dir =", "data-dir ="),
        ("[tenants.mapping]", "[tenants.mappings]"),
        ("\"env:ACME_INGEST_KEY\"", "\"0123456789abcdef\""),
        ("\"env:ACME_ACCOIL_KEY\"", "\"literal\""),
        ("paused = false", "paused = \"no\""),
        ("component = \"default\"", "component = 7"),
        ("endpoint =", "in_flight = 4000\nendpoint ="),
        ("name = \"acme\"", ""),
        ("name = \"acme\"", "name = \"a b\""),
        ("[server]\n", "[queue]\ndedup_days = 0\n[server]\n"),
        ("[server]\n", "[server.traces]\nendpoint = \"http://x\"\nsample = 2\n[server]\n"),
        ("[server]\n", "[server.traces]\nsample = 1\n[server]\n"),
        ("[server]\n", "[limits]\ndeadline = 3\n[server]\n"),
    ] {
        assert!(EXAMPLE.contains(from));
        assert!(!is_valid(&EXAMPLE.replacen(from, to, 1)), "{from} -> {to}");
    }
    assert!(!is_valid("[server]\nlisten = \"127.0.0.1:1\""), "no tenants");
}

/// Walks all properties, tables before what is in them.
fn each_property(schema: &Value, path: &str, seen: &mut dyn FnMut(&str, &Value)) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        assert_eq!(schema["additionalProperties"], json!(false), "{path}");
        for (name, property) in properties {
            let path = format!("{path}/{name}");
            seen(&path, property);
            each_property(property, &path, seen);
        }
    }
    if let Some(items) = schema.get("items") {
        each_property(items, path, seen);
    }
}

#[test]
fn every_key_is_described_and_every_number_has_a_range_and_a_default() {
    let mut keys = 0;
    each_property(&schema(), "", &mut |path, property| {
        keys += 1;
        assert!(property["description"].is_string(), "{path} has no description: {property}");
        assert!(!property.to_string().contains("null"), "{path}: {property}");
        if property["type"] == "integer" {
            assert!(property["maximum"].is_u64() && property["minimum"].is_u64(), "{path} has no range");
            let is_override = path.starts_with("/tenants");
            assert!(is_override || property["default"].is_u64(), "{path} has no default");
        }
    });
    assert!(keys > 80, "{keys}");
    assert_eq!(schema()["properties"]["server"]["properties"]["listen"]["default"], "127.0.0.1:8080");
    assert_eq!(schema()["properties"]["tenants"]["items"]["required"], json!(["name", "accoil"]));
}

#[test]
fn every_range_is_that_of_a_key() {
    let schema = schema();
    for (table, key, least, most) in super::ranges::RANGES {
        let number = &schema["properties"][table]["properties"][key];
        assert_eq!(number["type"], "integer", "{table}.{key}");
        assert!(least <= most);
        let default = number["default"].as_u64().unwrap();
        assert!((*least..=*most).contains(&default), "{table}.{key}: {default}");
    }
}
