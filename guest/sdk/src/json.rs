//! A look into JSON text.

use std::borrow::Cow;

use json_text::{Kind, elements, kind, members, push_string};

/// JSON text that the host gave, and so is valid, and what can be asked of it. Nothing is copied but strings that hold
/// escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Looks into valid JSON text. On other text the answers mean nothing.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Self(text)
    }

    /// The text itself, such as `"a"`, `1.50` or `{"a":1}`.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0
    }

    /// The member of an object with this name. `None` if there is none, or this is no object. Of two members with the
    /// same name the last one counts.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        members(self.0).filter(|(member, _)| *member == *name).last().map(|(_, value)| Self(value))
    }

    /// The value at the end of a path of names with dots between them: `account.plan` is the member `plan` of the member
    /// `account`.
    #[must_use]
    pub fn path(self, path: &str) -> Option<Json<'a>> {
        path.split('.').try_fold(self, Self::get)
    }

    /// The members of an object, as they stand in the text; none if this is no object.
    pub fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        members(self.0).map(|(name, value)| (name.content(), Self(value)))
    }

    /// The elements of an array; none if this is no array.
    pub fn elements(self) -> impl Iterator<Item = Json<'a>> {
        elements(self.0).map(Self)
    }

    /// The string; `None` for anything but a string.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        Some(json_text::unescape(inner))
    }

    /// Whether this is the string `content`.
    #[must_use]
    pub fn is_str(self, content: &str) -> bool {
        self.as_str().is_some_and(|string| string == content)
    }

    /// The truth value; `None` for anything but `true` and `false`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        self.0.parse().ok()
    }

    /// The number, rounded to the nearest that 64 bits of floating point can hold; `None` for anything but a number.
    #[must_use]
    pub fn as_number(self) -> Option<f64> {
        (kind(self.0) == Kind::Number).then(|| self.0.parse().ok()).flatten()
    }

    /// An id as Amplitude has it: a string that is not empty, or a number as its text.
    #[must_use]
    pub fn as_id(self) -> Option<Cow<'a, str>> {
        match kind(self.0) {
            Kind::Number => Some(self.0.into()),
            _ => self.as_str().filter(|id| !id.is_empty()),
        }
    }

    /// The same value with other strings: each for which `change` answers is replaced, however deep it stands. The names
    /// of members stay.
    ///
    /// ```
    /// let traits = accoil_plugin::Json::of(r#"{"who":["ada","bo"],"seats":2}"#);
    /// let changed = traits.with_strings(&|name| (name == "ada").then(|| "someone".into()));
    /// assert_eq!(changed, r#"{"who":["someone","bo"],"seats":2}"#);
    /// ```
    #[must_use]
    pub fn with_strings(self, change: &dyn Fn(&str) -> Option<String>) -> String {
        let mut changed = String::with_capacity(self.0.len());
        let mut rest = self.0;
        // Nothing recurses, so no nesting can exhaust the stack.
        while let Some((before, from)) = rest.find('"').and_then(|at| rest.split_at_checked(at)) {
            let (string, after) = from.split_at_checked(length_of_string(from)).unwrap_or((from, ""));
            changed.push_str(before);
            let is_name = after.trim_start().starts_with(':');
            match Self(string).as_str().filter(|_| !is_name).and_then(|content| change(&content)) {
                Some(content) => push_string(&mut changed, &content),
                None => changed.push_str(string),
            }
            rest = after;
        }
        changed + rest
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Whether this is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        kind(self.0) == Kind::Object
    }
}

/// How many bytes a string that stands at the beginning of a text takes, with its quotes.
fn length_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"a":1,"s":"x\ny","t":true,"n":null,"o":{"p":{"q":[1,"2"]}},"a":2.50,"e":"","\u0062":3}"#;

    #[test]
    fn values_by_name() {
        let json = Json::of(TEXT);
        assert_eq!(json.get("a").unwrap().text(), "2.50", "the last one counts");
        assert_eq!(json.get("a").unwrap().as_number(), Some(2.5));
        assert_eq!(json.get("s").unwrap().as_str().unwrap(), "x\ny");
        assert!(json.get("s").unwrap().is_str("x\ny"));
        assert_eq!(json.get("t").unwrap().as_bool(), Some(true));
        assert!(json.get("n").unwrap().is_null());
        assert_eq!(json.get("b").unwrap().as_number(), Some(3.0), "the name is escaped");
        assert_eq!(json.get("zzz"), None);
        assert_eq!(json.get("a").unwrap().get("a"), None);
    }

    #[test]
    fn values_by_path() {
        let array = Json::of(TEXT).path("o.p.q").unwrap();
        let ids: Vec<_> = array.elements().filter_map(Json::as_id).collect();
        assert_eq!(ids, ["1", "2"]);
        assert_eq!(Json::of(TEXT).path("o.x.q"), None);
    }

    #[test]
    fn strings_are_replaced_at_any_depth() {
        let text = r#"{"a@b":"a@b","deep":[{"x":"a@b"},["a@b",1.50,null,true]],"q":"a\"@"}"#;
        let changed = Json::of(text).with_strings(&|string| string.contains('@').then(|| "\"".into()));
        assert_eq!(changed, r#"{"a@b":"\"","deep":[{"x":"\""},["\"",1.50,null,true]],"q":"\""}"#);
        assert_eq!(Json::of(r#""x""#).with_strings(&|_| Some("y".into())), r#""y""#);
    }

    #[test]
    fn nothing_is_taken_for_another_kind() {
        let json = Json::of(TEXT);
        assert_eq!(json.get("t").unwrap().as_str(), None);
        assert_eq!(json.get("s").unwrap().as_bool(), None);
        assert_eq!(json.get("s").unwrap().as_number(), None);
        assert_eq!(json.get("e").unwrap().as_id(), None);
        assert_eq!(json.get("t").unwrap().as_id(), None);
        assert_eq!(json.get("t").unwrap().members().count(), 0);
    }
}
