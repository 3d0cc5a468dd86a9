//! The JSON Schema of the file, for editors: derived from the shape, so that it can't drift from what
//! is read.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::ranges;
use super::shape::File;

/// The schema (draft 2020-12) of `accoil.toml`.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<File>().to_value();
    without_null(&mut schema);
    for (table, key, ..) in ranges::RANGES {
        if let Some(number) = schema.pointer_mut(&format!("/properties/{table}/properties/{key}")) {
            ranges::describe(table, key, number);
        }
    }
    for key in ["in_flight", "requests_per_second"] {
        let path = format!("/properties/tenants/items/properties/accoil/properties/{key}");
        if let Some(number) = schema.pointer_mut(&path) {
            ranges::describe("delivery", key, number);
        }
    }
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "accoil.toml".into());
    }
    schema
}

/// Takes out `null`, which TOML does not have: a key that can be left out is left out.
fn without_null(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        if object.get("default").is_some_and(Value::is_null) {
            object.remove("default");
        }
        if let Some(types) = object.get_mut("type").and_then(Value::as_array_mut) {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if let Some(choices) = object.get_mut("anyOf").and_then(Value::as_array_mut) {
            choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
            if let [Value::Object(only)] = choices.as_slice() {
                let only = only.clone();
                object.remove("anyOf");
                // What is said where it is used counts more.
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
        }
        object.values_mut().for_each(without_null);
    } else if let Some(items) = schema.as_array_mut() {
        items.iter_mut().for_each(without_null);
    }
}
