//! Files and folders whose changes are gone with the power unless they were synced.
//!
//! It promises what POSIX does and no more: a file's bytes are on the disk after its `fsync` or `fdatasync`, a name after the
//! `fsync` of its folder. Real file systems keep more (with ext4 the sync of a new file keeps its name as well), so what
//! survives here survives there. Names of a folder change in order, as they do where there is a journal; modes are kept.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::time::SystemTime;

use rustix::io::Errno;

use super::file::{Content, Loss};
use crate::oracle::load::Random;

/// The number of the outermost folder.
pub(super) const ROOT: u64 = 1;

type Names = BTreeMap<OsString, u64>;

/// A folder's names: as they were synced, and after each change since.
#[derive(Debug)]
pub(super) struct Folder(Vec<Names>);

impl Folder {
    pub(super) fn names(&self) -> &Names {
        self.0.last().unwrap()
    }

    fn change(&mut self, change: impl FnOnce(&mut Names) -> Option<u64>) {
        let mut names = self.names().clone();
        change(&mut names);
        self.0.push(names);
    }
}

/// What a number stands for.
#[derive(Debug)]
pub(super) enum Kind {
    File(Content),
    Folder(Folder),
}

/// A file or folder.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) mode: u32,
    pub(super) made: SystemTime,
    pub(super) kind: Kind,
}

/// All of them, by number.
#[derive(Debug)]
pub(crate) struct Store {
    nodes: BTreeMap<u64, Node>,
    next: u64,
    /// Bytes that there is room for.
    pub(super) capacity: u64,
}

impl Store {
    pub(super) fn new() -> Self {
        let mut store = Self { nodes: BTreeMap::new(), next: ROOT, capacity: 1 << 30 };
        store.add(0o755, true);
        store
    }

    fn add(&mut self, mode: u32, is_folder: bool) -> u64 {
        let kind = match is_folder {
            true => Kind::Folder(Folder(vec![Names::new()])),
            false => Kind::File(Content::default()),
        };
        let number = self.next;
        self.nodes.insert(number, Node { mode, made: SystemTime::now(), kind });
        self.next += 1;
        number
    }

    pub(super) fn node(&self, number: u64) -> Result<&Node, Errno> {
        self.nodes.get(&number).ok_or(Errno::NOENT)
    }

    pub(super) fn set_mode(&mut self, number: u64, mode: u32) {
        if let Some(node) = self.nodes.get_mut(&number) {
            node.mode = mode & 0o7777;
        }
    }

    pub(super) fn file(&mut self, number: u64) -> Result<&mut Content, Errno> {
        match self.nodes.get_mut(&number).map(|node| &mut node.kind) {
            Some(Kind::File(content)) => Ok(content),
            Some(Kind::Folder(_)) => Err(Errno::ISDIR),
            None => Err(Errno::NOENT),
        }
    }

    fn folder(&mut self, number: u64) -> Result<&mut Folder, Errno> {
        match self.nodes.get_mut(&number).map(|node| &mut node.kind) {
            Some(Kind::Folder(folder)) => Ok(folder),
            Some(Kind::File(_)) => Err(Errno::NOTDIR),
            None => Err(Errno::NOENT),
        }
    }

    pub(super) fn look_up(&mut self, folder: u64, name: &OsStr) -> Result<u64, Errno> {
        self.folder(folder)?.names().get(name).copied().ok_or(Errno::NOENT)
    }

    pub(super) fn make(&mut self, folder: u64, name: &OsStr, mode: u32, is_folder: bool) -> Result<u64, Errno> {
        if self.look_up(folder, name).is_ok() {
            return Err(Errno::EXIST);
        }
        let number = self.add(mode & 0o7777, is_folder);
        self.folder(folder)?.change(|names| names.insert(name.to_owned(), number));
        Ok(number)
    }

    /// The file itself stays for those who have it open.
    pub(super) fn unlink(&mut self, folder: u64, name: &OsStr) -> Result<(), Errno> {
        self.look_up(folder, name)?;
        self.folder(folder)?.change(|names| names.remove(name));
        Ok(())
    }

    /// Within a folder; more is never asked for.
    pub(super) fn rename(&mut self, folder: u64, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        let number = self.look_up(folder, from)?;
        self.folder(folder)?.change(|names| {
            names.remove(from);
            names.insert(to.to_owned(), number)
        });
        Ok(())
    }

    /// Writes as much as there is room for.
    pub(super) fn write(&mut self, number: u64, at: usize, bytes: &[u8]) -> Result<usize, Errno> {
        let room = self.capacity.saturating_sub(self.used()) as usize;
        let file = self.file(number)?;
        let bytes = &bytes[..bytes.len().min((file.bytes().len() + room).saturating_sub(at))];
        if bytes.is_empty() {
            return Err(Errno::NOSPC);
        }
        file.write(at, bytes);
        Ok(bytes.len())
    }

    /// Bytes of the files that have a name.
    pub(super) fn used(&self) -> u64 {
        self.reachable(ROOT)
            .into_iter()
            .map(|number| match &self.nodes[&number].kind {
                Kind::File(content) => content.bytes().len() as u64,
                Kind::Folder(_) => 0,
            })
            .sum()
    }

    fn reachable(&self, from: u64) -> Vec<u64> {
        let mut found = vec![from];
        if let Kind::Folder(folder) = &self.nodes[&from].kind {
            folder.names().values().for_each(|number| found.extend(self.reachable(*number)));
        }
        found
    }

    pub(super) fn sync(&mut self, number: u64) -> Result<(), Errno> {
        match &mut self.nodes.get_mut(&number).ok_or(Errno::NOENT)?.kind {
            Kind::File(content) => content.sync(),
            Kind::Folder(folder) => drop(folder.0.drain(..folder.0.len() - 1)),
        }
        Ok(())
    }

    /// The power is cut.
    pub(super) fn lose(&mut self, loss: Loss, random: &mut Random) {
        for node in self.nodes.values_mut() {
            match &mut node.kind {
                Kind::File(content) => content.lose(loss, random),
                Kind::Folder(Folder(states)) => {
                    let kept = states.swap_remove(loss.pick(states.len(), random));
                    *states = vec![kept];
                }
            }
        }
        let kept = self.reachable(ROOT);
        self.nodes.retain(|number, _| kept.contains(number));
    }
}
