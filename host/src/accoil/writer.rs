//! Writing JSON objects member by member.

use json_text::push_string;

use super::EMPTY_BAG;

/// Writes the members of one JSON object, putting the commas where they belong.
pub(super) struct Members<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Members<'a> {
    /// Opens an object.
    pub(super) fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    /// A member whose value is written by the caller into the buffer this returns. The name must
    /// need no escapes.
    pub(super) fn key(&mut self, key: &'static str) -> &mut String {
        self.out.push_str(if self.first { "\"" } else { ",\"" });
        self.first = false;
        self.out.push_str(key);
        self.out.push_str("\":");
        self.out
    }

    /// A string member.
    pub(super) fn string(&mut self, key: &'static str, value: &str) {
        push_string(self.key(key), value);
    }

    /// A string member that is left out when there is no value.
    pub(super) fn optional(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(key, value);
        }
    }

    /// A bag that is left out when it is empty.
    pub(super) fn bag(&mut self, key: &'static str, text: &str) {
        if text != EMPTY_BAG {
            self.key(key).push_str(text);
        }
    }

    /// Closes the object.
    pub(super) fn close(self) {
        self.out.push('}');
    }
}
