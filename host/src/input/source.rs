//! Opening an input and reading it to its end.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::decode::{Form, form, plain_or_gzip};
use super::frame::{End, Framer, Item};
use super::pipe::Pipe;

/// Where events come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// Reads an argument: `-` is standard input.
    #[must_use]
    pub fn of(argument: &Path) -> Self {
        if argument == Path::new("-") { Self::Stdin } else { Self::File(argument.to_owned()) }
    }

    /// How it is called in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Its size in bytes, if that is known beforehand.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File(path) => path.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len()),
        }
    }
}

/// An input that could not be read to its end. What came before was given.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says it all")]
pub enum Error {
    #[error("{name}: can't be opened: {error}")]
    Open { name: String, error: io::Error },
    #[error("{name}: is a directory; name the files in it")]
    Directory { name: String },
    #[error("{name}: holds no events: it is empty")]
    Empty { name: String },
    #[error("{name}:{line}: can't be read further: {error}")]
    Read { name: Arc<str>, line: u64, error: io::Error },
    #[error("{name}:{line}: ends in the middle of an array or object")]
    Truncated { name: Arc<str>, line: u64 },
    #[error("{name}: is not a zip archive that can be read, or only a part of one: {error}")]
    Zip { name: String, error: zip::result::ZipError },
    #[error("{name}:{line}: goes on for {bytes} bytes without an event, so the rest is not read")]
    Bomb { name: Arc<str>, line: u64, bytes: u64 },
}

impl Error {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "input-open",
            Self::Directory { .. } => "input-directory",
            Self::Empty { .. } => "input-empty",
            Self::Read { .. } => "input-read",
            Self::Truncated { .. } => "input-truncated",
            Self::Zip { .. } => "input-zip",
            Self::Bomb { .. } => "input-bomb",
        }
    }
}

/// How far the reading is, and whether it should go on; shared with whoever
/// shows or stops it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes taken from the inputs, before decompression.
    pub bytes: AtomicU64,
    /// Set to end the reading early.
    pub stop: AtomicBool,
    /// Set to end only the waiting for more from a pipe.
    pub hang_up: AtomicBool,
}

/// How much may come without an event before it is taken for a trap: text that
/// compresses a thousandfold can fill hours.
const SILENT_BYTES: u64 = 256 * 1024 * 1024;

const PIECE: usize = 256 * 1024;

/// Takes what is read.
pub trait Receiver {
    /// The text of an event, and the name of the file that it stands in.
    fn item(&mut self, name: &Arc<str>, item: Item<'_>);

    /// The input has nothing more for now: what was taken should not wait.
    fn idle(&mut self);
}

/// Reads an input to its end and gives each event's text with the name of the
/// file that it stands in. Gives back what could not be read to its end: the
/// input, or files in an archive, of which one does not cost the others.
#[must_use]
pub fn read(input: &Input, event_bytes: usize, progress: &Progress, receiver: &mut dyn Receiver) -> Vec<Error> {
    let mut reading = Reading { event_bytes, progress, receiver, any: false, errors: Vec::new() };
    let result = match input {
        Input::Stdin => reading.stdin(&input.name()),
        Input::File(path) => reading.file(&input.name(), path),
    };
    let mut errors = reading.errors;
    errors.extend(result.err());
    if errors.is_empty() && !reading.any {
        errors.push(Error::Empty { name: input.name() });
    }
    errors
}

struct Reading<'a> {
    event_bytes: usize,
    progress: &'a Progress,
    receiver: &'a mut dyn Receiver,
    any: bool,
    /// What could not be read, and did not end the reading.
    errors: Vec<Error>,
}

