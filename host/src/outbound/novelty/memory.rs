//! The three tables, and what is read from and written to them.

use std::num::NonZeroUsize;
use std::time::Duration;

use jiff::Timestamp;
use lru::LruCache;

use super::rows::{Row, Table, read};
use super::{Decision, Digest, digest, instant};
use crate::accoil::Call;

#[derive(Debug)]
pub(super) struct Memory {
    entries: usize,
    keep_ms: u64,
    users: LruCache<Digest, Entry<Identified>>,
    groups: LruCache<Digest, Entry<Described>>,
    /// Pairs of account and user; the user may be none.
    members: LruCache<Digest, Entry<()>>,
}

#[derive(Debug)]
struct Entry<T> {
    /// When it was delivered, in milliseconds since 1970.
    at: u64,
    what: T,
}

/// The last identify of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identified {
    pub(super) group: Option<Digest>,
    /// Group and traits together.
    pub(super) said: Digest,
    /// The newest timestamp under which the user was identified.
    pub(super) newest: Option<Timestamp>,
}

/// The last traits of an account, and the newest timestamp under which they were said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) traits: Digest,
    pub(super) newest: Option<Timestamp>,
}

impl Memory {
    pub(super) fn new(entries: NonZeroUsize, keep: Duration) -> Self {
        // Bounded by hand: a bounded cache takes the room for all its entries at once.
        Self {
            entries: entries.get(),
            keep_ms: u64::try_from(keep.as_millis()).unwrap_or(u64::MAX),
            users: LruCache::unbounded(),
            groups: LruCache::unbounded(),
            members: LruCache::unbounded(),
        }
    }

    /// Takes in a row of an earlier memory; one that can't be read is as good as forgotten.
    pub(super) fn restore(&mut self, key: &[u8], value: &[u8], at: u64) {
        let mut evicted = Vec::new();
        match read(key, value) {
            Some((key, Table::Users(what))) => {
                put(&mut self.users, self.entries, key, Entry { at, what }, &mut evicted)
            }
            Some((key, Table::Groups(what))) => {
                put(&mut self.groups, self.entries, key, Entry { at, what }, &mut evicted)
            }
            Some((key, Table::Members)) => {
                put(&mut self.members, self.entries, key, Entry { at, what: () }, &mut evicted)
            }
            None => {}
        }
    }

    pub(super) fn decide(&mut self, call: &Call, now: u64) -> Decision {
        match call {
            Call::Identify { user_id, group_id, traits, .. } => {
                let said = said(group_id.as_deref(), traits);
                let last = fresh(&mut self.users, &digest(&[user_id]), self.keep_ms, now);
                if last.is_some_and(|last| last.said == said) { Decision::NothingNew } else { Decision::Send }
            }
            Call::Group { group_id, user_id, traits, timestamp } => {
                self.decide_group(group_id, user_id.as_deref(), traits, timestamp.as_deref(), now)
            }
            Call::Track { .. } | Call::Combined { .. } => Decision::Send,
        }
    }

    fn decide_group(
        &mut self,
        group: &str,
        user: Option<&str>,
        traits: &str,
        timestamp: Option<&str>,
        now: u64,
    ) -> Decision {
        let is_member = fresh(&mut self.members, &membership(group, user), self.keep_ms, now).is_some();
        let Some(last) = fresh(&mut self.groups, &digest(&[group]), self.keep_ms, now) else {
            return Decision::Send;
        };
        let timestamp = instant(timestamp);
        if last.traits == digest(&[traits]) {
            if !is_member {
                return Decision::Send;
            }
            // Said again, and so still true, at this time.
            last.newest = last.newest.max(timestamp);
            return Decision::NothingNew;
        }
        let is_out_of_date = timestamp.is_some_and(|timestamp| last.newest.is_some_and(|newest| timestamp < newest));
        match user {
            _ if !is_out_of_date => Decision::Send,
            Some(user) if !is_member && !self.was_identified_in(user, group, now) => Decision::SendWithoutTraits,
            _ => Decision::NothingNew,
        }
    }

