//! Properties of a group or a user, and Amplitude's operations on them.
//!
//! Values stay JSON text, to the digit. Operations are those of Amplitude's Identify API; where its
//! pages are silent: they are applied in the order of the text, `$clearAll` first; what can't be
//! done (adding to a text) leaves the property as it was; lists are compared by the text of their
//! elements.

use std::collections::BTreeMap;

use json_text::{Kind, compact, elements, kind, members, push_string};

/// Properties by name, values as compact JSON text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Properties(BTreeMap<String, String>);

#[derive(Debug, Clone, Copy)]
enum Operation {
    Set,
    SetOnce,
    Add,
    Append,
    Prepend,
    PreInsert,
    PostInsert,
    Remove,
    Unset,
    ClearAll,
}

impl Operation {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "$set" => Self::Set,
            "$setOnce" => Self::SetOnce,
            "$add" => Self::Add,
            "$append" => Self::Append,
            "$prepend" => Self::Prepend,
            "$preInsert" => Self::PreInsert,
            "$postInsert" => Self::PostInsert,
            "$remove" => Self::Remove,
            "$unset" => Self::Unset,
            "$clearAll" => Self::ClearAll,
            _ => return None,
        })
    }
}

impl Properties {
    /// Reads an object that was checked before.
    pub(super) fn read(text: &str) -> Self {
        Self(members(text).map(|(name, value)| (name.content().into_owned(), plain(value))).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As an object: compact, names ascending.
    pub(super) fn text(&self) -> String {
        let length: usize = self.0.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let mut text = String::with_capacity(length + 2);
        text.push('{');
        for (name, value) in &self.0 {
            if text.len() > 1 {
                text.push(',');
            }
            push_string(&mut text, name);
            text.push(':');
            text.push_str(value);
        }
        text.push('}');
        text
    }

    /// Applies `user_properties` or `group_properties` of an event: operations, or flat properties,
    /// which are set.
    pub(super) fn apply(&mut self, change: &str) {
        if members(change).any(|(name, _)| name == *"$clearAll") {
            self.0.clear();
        }
        for (name, value) in members(change) {
            let name = name.content();
            match Operation::of(&name) {
                Some(operation) => members(value).for_each(|(property, operand)| {
                    self.operate(operation, &property.content(), operand);
                }),
                None => self.operate(Operation::Set, &name, value),
            }
        }
    }

    fn operate(&mut self, operation: Operation, property: &str, operand: &str) {
        let before = self.0.get(property).map(String::as_str);
        let after = match operation {
            Operation::Set => Some(plain(operand)),
            Operation::SetOnce => before.is_none().then(|| plain(operand)),
            Operation::Add => sum(before.unwrap_or("0"), operand),
            Operation::Append => Some(list(&[listed(before), listed(Some(operand))])),
            Operation::Prepend => Some(list(&[listed(Some(operand)), listed(before)])),
            Operation::PreInsert => Some(list(&[new_in(before, operand), listed(before)])),
            Operation::PostInsert => Some(list(&[listed(before), new_in(before, operand)])),
            Operation::Remove => before.filter(|before| kind(before) == Kind::Array).map(|before| {
                let gone = listed(Some(operand));
                list(&[listed(Some(before)).into_iter().filter(|value| !gone.contains(value)).collect()])
            }),
            Operation::Unset | Operation::ClearAll => {
                self.0.remove(property);
                None
            }
        };
        if let Some(after) = after {
            self.0.insert(property.to_owned(), after);
        }
    }
}

fn plain(value: &str) -> String {
    compact(value, true).into_owned()
}

/// The elements of a list; a single value counts as a list of one, `null` and nothing as empty.
fn listed(value: Option<&str>) -> Vec<String> {
    match value.map(|value| (kind(value), value)) {
        None | Some((Kind::Null, _)) => Vec::new(),
        Some((Kind::Array, value)) => elements(value).map(plain).collect(),
        Some((_, value)) => vec![plain(value)],
    }
}

/// Those values of `operand` that are not in `before`, each once.
fn new_in(before: Option<&str>, operand: &str) -> Vec<String> {
    let mut known: std::collections::HashSet<String> = listed(before).into_iter().collect();
    listed(Some(operand)).into_iter().filter(|value| known.insert(value.clone())).collect()
}

fn list(parts: &[Vec<String>]) -> String {
    format!("[{}]", parts.concat().join(","))
}

/// The sum of two numbers, exact if both are whole.
fn sum(left: &str, right: &str) -> Option<String> {
    if kind(left) != Kind::Number || kind(right) != Kind::Number {
        return None;
    }
    if let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>()) {
        return left.checked_add(right).map(|sum| sum.to_string());
    }
    let sum = left.parse::<f64>().ok()? + right.parse::<f64>().ok()?;
    // Infinity can't be written.
    sum.is_finite().then(|| sum.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(before: &str, change: &str) -> String {
        let mut properties = Properties::read(before);
        properties.apply(change);
        properties.text()
    }

    #[test]
    fn every_operation() {
        for (before, change, expected) in [
            ("{}", r#"{"b":1,"a":{"x":[1.0]}}"#, r#"{"a":{"x":[1.0]},"b":1}"#),
            (
                r#"{"a":1,"c":2}"#,
                r#"{"$set":{"a":10000000000000000000001,"b":null}}"#,
                r#"{"a":10000000000000000000001,"b":null,"c":2}"#,
            ),
            (r#"{"a":1}"#, r#"{"$setOnce":{"a":2,"b":3}}"#, r#"{"a":1,"b":3}"#),
            (r#"{"a":1,"t":"x"}"#, r#"{"$add":{"a":2,"b":3,"t":1,"f":0.5}}"#, r#"{"a":3,"b":3,"f":0.5,"t":"x"}"#),
            (r#"{"a":1.5}"#, r#"{"$add":{"a":"2"}}"#, r#"{"a":1.5}"#),
            (r#"{"a":9223372036854775807}"#, r#"{"$add":{"a":1}}"#, r#"{"a":9223372036854775807}"#),
            (r#"{"a":1}"#, r#"{"$add":{"a":-0.25}}"#, r#"{"a":0.75}"#),
            (
                r#"{"a":["x"],"s":"y"}"#,
                r#"{"$append":{"a":"x","s":["z","w"],"n":1}}"#,
                r#"{"a":["x","x"],"n":[1],"s":["y","z","w"]}"#,
            ),
            (r#"{"a":["x"]}"#, r#"{"$prepend":{"a":["y","z"]}}"#, r#"{"a":["y","z","x"]}"#),
            (r#"{"a":["x","y"]}"#, r#"{"$preInsert":{"a":["y","z","z"]}}"#, r#"{"a":["z","x","y"]}"#),
            (r#"{"a":["x","y"]}"#, r#"{"$postInsert":{"a":["z","x"],"b":"q"}}"#, r#"{"a":["x","y","z"],"b":["q"]}"#),
            (r#"{"a":["x","y","x"],"s":"x"}"#, r#"{"$remove":{"a":"x","s":"x","n":"x"}}"#, r#"{"a":["y"],"s":"x"}"#),
            (r#"{"a":[1,2]}"#, r#"{"$remove":{"a":[1,2]}}"#, r#"{"a":[]}"#),
            (r#"{"a":1,"b":2}"#, r#"{"$unset":{"a":"-","c":"-"}}"#, r#"{"b":2}"#),
            (r#"{"a":1,"b":2}"#, r#"{"$set":{"c":3},"$clearAll":"-"}"#, r#"{"c":3}"#),
            (r#"{"a":1}"#, r#"{"$set":7}"#, r#"{"a":1}"#),
            (r#"{"a":1}"#, "null", r#"{"a":1}"#),
            ("{}", r#"{"\u0061":1,"$set":{"a":[ 1 , 2 ]}}"#, r#"{"a":[1,2]}"#),
        ] {
            assert_eq!(after(before, change), expected, "{before} {change}");
        }
    }
}
