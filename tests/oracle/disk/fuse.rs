//! The store as a file system that programs use.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen,
    ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::State;
use super::store::{Kind, Store};

/// Nothing changes but by way of the kernel, which may remember it therefore.
const TTL: Duration = Duration::from_secs(3600);
const BLOCK: u64 = 4096;

/// One mounting of a disk, from power to power.
pub(super) struct Mounted {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) generation: u32,
}

impl Mounted {
    /// The disk, if it is not without power since.
    fn state(&self) -> Result<MutexGuard<'_, State>, Errno> {
        let state = self.state.lock().unwrap();
        if state.is_on && state.generation == self.generation { Ok(state) } else { Err(Errno::EIO) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Store) -> Result<T, rustix::io::Errno>) -> Result<T, Errno> {
        act(&mut self.state()?.store).map_err(errno)
    }
}

pub(super) fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_i32(error.raw_os_error())
}

fn attributes(store: &Store, number: u64) -> Result<FileAttr, rustix::io::Errno> {
    let node = store.node(number)?;
    let (kind, size, nlink) = match &node.kind {
        Kind::File(content) => (FileType::RegularFile, content.bytes().len() as u64, 1),
        Kind::Folder(_) => (FileType::Directory, 0, 2),
    };
    Ok(FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: node.made,
        mtime: node.made,
        ctime: node.made,
        crtime: node.made,
        kind,
        perm: node.mode as u16,
        nlink,
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        rdev: 0,
        blksize: BLOCK as u32,
        flags: 0,
    })
}

fn answer(reply: ReplyEmpty, result: Result<(), Errno>) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn answer_entry(reply: ReplyEntry, result: Result<FileAttr, Errno>) {
    match result {
        Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Mounted {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        answer_entry(
            reply,
            self.with(|store| store.look_up(parent.0, name).and_then(|number| attributes(store, number))),
        );
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.with(|store| attributes(store, ino.0)) {
            Ok(attributes) => reply.attr(&TTL, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let changed = self.with(|store| {
            if let Some(size) = size {
                store.file(ino.0)?.set_len(size as usize);
            }
            if let Some(mode) = mode {
                store.set_mode(ino.0, mode);
            }
            attributes(store, ino.0)
        });
        match changed {
            Ok(attributes) => reply.attr(&TTL, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        let made = self.with(|store| {
            let number = store.make(parent.0, name, mode & !umask, true)?;
            attributes(store, number)
        });
        answer_entry(reply, made);
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, _: i32, reply: ReplyCreate) {
        let made = self.with(|store| {
            let number = store.make(parent.0, name, mode & !umask, false)?;
            attributes(store, number)
        });
        match made {
            Ok(attributes) => {
                reply.created(&TTL, &attributes, Generation(0), FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
            }
            Err(error) => reply.error(error),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(reply, self.with(|store| store.unlink(parent.0, name)));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if newparent != parent || !flags.is_empty() {
            return reply.error(Errno::EINVAL);
        }
        answer(reply, self.with(|store| store.rename(parent.0, name, newname)));
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let read = self.with(|store| {
            let bytes = store.file(ino.0)?.bytes();
            let from = bytes.len().min(offset as usize);
            Ok(bytes[from..bytes.len().min(from + size as usize)].to_vec())
        });
        match read {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.state().and_then(|mut state| state.write(ino.0, offset as usize, data).map_err(errno)) {
            Ok(written) => reply.written(written as u32),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, request: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer(reply, self.state().and_then(|mut state| state.sync(ino.0, request.pid()).map_err(errno)));
    }

    fn fsyncdir(&self, request: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer(reply, self.state().and_then(|mut state| state.sync(ino.0, request.pid()).map_err(errno)));
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listed = self.with(|store| match &store.node(ino.0)?.kind {
            Kind::File(_) => Err(rustix::io::Errno::NOTDIR),
            Kind::Folder(folder) => {
                let kind = |number: &u64| Ok(attributes(store, *number)?.kind);
                folder.names().iter().map(|(name, number)| Ok((*number, kind(number)?, name.clone()))).collect()
            }
        });
        let entries: Vec<_> = match listed {
            Ok(entries) => entries,
            Err(error) => return reply.error(error),
        };
        for (place, (number, kind, name)) in entries.into_iter().enumerate().skip(offset as usize) {
            if reply.add(INodeNo(number), place as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        match self.with(|store| Ok((store.capacity, store.capacity.saturating_sub(store.used())))) {
            Ok((all, free)) => {
                let (all, free) = (all / BLOCK, free / BLOCK);
                reply.statfs(all, free, free, 1 << 20, 1 << 20, BLOCK as u32, 255, BLOCK as u32);
            }
            Err(error) => reply.error(error),
        }
    }
}
