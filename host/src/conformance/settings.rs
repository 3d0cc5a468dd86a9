//! Settings from a schema: all that its author wrote down as a default, an example or a choice.

use serde_json::{Map, Value, json};

/// More are not tried.
const MOST: usize = 300;

/// Schemas in schemas. (Those that contain themselves are refused at admission.)
const DEPTH: usize = 32;

/// A value that a schema names.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// Where the value belongs in the settings, as a JSON pointer.
    pub(super) place: String,
    /// The keyword that names it.
    pub(super) keyword: &'static str,
    /// The schema that names it, by itself.
    pub(super) schema: Value,
    /// The value.
    pub(super) value: Value,
    /// Settings that have it: no more than that, and what is required beside it.
    pub(super) settings: Value,
}

/// Every value that a schema names.
pub(super) fn named(schema: &Value) -> Vec<Named> {
    let mut walk = Walk { root: schema, found: Vec::new() };
    walk.visit(schema, &mut Vec::new());
    walk.found
}

/// The smallest settings that a schema seems to ask for, as JSON text.
pub(super) fn least(schema: &str) -> String {
    let root: Value = serde_json::from_str(schema).unwrap_or_default();
    match guess(&root, &root, 0) {
        Value::Object(object) => Value::Object(object).to_string(),
        _ => "{}".to_owned(),
    }
}

/// A step into settings.
#[derive(Clone, Copy)]
enum Step<'a> {
    /// A member of an object, and the schema of the object.
    Member(&'a str, &'a Value),
    /// An element of a list with this schema.
    Element(&'a Value),
}

struct Walk<'a> {
    root: &'a Value,
    found: Vec<Named>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, schema: &'a Value, path: &mut Vec<Step<'a>>) {
        if path.len() > DEPTH || self.found.len() >= MOST {
            return;
        }
        self.note(schema, path);
        if let Some(target) = referred(self.root, schema) {
            self.visit(target, path);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.visit(part, path);
            }
        }
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            path.push(Step::Member(name, schema));
            self.visit(member, path);
            path.pop();
        }
        for (keyword, step) in [
            ("additionalProperties", Step::Member("example", schema)),
            ("items", Step::Element(schema)),
            ("contains", Step::Element(schema)),
        ] {
            if let Some(inner) = schema.get(keyword).filter(|inner| inner.is_object()) {
                path.push(step);
                self.visit(inner, path);
                path.pop();
            }
        }
    }

    fn note(&mut self, schema: &'a Value, path: &[Step<'a>]) {
        let list = |keyword: &'static str| {
            let values = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
            values.map(move |value| (keyword, value))
        };
        let one = |keyword: &'static str| schema.get(keyword).map(|value| (keyword, value));
        let values = one("default").into_iter().chain(one("const")).chain(list("examples")).chain(list("enum"));
        for (keyword, value) in values.take(MOST.saturating_sub(self.found.len())) {
            self.found.push(Named {
                place: pointer(path),
                keyword,
                schema: alone(self.root, schema),
                value: value.clone(),
                settings: wrapped(self.root, path, value.clone()),
            });
        }
    }
}

fn pointer(path: &[Step<'_>]) -> String {
    let mut pointer = String::new();
    for step in path {
        pointer.push('/');
        pointer.push_str(match step {
            Step::Member(name, _) => name,
            Step::Element(_) => "0",
        });
    }
    pointer
}

/// A value at its place, with all that is required around it.
fn wrapped(root: &Value, path: &[Step<'_>], value: Value) -> Value {
    path.iter().rev().fold(value, |value, step| match step {
        Step::Member(name, schema) => {
            let mut object = required(root, schema, path.len());
            object.insert((*name).to_owned(), value);
            Value::Object(object)
        }
        Step::Element(schema) => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 20);
            Value::Array((0..least).map(|_| value.clone()).collect())
        }
    })
}

