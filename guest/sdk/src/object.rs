//! Writing a JSON object.

use json_text::push_string;

use crate::Json;

/// A JSON object in the making. Each name should be given once: of two the last one counts.
///
/// ```
/// let text = accoil_plugin::Object::new().string("plan", "pro").number("seats", 12.0).finish();
/// assert_eq!(text, r#"{"plan":"pro","seats":12}"#);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Object(String);

impl Object {
    /// An object without members.
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// An object with the members of another one of which this is true; with none if that is no object.
    pub fn of(other: Json<'_>, mut is_kept: impl FnMut(&str) -> bool) -> Self {
        let kept = other.members().filter(|(name, _)| is_kept(name));
        kept.fold(Self::new(), |object, (name, value)| object.json(&name, value))
    }

    /// Adds a value as it stands, with every digit.
    pub fn json(mut self, name: &str, value: Json<'_>) -> Self {
        self.name(name);
        self.0.push_str(value.text());
        self
    }

    /// Adds a string.
    pub fn string(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        push_string(&mut self.0, value);
        self
    }

    /// Adds a truth value.
    pub fn bool(mut self, name: &str, value: bool) -> Self {
        self.name(name);
        self.0.push_str(if value { "true" } else { "false" });
        self
    }

    /// Adds a number; `null` for one that JSON has no text for (infinities, not a number).
    pub fn number(mut self, name: &str, value: f64) -> Self {
        self.name(name);
        let text = if value.is_finite() { value.to_string() } else { "null".to_owned() };
        self.0.push_str(&text);
        self
    }

    /// The text.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_string(&mut self.0, name);
        self.0.push(':');
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let object = Object::new()
            .json("digits", Json::of("1.00000000000000000001"))
            .string("quo\"te", "a\\b\n")
            .bool("yes", true)
            .number("half", 0.5)
            .number("none", f64::NAN);
        let text = object.finish();
        assert_eq!(text, r#"{"digits":1.00000000000000000001,"quo\"te":"a\\b\n","yes":true,"half":0.5,"none":null}"#);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        assert_eq!(Object::new().finish(), "{}");
    }

    #[test]
    fn members_of_another() {
        let other = Json::of(r#"{"a":1.0,"b":[2],"c":null}"#);
        assert_eq!(Object::of(other, |name| name != "b").bool("d", true).finish(), r#"{"a":1.0,"c":null,"d":true}"#);
        assert_eq!(Object::of(Json::of("null"), |_| true).finish(), "{}");
    }
}
