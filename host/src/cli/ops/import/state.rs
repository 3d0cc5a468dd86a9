//! How far an import came, kept in a file so that it can be gone on with.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::cli::{Exit, Failure};
use crate::input::Input;

/// The form of the file.
const VERSION: u32 = 1;

/// How far each input was confirmed.
#[derive(Debug)]
pub(super) struct State {
    file: Option<PathBuf>,
    goes_on: bool,
    content: Content,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    tenant: String,
    inputs: Vec<Progress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    /// The input's name; size and time of change tell whether it is still the same.
    name: String,
    size: Option<u64>,
    modified_ms: Option<u64>,
    /// How many events, from the first one on, were accepted or refused.
    confirmed: u64,
}

impl Progress {
    fn of(input: &Input) -> Self {
        let about = match input {
            Input::Stdin => None,
            Input::File(path) => path.metadata().ok().filter(std::fs::Metadata::is_file),
        };
        let modified = about.as_ref().and_then(|about| about.modified().ok()?.duration_since(UNIX_EPOCH).ok());
        Self {
            name: input.name(),
            size: about.map(|about| about.len()),
            modified_ms: modified.and_then(|time| u64::try_from(time.as_millis()).ok()),
            confirmed: 0,
        }
    }

    /// A pipe can't be read from where it was left.
    fn can_go_on(&self) -> bool {
        self.size.is_some()
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.size, self.modified_ms) == (&other.name, other.size, other.modified_ms)
    }
}

impl State {
    /// The state in the file, or a fresh one if there is none. Without a file nothing is kept.
    pub(super) fn open(file: Option<&Path>, tenant: &str, inputs: &[Input]) -> Result<Self, Failure> {
        let fresh = inputs.iter().map(Progress::of).collect();
        let mut content = Content { version: VERSION, tenant: tenant.to_owned(), inputs: fresh };
        let Some(path) = file else {
            return Ok(Self { file: None, goes_on: false, content });
        };
        let failed = |problem: String| {
            let advice = "import what it is about, or remove it to begin from the start";
            Failure::new(Exit::Usage, "import-state", format!("{}: {problem}; {advice}", path.display()))
        };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { file: Some(path.to_owned()), goes_on: false, content });
            }
            Err(error) => return Err(failed(error.to_string())),
        };
        let kept: Content = serde_json::from_slice(&text).map_err(|error| failed(format!("is no state: {error}")))?;
        if kept.inputs.iter().all(|input| input.confirmed == 0) {
            let goes_on = kept.inputs == content.inputs;
            return Ok(Self { file: Some(path.to_owned()), goes_on, content });
        }
        if kept.version != VERSION || kept.tenant != tenant {
            return Err(failed(format!("is about tenant {:?}, in form {}", kept.tenant, kept.version)));
        }
        if kept.inputs.len() != content.inputs.len() {
            return Err(failed("is about other files".to_owned()));
        }
        for (kept, input) in kept.inputs.iter().zip(&mut content.inputs) {
            if !kept.is_same(input) {
                return Err(failed(format!("is about another {}: name, size or time of change differ", kept.name)));
            }
            if kept.can_go_on() {
                input.confirmed = kept.confirmed;
            }
        }
        Ok(Self { file: Some(path.to_owned()), goes_on: true, content })
    }

    /// Whether there was an import to go on with.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// How many events of an input were confirmed.
    pub(super) fn confirmed(&self, input: usize) -> u64 {
        self.content.inputs.get(input).map_or(0, |input| input.confirmed)
    }

    /// Of all inputs.
    pub(super) fn total(&self) -> u64 {
        self.content.inputs.iter().map(|input| input.confirmed).sum()
    }

    /// Notes how far an input is now; on disk when this returns.
    pub(super) fn confirm(&mut self, input: usize, confirmed: u64) -> Result<(), Failure> {
        if let Some(input) = self.content.inputs.get_mut(input) {
            input.confirmed = confirmed;
        }
        self.keep()
    }

    /// Writes the state down; before anything is sent, to see that it can be.
    pub(super) fn keep(&self) -> Result<(), Failure> {
        let Some(path) = &self.file else { return Ok(()) };
        self.write(path).map_err(|error| {
            Failure::new(Exit::Output, "import-state", format!("{}: can't be written: {error}", path.display()))
        })
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, &self.content)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(folder)?.sync_all()
    }

    /// Everything was confirmed: there is nothing to go on with.
    pub(super) fn remove(self) -> Result<(), Failure> {
        match self.file.as_deref().map(std::fs::remove_file) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::new(Exit::Output, "import-state", error))
            }
            _ => Ok(()),
        }
    }
}
