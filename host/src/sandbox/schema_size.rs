//! How much work a schema makes, before it is used.
//!
//! A validator follows references. Thirty of them, each to two of the next
//! kind, are a thousand million places to look at; so all references are
//! followed here first, and counted.

use serde_json::Value;

use super::refusal::beginning;

/// How many places a schema may have when every reference is replaced by what
/// it refers to.
const PLACES: usize = 10_000;

/// How deep these may be nested.
const DEPTH: usize = 200;

/// How many places a pattern counts for: it is compiled.
const PATTERN: usize = 50;

/// Checks that a schema is of a size that can be used, and refers to nothing
/// but parts of itself.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let mut places = 0;
    walk(schema, schema, 0, &mut places)
}

fn walk(root: &Value, place: &Value, depth: usize, places: &mut usize) -> Result<(), String> {
    *places += 1;
    if *places > PLACES || depth > DEPTH {
        return Err(format!(
            "with its references followed it has more than {PLACES} places or is nested more than {DEPTH} deep \
             (or it refers to itself)"
        ));
    }
    match place {
        Value::Array(items) => items.iter().try_for_each(|item| walk(root, item, depth + 1, places)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| match (name.as_str(), value) {
            ("$ref", Value::String(target)) => walk(root, referred(root, target)?, depth + 1, places),
            ("$dynamicRef" | "$recursiveRef", Value::String(_)) => Err(format!("`{name}` is not supported")),
            // Inside, it would change what references mean.
            ("$id", Value::String(_)) if depth > 0 => Err("`$id` is supported at the top only".to_owned()),
            ("pattern", Value::String(_)) => {
                *places += PATTERN;
                Ok(())
            }
            ("patternProperties", Value::Object(patterns)) => {
                *places += PATTERN * patterns.len();
                walk(root, value, depth + 1, places)
            }
            _ => walk(root, value, depth + 1, places),
        }),
        _ => Ok(()),
    }
}

fn referred<'a>(root: &'a Value, target: &str) -> Result<&'a Value, String> {
    let found = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
    found.ok_or_else(|| {
        let target = beginning(target, 100);
        format!("`$ref` to {target:?}: only parts of the same schema can be referred to, as `#/$defs/…`")
    })
}
