//! Compiled code in a folder, so that a start need not compile.
//!
//! Code is run as it is, so a file is believed only if this user alone can have written it, if its
//! digest fits, and if it says itself that it is of this component, engine and limits. All else is
//! removed and made again. A folder that can't be used costs time and nothing else.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::wire::CODE_BYTES;
use crate::sandbox::{About, Plugin, Sandbox, World};

/// Most files.
const FILES: usize = 256;

const ENDING: &str = "code";

/// How old a file has to be that an earlier process left half written.
const LEFT_OVER: Duration = Duration::from_secs(60 * 60);

const DIGEST_BYTES: usize = 32;
const LENGTH_BYTES: usize = size_of::<u32>();

/// What code is of: a component, and all that its code depends on besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn new(sandbox: &Sandbox, component: &[u8]) -> Self {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut compatibility = hex(&sandbox.compatibility());
        compatibility.truncate(32);
        Self(format!("{}-{compatibility}", hex(&Sha256::digest(component))))
    }
}

/// A folder of compiled code.
pub(super) struct Cache {
    folder: PathBuf,
    most_bytes: u64,
}

/// What stands in a file before the code.
#[derive(Serialize, Deserialize)]
struct Head {
    key: String,
    about: About,
}

impl Cache {
    pub(super) fn new(folder: &Path, most_bytes: u64) -> Self {
        Self { folder: folder.to_owned(), most_bytes }
    }

    /// The plugin of a key, if it is kept.
    pub(super) fn load<W: World>(&self, sandbox: &Sandbox, key: &Key) -> Option<Plugin<W>> {
        let path = self.path(key);
        let loaded = match self.read(&path) {
            Ok(bytes) => parse(&bytes, key)
                .and_then(|(about, code)| sandbox.load(about, code).map_err(|refusal| refusal.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => Err(error.to_string()),
        };
        match loaded {
            Ok(plugin) => Some(plugin),
            Err(problem) => {
                tracing::warn!(file = %path.display(), "compiled code is removed and made again: {problem}");
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Keeps code. When that can't be, it is made again next time.
    pub(super) fn keep(&self, key: &Key, about: &About, code: &[u8]) {
        if let Err(error) = self.write(key, about, code).and_then(|()| self.prune()) {
            tracing::warn!(folder = %self.folder.display(), "compiled code can't be kept: {error}");
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(&key.0).with_extension(ENDING)
    }

    /// Reads a file that nobody else can have written.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        is_own(&fs::symlink_metadata(&self.folder)?)?;
        let no_follow = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(no_follow.bits().cast_signed()).open(path)?;
        let metadata = file.metadata()?;
        is_own(&metadata)?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let mut bytes = Vec::new();
        (&file).take(CODE_BYTES as u64).read_to_end(&mut bytes)?;
        // What was used last goes last. Without it, it goes earlier.
        let _ = file.set_modified(SystemTime::now());
        Ok(bytes)
    }

    fn write(&self, key: &Key, about: &About, code: &[u8]) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        is_own(&fs::symlink_metadata(&self.folder)?)?;
        let head = serde_json::to_vec(&Head { key: key.0.clone(), about: about.clone() })?;
        let length = u32::try_from(head.len()).map_err(io::Error::other)?.to_le_bytes();
        let size = DIGEST_BYTES + LENGTH_BYTES + head.len() + code.len();
        if size as u64 > self.most_bytes {
            return Ok(());
        }
        let digest = Sha256::new().chain_update(length).chain_update(&head).chain_update(code).finalize();
        let mut file = tempfile::Builder::new().prefix(".").tempfile_in(&self.folder)?;
        for part in [digest.as_slice(), &length, &head, code] {
            file.write_all(part)?;
        }
        file.as_file().sync_all()?;
        file.persist(self.path(key)).map_err(|error| error.error)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Removes what was not used for longest, until the rest is within bounds.
    fn prune(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let used = metadata.modified()?;
            let is_code = entry.path().extension().is_some_and(|ending| ending == ENDING);
            if is_code {
                files.push((used, metadata.len(), entry.path()));
            } else if used.elapsed().is_ok_and(|age| age > LEFT_OVER) && metadata.is_file() {
                fs::remove_file(entry.path())?;
            }
        }
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, size, _)| size).sum();
        let mut count = files.len();
        for (_, size, path) in files {
            if bytes <= self.most_bytes && count <= FILES {
                break;
            }
            fs::remove_file(path)?;
            bytes = bytes.saturating_sub(size);
            count -= 1;
        }
        Ok(())
    }
}

/// Fails unless only this user can write it.
fn is_own(metadata: &fs::Metadata) -> io::Result<()> {
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() == user && metadata.mode() & 0o022 == 0 {
        Ok(())
    } else {
        Err(io::Error::other("others can write to it, or it belongs to another user"))
    }
}

/// What is in a file, if all of it is as it was written.
fn parse<'a>(bytes: &'a [u8], key: &Key) -> Result<(About, &'a [u8]), String> {
    let damaged = || "it is damaged".to_owned();
    let (digest, rest) = bytes.split_at_checked(DIGEST_BYTES).ok_or_else(damaged)?;
    if Sha256::digest(rest).as_slice() != digest {
        return Err(damaged());
    }
    let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or_else(damaged)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|error| error.to_string())?;
    let (head, code) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let head: Head = serde_json::from_slice(head).map_err(|error| error.to_string())?;
    if head.key == key.0 { Ok((head.about, code)) } else { Err("it is of another component or engine".to_owned()) }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
