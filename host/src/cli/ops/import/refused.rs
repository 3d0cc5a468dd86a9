//! The file of events that were refused.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::item::Event;
use crate::cli::{Exit, Failure, complain, tell};

/// How many refused events are told one by one.
const TOLD: u64 = 20;

/// Tells of refused events and writes them down.
#[derive(Debug)]
pub(super) struct Refused {
    path: PathBuf,
    file: Option<File>,
    pub(super) count: u64,
}

impl Refused {
    /// The file must not exist yet, so that nothing is overwritten; one of an import that is gone on
    /// with is added to.
    pub(super) fn new(path: &Path, goes_on: bool) -> Result<Self, Failure> {
        if !goes_on && path.symlink_metadata().is_ok() {
            let problem = format!("{}: exists already; choose another file with --refused", path.display());
            return Err(Failure::new(Exit::Usage, "refused-file-exists", problem));
        }
        Ok(Self { path: path.to_owned(), file: None, count: 0 })
    }

    /// Takes the refused ones among these.
    pub(super) fn take(&mut self, events: &[Event]) -> Result<(), Failure> {
        for event in events {
            let Some(refusal) = &event.refusal else { continue };
            self.count += 1;
            match self.count {
                ..=TOLD => complain("event-refused", &format!("{}:{}: {refusal}", event.name, event.line)),
                number if number == TOLD + 1 => tell("… more like these are counted, not told"),
                _ => {}
            }
            let mut line = event.text.replace(['\n', '\r'], " ");
            line.push('\n');
            let written = self.open().and_then(|file| file.write_all(line.as_bytes()));
            written.map_err(|error| {
                Failure::new(Exit::Output, "output-write", format!("{}: {error}", self.path.display()))
            })?;
        }
        Ok(())
    }

    fn open(&mut self) -> std::io::Result<&mut File> {
        if self.file.is_none() {
            self.file = Some(OpenOptions::new().append(true).create(true).open(&self.path)?);
        }
        self.file.as_mut().ok_or_else(|| std::io::Error::other("not open"))
    }
}
