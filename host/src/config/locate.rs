//! From a key to its line, and from a place in the text to its key.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// A parsed file that still knows where everything is.
pub(super) struct Source<'a> {
    text: &'a str,
    path: &'a Path,
    pub(super) table: DeTable<'a>,
}

impl<'a> Source<'a> {
    pub(super) fn parse(text: &'a str, path: &'a Path) -> Result<Self, ConfigError> {
        match DeTable::parse(text) {
            Ok(table) => Ok(Self { text, path, table: table.into_inner() }),
            // Only the message: the library's full text shows the line, and the line may hold a
            // secret.
            Err(error) => Err(ConfigError::Syntax {
                file: path.display().to_string(),
                line: line(text, error.span().map_or(0, |span| span.start)),
                problem: one_line(error.message()),
            }),
        }
    }

    pub(super) fn file(&self) -> String {
        self.path.display().to_string()
    }

    /// The line, from 1, of a byte of the text.
    pub(super) fn line_at(&self, place: usize) -> usize {
        line(self.text, place)
    }

    /// An error about the key at `path` (`["tenants", "0", "name"]`), or about the nearest table
    /// around it.
    pub(super) fn value_error(&self, path: &[&str], problem: impl Into<String>) -> ConfigError {
        let mut place = 0;
        let mut names = path.iter();
        let mut value = None;
        if let Some(first) = names.next()
            && let Some((key, inner)) = self.table.get_key_value(*first)
        {
            place = key.span().start;
            value = Some(inner.get_ref());
        }
        for name in names {
            let (at, inner) = match value {
                Some(DeValue::Table(table)) => match table.get_key_value(*name) {
                    Some((key, inner)) => (key.span().start, inner),
                    None => break,
                },
                Some(DeValue::Array(array)) => match name.parse().ok().and_then(|index: usize| array.get(index)) {
                    Some(inner) => (inner.span().start, inner),
                    None => break,
                },
                _ => break,
            };
            place = at;
            value = Some(inner.get_ref());
        }
        let (key, problem) = (one_line(&written(path)), one_line(&problem.into()));
        ConfigError::Value { file: self.file(), line: self.line_at(place), key, problem }
    }

    /// The innermost key whose value is, or holds, what is at `span`.
    pub(super) fn path_of(&self, span: &Range<usize>) -> Vec<String> {
        let mut path = Vec::new();
        find(&self.table, span, &mut path);
        path
    }

    /// The error of a value that has the wrong type; `path` is where it is.
    pub(super) fn error_of(&self, error: &toml::de::Error, path: &[String]) -> ConfigError {
        let place = error.span().unwrap_or(0..0).start;
        let key = if path.is_empty() { "(top level)".to_owned() } else { one_line(&written(path)) };
        let problem = one_line(&without_value(error.message()));
        ConfigError::Value { file: self.file(), line: self.line_at(place), key, problem }
    }
}

/// The message without the value in it, which may be a secret that was put after the wrong key.
fn without_value(message: &str) -> String {
    let quoted = ["invalid type: ", "invalid value: ", "unknown variant "].iter().any(|kind| message.starts_with(kind));
    match (message.find(['"', '`']), message.rfind(", expected")) {
        (Some(start), Some(end)) if quoted && start < end => {
            let (kind, expected) = (message.get(..start), message.get(end..));
            format!("{}{}", kind.unwrap_or_default().trim_end(), expected.unwrap_or_default())
        }
        _ => message.to_owned(),
    }
}

/// Text that may quote the file, as one line that does nothing to a terminal.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.trim_end().chars() {
        match character {
            '\n' => line.push_str(", "),
            other if other.is_control() => line.extend(other.escape_default()),
            other => line.push(other),
        }
    }
    line
}

/// The line, from 1, of a byte.
fn line(text: &str, place: usize) -> usize {
    1 + text.bytes().take(place).filter(|byte| *byte == b'\n').count()
}

/// `tenants[0].accoil.api_key`
pub(super) fn written(path: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    for part in path.iter().map(AsRef::as_ref) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            text.push_str(&format!("[{part}]"));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(part);
        }
    }
    text
}

/// Looks for the innermost value around `span`, noting the way; says whether there is one.
///
/// All values are looked into, since a table that is written under a header of its own lies outside
/// its parent's place.
fn find(table: &DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    table.iter().any(|(key, value)| {
        path.push(key.get_ref().to_string());
        let found =
            find_in(value.get_ref(), span, path) || contains(&value.span(), span) || contains(&key.span(), span);
        if !found {
            path.pop();
        }
        found
    })
}

fn find_in(value: &DeValue<'_>, span: &Range<usize>, path: &mut Vec<String>) -> bool {
    match value {
        DeValue::Table(table) => find(table, span, path),
        DeValue::Array(array) => array.iter().enumerate().any(|(index, item)| {
            path.push(index.to_string());
            let found = find_in(item.get_ref(), span, path) || contains(&item.span(), span);
            if !found {
                path.pop();
            }
            found
        }),
        _ => false,
    }
}

fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
