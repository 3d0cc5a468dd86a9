//! What a sink answers instead of 202, one entry after the other.

use serde::Deserialize;

/// A list of answers. Each is given `times` times, to the calls of its path if it has one; then
/// comes the next.
#[derive(Debug, Clone, Default)]
pub struct Script {
    entries: Vec<Entry>,
}

/// One answer of a script.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Entry {
    pub(super) status: u16,
    /// Milliseconds before the answer.
    pub(super) delay_ms: u64,
    /// The header `Retry-After`, as it is.
    pub(super) retry_after: Option<String>,
    /// The header `Location`, as it is.
    pub(super) location: Option<String>,
    pub(super) body: String,
    /// Close the connection instead of answering.
    pub(super) cut: bool,
    times: u64,
    /// Answer calls of this path only.
    path: Option<String>,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            status: 202,
            delay_ms: 0,
            retry_after: None,
            location: None,
            body: String::new(),
            cut: false,
            times: 1,
            path: None,
        }
    }
}

/// Why a text is no script.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It is neither a JSON array nor one JSON object a line, or an entry has a wrong field.
    #[error("script line {line}: {problem}; an entry looks like {EXAMPLE}")]
    Shape {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A status no final answer can have.
    #[error("script entry {entry}: status {status} is not between 200 and 599")]
    Status {
        /// The entry, from 1.
        entry: usize,
        /// The status.
        status: u16,
    },
    /// A header that cannot be sent.
    #[error("script entry {entry}: {field} holds a character that no http header can carry")]
    Header {
        /// The entry, from 1.
        entry: usize,
        /// The field.
        field: &'static str,
    },
}

const EXAMPLE: &str =
    r#"{"status":503,"delay_ms":0,"retry_after":"2","body":"","cut":false,"times":3,"path":"/v2/track"}"#;

impl ScriptError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shape { .. } => "script-shape",
            Self::Status { .. } => "script-status",
            Self::Header { .. } => "script-header",
        }
    }
}

impl Script {
    /// Reads a script: a JSON array of entries, or one entry a line.
    ///
    /// # Errors
    /// [`ScriptError`] with the line or the number of the entry.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let shape = |line: usize, error: &serde_json::Error| {
            // The place is given as our own line.
            let words = error.to_string();
            let problem = words.split(" at line ").next().unwrap_or_default().to_owned();
            ScriptError::Shape { line, problem }
        };
        let entries = if text.trim_start().starts_with('[') {
            serde_json::from_str(text).map_err(|error| shape(error.line(), &error))?
        } else {
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let entry = |(index, line)| serde_json::from_str(line).map_err(|error| shape(index + 1, &error));
            lines.map(entry).collect::<Result<Vec<Entry>, _>>()?
        };
        for (index, entry) in entries.iter().enumerate() {
            check(index + 1, entry)?;
        }
        Ok(Self { entries })
    }

    /// The answer to the next call of a path, and counts it as given.
    pub(super) fn next(&mut self, path: &str) -> Entry {
        let fits = |entry: &&mut Entry| entry.times > 0 && entry.path.as_deref().is_none_or(|only| only == path);
        match self.entries.iter_mut().find(fits) {
            Some(entry) => {
                entry.times -= 1;
                entry.clone()
            }
            None => Entry::default(),
        }
    }

    /// Whether every entry has been given.
    pub fn is_used_up(&self) -> bool {
        self.entries.iter().all(|entry| entry.times == 0)
    }
}

fn check(number: usize, entry: &Entry) -> Result<(), ScriptError> {
    if !(200..=599).contains(&entry.status) {
        return Err(ScriptError::Status { entry: number, status: entry.status });
    }
    for (field, value) in [("retry_after", &entry.retry_after), ("location", &entry.location)] {
        if value.as_ref().is_some_and(|value| http::HeaderValue::from_str(value).is_err()) {
            return Err(ScriptError::Header { entry: number, field });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_given_in_order_as_often_as_they_say_and_by_path() {
        let mut script = Script::parse(
            "{\"status\":503,\"times\":2,\"path\":\"/v2/track\"}\n\n{\"status\":429,\"retry_after\":\"2\"}\n",
        )
        .unwrap();
        let statuses = ["/v2/group", "/v2/track", "/v2/track", "/v2/track"].map(|path| script.next(path).status);
        assert_eq!(statuses, [429, 503, 503, 202]);
        assert!(script.is_used_up());
        assert_eq!(Script::parse("[{\"cut\":true}]").unwrap().next("/").status, 202);
        assert!(Script::parse("").unwrap().is_used_up());
    }

    #[test]
    fn mistakes_are_named_by_place() {
        for (text, expected) in [
            ("{\"status\":200}\n{\"state\":1}", "script line 2: unknown field `state`"),
            ("[\n{\"status\":\"x\"}]", "script line 2: invalid type"),
            ("[{\"status\":200},{\"status\":99}]", "script entry 2: status 99"),
            ("{\"retry_after\":\"a\\nb\"}", "script entry 1: retry_after"),
        ] {
            let error = Script::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