    /// Whether the user's last identify named this account, which makes the user a member too.
    fn was_identified_in(&mut self, user: &str, group: &str, now: u64) -> bool {
        let last = fresh(&mut self.users, &digest(&[user]), self.keep_ms, now);
        last.is_some_and(|last| last.group == Some(digest(&[group])))
    }

    pub(super) fn was_identified_after(&mut self, user: &Digest, timestamp: Option<Timestamp>, now: u64) -> bool {
        let last = fresh(&mut self.users, user, self.keep_ms, now);
        match (last.and_then(|last| last.newest), timestamp) {
            (Some(newest), Some(timestamp)) => newest > timestamp,
            _ => false,
        }
    }

    pub(super) fn delivered(&mut self, call: &Call, decision: Decision, at: u64) -> Vec<Row> {
        let mut rows = Vec::new();
        match call {
            Call::Identify { user_id, group_id, traits, timestamp } => {
                let key = digest(&[user_id]);
                let group = group_id.as_deref().map(|group| digest(&[group]));
                let before = self.users.peek(&key).and_then(|last| last.what.newest);
                let newest = before.max(instant(timestamp.as_deref()));
                let what = Identified { group, said: said(group_id.as_deref(), traits), newest };
                rows.push(Row::of(key, &Table::Users(what.clone())));
                put(&mut self.users, self.entries, key, Entry { at, what }, &mut rows);
            }
            Call::Group { group_id, user_id, traits, timestamp } => {
                let member = membership(group_id, user_id.as_deref());
                rows.push(Row::of(member, &Table::Members));
                put(&mut self.members, self.entries, member, Entry { at, what: () }, &mut rows);
                if decision == Decision::Send {
                    self.describe(group_id, traits, timestamp.as_deref(), at, &mut rows);
                }
            }
            Call::Track { .. } | Call::Combined { .. } => {}
        }
        rows
    }

    fn describe(&mut self, group: &str, traits: &str, timestamp: Option<&str>, at: u64, rows: &mut Vec<Row>) {
        let key = digest(&[group]);
        let before = self.groups.peek(&key).and_then(|last| last.what.newest);
        let what = Described { traits: digest(&[traits]), newest: before.max(instant(timestamp)) };
        rows.push(Row::of(key, &Table::Groups(what.clone())));
        put(&mut self.groups, self.entries, key, Entry { at, what }, rows);
    }
}

/// The entry of a key, unless it is too old.
fn fresh<'a, T>(table: &'a mut LruCache<Digest, Entry<T>>, key: &Digest, keep_ms: u64, now: u64) -> Option<&'a mut T> {
    let entry = table.get_mut(key)?;
    (now.saturating_sub(entry.at) <= keep_ms).then_some(&mut entry.what)
}

/// Puts an entry in, and notes whose place it took.
fn put<T: Kind>(
    table: &mut LruCache<Digest, Entry<T>>,
    entries: usize,
    key: Digest,
    entry: Entry<T>,
    rows: &mut Vec<Row>,
) {
    table.put(key, entry);
    while table.len() > entries {
        let Some((evicted, _)) = table.pop_lru() else {
            return;
        };
        rows.push(Row { key: super::rows::key(T::LETTER, evicted), value: None });
    }
}

/// Which table a value belongs to.
trait Kind {
    const LETTER: u8;
}

impl Kind for Identified {
    const LETTER: u8 = super::rows::USERS;
}

impl Kind for Described {
    const LETTER: u8 = super::rows::GROUPS;
}

impl Kind for () {
    const LETTER: u8 = super::rows::MEMBERS;
}

fn said(group: Option<&str>, traits: &str) -> Digest {
    match group {
        Some(group) => digest(&[traits, group]),
        None => digest(&[traits]),
    }
}

fn membership(group: &str, user: Option<&str>) -> Digest {
    match user {
        Some(user) => digest(&[group, user]),
        None => digest(&[group]),
    }
}
