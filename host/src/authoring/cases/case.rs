//! A case's file.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use json_text::{Fault, Fields, Kind, check, compact, elements, kind, unescape};

/// What a case can hold.
const KEYS: [&str; 5] = ["name", "settings", "mapping_settings", "events", "expected"];

/// A case, as its file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file.
    pub file: PathBuf,
    /// What it is called: in words, or by its file.
    pub name: String,
    /// Settings of the plugin under test, as JSON text.
    pub settings: String,
    /// Settings of the mapping that a selector works with, as JSON text; none if the case does not say any.
    pub mapping_settings: Option<String>,
    /// The texts of its events.
    pub events: Vec<String>,
    /// One outcome for each event, as compact JSON text; none if nobody has said yet.
    pub expected: Option<Vec<String>>,
    pub(super) text: String,
    pub(super) layout: Layout,
}

/// Where things stand in the text of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// The value of `expected`.
    pub(super) expected: Option<Range<usize>>,
    /// Where the name of the first member begins.
    pub(super) first: usize,
    /// Where the last member ends.
    pub(super) last: usize,
}

/// The files of the cases in a folder, by name.
///
/// # Errors
///
/// When the folder can't be read.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        // What an editor keeps beside a file begins with a dot.
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.extension().is_some_and(|ending| ending == "json") && !is_hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn read(file: &Path) -> Result<Self, CaseError> {
        let failed = |problem: String| CaseError::Read { file: file.to_owned(), problem };
        let bytes = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
        let text = String::from_utf8(bytes);
        Self::parse(file, text.map_err(|error| failed(format!("not UTF-8: {}", error.utf8_error())))?)
    }

    pub(super) fn parse(file: &Path, text: String) -> Result<Self, CaseError> {
        let mut case = Self {
            file: file.to_owned(),
            name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            settings: "{}".to_owned(),
            mapping_settings: None,
            events: Vec::new(),
            expected: None,
            text: String::new(),
            layout: Layout::default(),
        };
        check(&text).map_err(|fault| syntax(file, &text, fault))?;
        case.take_members(file, &text)?;
        case.text = text;
        Ok(case)
    }

    fn take_members(&mut self, file: &Path, text: &str) -> Result<(), CaseError> {
        let mut fields = Fields::of(text).map_err(|fault| syntax(file, text, fault))?;
        let mut seen: Vec<String> = Vec::new();
        while let Some(field) = fields.next_field().map_err(|fault| syntax(file, text, fault))? {
            let (start, end) = field.range;
            let key = field.name.content().into_owned();
            let wrong = |problem: &str| wrong(file, text, start, &key, problem);
            if seen.contains(&key) {
                return Err(wrong("is there twice"));
            }
            if seen.is_empty() {
                self.layout.first = start;
            }
            self.layout.last = end;
            let value = field.value;
            match (key.as_str(), kind(value)) {
                ("name", Kind::String) => self.name = content(value),
                ("name", _) => return Err(wrong("must be a string")),
                ("settings", Kind::Object) => self.settings = value.to_owned(),
                ("mapping_settings", Kind::Object) => self.mapping_settings = Some(value.to_owned()),
                ("settings" | "mapping_settings", _) => return Err(wrong("must be an object")),
                ("events", Kind::Array) => self.events = elements(value).map(str::to_owned).collect(),
                ("expected", Kind::Array) => {
                    self.layout.expected = Some(end.saturating_sub(value.len())..end);
                    self.expected = Some(elements(value).map(|each| compact(each, true).into_owned()).collect());
                }
                ("events" | "expected", _) => return Err(wrong("must be an array")),
                _ => return Err(wrong(&format!("is unknown; a case has {}", KEYS.join(", ")))),
            }
            seen.push(key);
        }
        if self.events.is_empty() {
            return Err(wrong(file, text, 0, "events", "is missing or empty: a case is about events"));
        }
        Ok(())
    }
}

fn syntax(file: &Path, text: &str, fault: Fault) -> CaseError {
    let (line, column) = line_and_column(text, fault.at);
    let problem = Fault { at: column, kind: fault.kind }.to_string();
    CaseError::Syntax { file: file.to_owned(), line, problem }
}

fn wrong(file: &Path, text: &str, at: usize, key: &str, problem: &str) -> CaseError {
    let (line, _) = line_and_column(text, at);
    CaseError::Key { file: file.to_owned(), line, key: key.to_owned(), problem: problem.to_owned() }
}

/// What a string holds.
pub(super) fn content(string: &str) -> String {
    unescape(string.get(1..string.len().saturating_sub(1)).unwrap_or_default()).into_owned()
}

/// The line of a byte, counted from 1, and its place in it, counted from 0.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    (line, before.len() - start)
}

/// Why a file is no case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// It can't be read.
    #[error("{}: can't be read: {problem}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// It is not JSON.
    #[error("{}:{line}: {problem}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A key is unknown or missing, or has a value that it can't have.
    #[error("{}:{line}: `{key}` {problem}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl CaseError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "case-read",
            Self::Syntax { .. } => "case-syntax",
            Self::Key { .. } => "case-key",
        }
    }

    /// The file that is no case.
    #[must_use]
    pub fn file(&self) -> &Path {
        match self {
            Self::Read { file, .. } | Self::Syntax { file, .. } | Self::Key { file, .. } => file,
        }
    }
}

#[cfg(test)]
#[path = "case_tests.rs"]
mod tests;