/// A schema that can be used without the one that it is a part of.
fn alone(root: &Value, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let (Some(object), Some(root)) = (schema.as_object_mut(), root.as_object()) {
        for name in ["$schema", "$defs", "definitions"] {
            if let Some(value) = root.get(name) {
                object.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
    schema
}

fn referred<'a>(root: &'a Value, schema: &Value) -> Option<&'a Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

fn required(root: &Value, schema: &Value, depth: usize) -> Map<String, Value> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let member = |name: &str| match schema.get("properties").and_then(|properties| properties.get(name)) {
        Some(inner) => guess(root, inner, depth + 1),
        None => Value::Null,
    };
    names.map(|name| (name.to_owned(), member(name))).collect()
}

/// A value that may well fit a schema.
fn guess(root: &Value, schema: &Value, depth: usize) -> Value {
    let first = |keyword: &str| schema.get(keyword).and_then(Value::as_array).and_then(|list| list.first());
    let named = ["const", "default"].iter().find_map(|keyword| schema.get(*keyword));
    if let Some(value) = named.or_else(|| first("examples")).or_else(|| first("enum")) {
        return value.clone();
    }
    if depth > DEPTH {
        return Value::Null;
    }
    let part = ["anyOf", "oneOf", "allOf"].iter().find_map(|keyword| first(keyword));
    if let Some(inner) = referred(root, schema).or(part) {
        return guess(root, inner, depth + 1);
    }
    let kind = schema.get("type").map(|kind| kind.as_array().and_then(|list| list.first()).unwrap_or(kind));
    let number = |keyword: &str| schema.get(keyword).cloned();
    match kind.and_then(Value::as_str) {
        Some("string") => text(schema),
        Some("integer" | "number") => number("minimum").or_else(|| number("maximum")).unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(false),
        Some("array") => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or_default().min(20);
            let item = schema.get("items").map_or(Value::Null, |items| guess(root, items, depth + 1));
            Value::Array((0..least).map(|_| item.clone()).collect())
        }
        Some("null") => Value::Null,
        _ => Value::Object(required(root, schema, depth)),
    }
}

fn text(schema: &Value) -> Value {
    let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(1).clamp(1, 1000);
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => json!("2026-11-24T08:00:46.123Z"),
        Some("date") => json!("2026-11-24"),
        Some("email") => json!("ada@example.com"),
        Some("uri") => json!("https://example.com/"),
        _ => json!("x".repeat(usize::try_from(least).unwrap_or(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_found_and_put_in_its_place() {
        let schema = json!({
            "required": ["must"],
            "properties": {
                "must": {"type": "string", "minLength": 3},
                "list": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/rule"}},
                "map": {"additionalProperties": {"const": 7}},
                "choice": {"oneOf": [{"enum": ["a", "b"]}, {"examples": [null]}]},
            },
            "$defs": {"rule": {"required": ["id"], "properties": {"id": {"type": "integer"}, "on": {"default": true}}}},
        });
        let found: Vec<String> = named(&schema)
            .iter()
            .map(|named| format!("{} {} {}", named.place, named.keyword, named.settings))
            .collect();
        let expected = [
            r#"/choice enum {"choice":"a","must":"xxx"}"#,
            r#"/choice enum {"choice":"b","must":"xxx"}"#,
            r#"/choice examples {"choice":null,"must":"xxx"}"#,
            r#"/list/0/on default {"list":[{"id":1,"on":true},{"id":1,"on":true}],"must":"xxx"}"#,
            r#"/map/example const {"map":{"example":7},"must":"xxx"}"#,
        ];
        assert_eq!(found, expected);
        assert_eq!(least(&schema.to_string()), r#"{"must":"xxx"}"#);
    }

    #[test]
    fn a_part_of_a_schema_stands_alone() {
        let schema =
            json!({"properties": {"a": {"$ref": "#/$defs/n", "default": 5}}, "$defs": {"n": {"type": "number"}}});
        let [named] = &named(&schema)[..] else { panic!("one value") };
        assert_eq!(crate::sandbox::fits(&named.schema, &named.value), Some(true));
        assert_eq!(crate::sandbox::fits(&named.schema, &json!("5")), Some(false));
    }
}
