//! Reading the shape although parts of it are wrong: what can't be read is noted and taken out, and
//! the rest is read again, so that one mistake does not hide the others.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::ConfigError;
use super::findings::Findings;
use super::keys;
use super::locate::{one_line, written};
use super::shape::File;

/// Reads the file. `None` when nothing of it can be read.
pub(super) fn file(findings: &mut Findings<'_>) -> Option<File> {
    let source = findings.source;
    let mut table = source.table.clone();
    for unknown in keys::take_unknown(&mut table) {
        let (file, line) = (source.file(), source.line_at(unknown.place));
        let error = ConfigError::UnknownKey { file, line, key: one_line(&unknown.key), advice: unknown.advice };
        findings.taken(unknown.table, error);
    }
    loop {
        // Each round takes a value out, or ends.
        let error = match File::deserialize(Deserializer::from(Spanned::new(0..0, table.clone()))) {
            Ok(file) => return Some(file),
            Err(error) => error,
        };
        let path = error.span().map(|span| source.path_of(&span)).unwrap_or_default();
        let end = path.iter().rposition(|part| !is_index(part));
        let taken = end.and_then(|end| path.get(..=end)).unwrap_or_default();
        findings.taken(written(taken), source.error_of(&error, &path));
        let (key, parents) = taken.split_last()?;
        table_at(&mut table, parents)?.remove(key.as_str())?;
    }
}

fn is_index(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

fn table_at<'t, 'i>(root: &'t mut DeTable<'i>, path: &[String]) -> Option<&'t mut DeTable<'i>> {
    let Some((first, rest)) = path.split_first() else {
        return Some(root);
    };
    let mut value = root.get_mut(first.as_str())?.get_mut();
    for name in rest {
        value = match value {
            DeValue::Table(table) => table.get_mut(name.as_str())?.get_mut(),
            DeValue::Array(array) => array.get_mut(name.parse::<usize>().ok()?)?.get_mut(),
            _ => return None,
        };
    }
    match value {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}
