//! What was found wrong in a file, gathered so that all of it can be told at once.

use std::collections::HashSet;

use super::locate::{Source, written};
use super::{ConfigError, Problems};

/// Gathers problems.
pub(super) struct Findings<'a> {
    pub(super) source: &'a Source<'a>,
    errors: Vec<ConfigError>,
    /// Keys that could not be read, and tables with a key that nobody knows: it may be one of theirs.
    incomplete: HashSet<String>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(source: &'a Source<'a>) -> Self {
        Self { source, errors: Vec::new(), incomplete: HashSet::new() }
    }

    /// Notes a problem of a value.
    pub(super) fn add(&mut self, path: &[&str], problem: impl Into<String>) {
        self.errors.push(self.source.value_error(path, problem));
    }

    /// Notes a table for something that this program was built without.
    pub(super) fn not_built(&mut self, path: &[&str], feature: &'static str) {
        let line = self.source.value_error(path, "").line();
        self.errors.push(ConfigError::NotBuilt { file: self.source.file(), line, key: written(path), feature });
    }

    /// Notes a problem that took a key out; `place` is that key, or its table if the key is unknown.
    pub(super) fn taken(&mut self, place: String, error: ConfigError) {
        self.incomplete.insert(place);
        self.errors.push(error);
    }

    /// Notes that a key is missing, unless it may be one that could not be read.
    pub(super) fn missing(&mut self, path: &[&str], problem: &str) {
        let table = path.split_last().map_or(&[][..], |(_, table)| table);
        if !self.incomplete.contains(&written(table)) && !self.incomplete.contains(&written(path)) {
            self.add(path, problem);
        }
    }

    /// Whether a key of a table could not be read, or is not known.
    pub(super) fn concerns(&self, table: &str) -> bool {
        let within =
            |place: &String| place.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.incomplete.iter().any(within)
    }

    /// The outcome: what was made, if there was nothing wrong.
    pub(super) fn end<T>(mut self, made: Option<T>) -> Result<T, Problems> {
        self.errors.sort_by_key(|error| error.line());
        match (made, Problems::of(self.errors)) {
            (_, Some(problems)) => Err(problems),
            (Some(made), None) => Ok(made),
            // Whoever makes nothing says why.
            (None, None) => Err(Problems::from(self.source.value_error(&[], "can't be read"))),
        }
    }
}