impl Reading<'_> {
    fn file(&mut self, name: &str, path: &Path) -> Result<(), Error> {
        let open = |error| Error::Open { name: name.to_owned(), error };
        let mut file = File::open(path).map_err(open)?;
        let about = file.metadata().map_err(open)?;
        if about.is_dir() {
            return Err(Error::Directory { name: name.to_owned() });
        }
        if !about.is_file() {
            return self.pipe(name, file);
        }
        let (form, _) = form(&mut file).map_err(open)?;
        file.rewind().map_err(open)?;
        match form {
            Form::Zip => self.archive(name, BufReader::new(file)),
            Form::Plain | Form::Gzip => self.stream(name, file),
        }
    }

    fn stdin(&mut self, name: &str) -> Result<(), Error> {
        let open = |error| Error::Open { name: name.to_owned(), error };
        // Not by way of `io::Stdin`: what its buffer holds can't be seen from outside, and would be
        // waited for although it is there.
        let descriptor = io::stdin().as_fd().try_clone_to_owned().map_err(open)?;
        self.pipe(name, File::from(descriptor))
    }

    /// Pipes can't be searched, as archives must be: one that comes that way is
    /// put into a temporary file first.
    fn pipe(&mut self, name: &str, pipe: impl Read + AsFd) -> Result<(), Error> {
        let open = |error| Error::Open { name: name.to_owned(), error };
        let (pipe, tells) = Pipe::new(pipe, self.progress);
        let (form, mut reader) = form(pipe).map_err(open)?;
        if form != Form::Zip {
            tells.store(true, Ordering::Relaxed);
            return self.stream(name, reader);
        }
        let mut file = tempfile::tempfile().map_err(open)?;
        io::copy(&mut reader, &mut file).map_err(open)?;
        file.rewind().map_err(open)?;
        self.archive(name, BufReader::new(file))
    }

    /// An archive, such as the Export API gives: files of lines, gzipped.
    fn archive(&mut self, name: &str, reader: impl Read + Seek) -> Result<(), Error> {
        let counted = Counted { reader, progress: self.progress };
        let failed = |error| Error::Zip { name: name.to_owned(), error };
        let mut archive = zip::ZipArchive::new(counted).map_err(failed)?;
        for index in 0..archive.len() {
            if let Err(error) = self.entry(name, &mut archive, index) {
                if matches!(error, Error::Bomb { .. }) {
                    // The next one may be a bomb as well.
                    return Err(error);
                }
                self.errors.push(error);
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        name: &str,
        archive: &mut zip::ZipArchive<impl Read + Seek>,
        index: usize,
    ) -> Result<(), Error> {
        let failed = |error| Error::Zip { name: format!("{name}, file {}", index + 1), error };
        let entry = archive.by_index(index).map_err(failed)?;
        if !entry.is_file() {
            return Ok(());
        }
        let name = format!("{name}:{}", entry.name().map_err(failed)?);
        self.decoded(&name, entry)
    }

    fn stream(&mut self, name: &str, reader: impl Read) -> Result<(), Error> {
        self.decoded(name, Counted { reader, progress: self.progress })
    }

    fn decoded(&mut self, name: &str, reader: impl Read) -> Result<(), Error> {
        let name: Arc<str> = name.into();
        let failed = |line, error| Error::Read { name: Arc::clone(&name), line, error };
        let mut reader = plain_or_gzip(reader).map_err(|error| failed(1, error))?;
        let mut framer = Framer::new(self.event_bytes);
        let mut piece = vec![0; PIECE];
        let mut silent = 0;
        let ended = loop {
            if self.progress.stop.load(Ordering::Relaxed) {
                self.any = true;
                return Ok(());
            }
            let count = match reader.read(&mut piece) {
                Ok(0) => break Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.receiver.idle();
                    continue;
                }
                Err(error) => break Err(failed(framer.line(), error)),
            };
            silent += count as u64;
            let receiver = &mut self.receiver;
            framer.feed(piece.get(..count).unwrap_or_default(), &mut |item| {
                silent = 0;
                receiver.item(&name, item);
            });
            if silent > SILENT_BYTES {
                break Err(Error::Bomb { name: Arc::clone(&name), line: framer.line(), bytes: silent });
            }
        };
        let receiver = &mut self.receiver;
        let end = framer.finish(&mut |item| receiver.item(&name, item));
        self.any |= end != End::Empty;
        ended?;
        match end {
            End::Truncated { line } => Err(Error::Truncated { name, line }),
            End::Complete | End::Empty => Ok(()),
        }
    }
}

/// Counts what is read.
struct Counted<'a, R> {
    reader: R,
    progress: &'a Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.progress.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<R: Seek> Seek for Counted<'_, R> {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        self.reader.seek(position)
    }
}
