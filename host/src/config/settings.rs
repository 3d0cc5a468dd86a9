//! A mapping's settings: written as TOML, handed over as JSON.

use serde_json::{Number, Value};

/// The table as a JSON object. Dates become their text. The error is the key of the table it is
/// under, and what is wrong.
pub(crate) fn to_json(table: &toml::Table) -> Result<String, (String, &'static str)> {
    let mut object = serde_json::Map::new();
    for (key, value) in table {
        let value = json(value).ok_or_else(|| (key.clone(), "json has no infinite number and no nan"))?;
        object.insert(key.clone(), value);
    }
    Ok(Value::Object(object).to_string())
}

/// `None` for a number that JSON cannot express.
fn json(value: &toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => Value::Number((*number).into()),
        toml::Value::Float(number) => Value::Number(Number::from_f64(*number)?),
        toml::Value::Boolean(truth) => Value::Bool(*truth),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => Value::Array(items.iter().map(json).collect::<Option<_>>()?),
        toml::Value::Table(table) => {
            let members = table.iter().map(|(key, value)| Some((key.clone(), json(value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
    })
}
