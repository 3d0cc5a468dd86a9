//! What says nothing new is not sent.
//!
//! Most events repeat what Accoil already knows of a user and an account. This memory holds what
//! was last *delivered* to one destination and answers, for each call, whether it says anything
//! else:
//!
//! - an identify, when user, group and traits equal the last one delivered for the user. A user
//!   never identified gets one even with empty traits, since Accoil attributes tracks to known
//!   users only;
//! - a group, when its traits equal the last ones delivered for the account and its user was
//!   delivered as a member of it. The two are remembered apart, since an account's traits come from
//!   many users: one that comes back to an account whose traits another has changed since must not
//!   be taken for a repetition, nor must each change of user cost a call;
//! - a track always does.
//!
//! Timestamps do not count in these comparisons, but traits of an account with an older timestamp
//! never overwrite those with a newer one. Such a call goes out without its traits if it is the
//! only one to make its user a member, else not at all. A call without a readable timestamp is
//! taken as current and moves no mark.
//!
//! The memory is bounded: each of its three tables forgets what was used longest ago, which costs a
//! repeated call at worst. It keeps digests (128 bits of SHA-256), not ids or traits, so an entry
//! has the same small size whatever is in an event. One memory belongs to one destination
//! ([`super::Destination::fingerprint`]).

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lru::LruCache;
use sha2::{Digest as _, Sha256};

use crate::accoil::{Call, EMPTY_BAG};

/// How many locks the accounts share. Two accounts on one lock wait for each other, which costs
/// time, never order.
const LOCKS: usize = 1024;

/// What to do with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It says something new.
    Send,
    /// Its traits are out of date, its membership is new.
    SendWithoutTraits,
    /// It repeats what was delivered, or is out of date.
    NothingNew,
}

/// What was delivered to one destination.
#[derive(Debug)]
pub struct Novelty {
    memory: Mutex<Memory>,
    locks: Vec<tokio::sync::Mutex<()>>,
}

type Digest = [u8; 16];

#[derive(Debug)]
struct Memory {
    users: LruCache<Digest, Identified>,
    groups: LruCache<Digest, Described>,
    /// Pairs of account and user; the user may be none.
    members: LruCache<Digest, ()>,
}

/// The last identify of a user.
#[derive(Debug)]
struct Identified {
    group: Option<Digest>,
    /// Group and traits together.
    said: Digest,
}

/// The last traits of an account, and the newest timestamp under which they were said.
#[derive(Debug)]
struct Described {
    traits: Digest,
    newest: Option<Timestamp>,
}

impl Novelty {
    /// A memory of at most `entries` users, as many accounts, and as many memberships.
    pub fn new(entries: NonZeroUsize) -> Self {
        let memory =
            Memory { users: LruCache::new(entries), groups: LruCache::new(entries), members: LruCache::new(entries) };
        Self { memory: Mutex::new(memory), locks: (0..LOCKS).map(|_| tokio::sync::Mutex::new(())).collect() }
    }

    /// Keeps others from sending about the call's account until the guard is dropped: between
    /// decision and answer nobody else may change what was delivered. Users need no lock, their
    /// lane is one. Calls other than group get `None`.
    pub async fn lock_group(&self, call: &Call) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let Call::Group { group_id, .. } = call else {
            return None;
        };
        let [high, low, ..] = digest(&[group_id]);
        let index = usize::from(u16::from_be_bytes([high, low])) % LOCKS;
        match self.locks.get(index) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        }
    }

    /// Decides about a call, by what was delivered until now.
    pub fn decide(&self, call: &Call) -> Decision {
        let mut memory = self.lock();
        match call {
            Call::Identify { user_id, group_id, traits, .. } => {
                let said = said(group_id.as_deref(), traits);
                let last = memory.users.get(&digest(&[user_id]));
                if last.is_some_and(|last| last.said == said) { Decision::NothingNew } else { Decision::Send }
            }
            Call::Group { group_id, user_id, traits, timestamp } => {
                memory.decide_group(group_id, user_id.as_deref(), traits, timestamp.as_deref())
            }
            Call::Track { .. } | Call::Combined { .. } => Decision::Send,
        }
    }

    /// Remembers a call that was delivered, in the form in which `decision` had it sent.
    pub fn delivered(&self, call: &Call, decision: Decision) {
        let mut memory = self.lock();
        match call {
            Call::Identify { user_id, group_id, traits, .. } => {
                let group = group_id.as_deref().map(|group| digest(&[group]));
                let identified = Identified { group, said: said(group_id.as_deref(), traits) };
                memory.users.put(digest(&[user_id]), identified);
            }
            Call::Group { group_id, user_id, traits, timestamp } => {
                memory.members.put(membership(group_id, user_id.as_deref()), ());
                if decision == Decision::Send {
                    memory.describe(group_id, traits, timestamp.as_deref());
                }
            }
            Call::Track { .. } | Call::Combined { .. } => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // A panic elsewhere leaves the tables whole: every change is one call of the cache.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn decide_group(&mut self, group: &str, user: Option<&str>, traits: &str, timestamp: Option<&str>) -> Decision {
        let is_member = self.members.get(&membership(group, user)).is_some();
        let Some(last) = self.groups.get_mut(&digest(&[group])) else {
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
            Some(user) if !is_member && !self.was_identified_in(user, group) => Decision::SendWithoutTraits,
            _ => Decision::NothingNew,
        }
    }

    /// Whether the user's last identify named this account, which makes the user a member too.
    fn was_identified_in(&mut self, user: &str, group: &str) -> bool {
        let last = self.users.get(&digest(&[user]));
        last.is_some_and(|last| last.group == Some(digest(&[group])))
    }

    fn describe(&mut self, group: &str, traits: &str, timestamp: Option<&str>) {
        let key = digest(&[group]);
        let before = self.groups.get(&key).and_then(|last| last.newest);
        let described = Described { traits: digest(&[traits]), newest: before.max(instant(timestamp)) };
        self.groups.put(key, described);
    }
}

/// The call with its traits left out, for [`Decision::SendWithoutTraits`].
pub fn without_traits(call: &Call) -> Call {
    let mut call = call.clone();
    if let Call::Group { traits, .. } = &mut call {
        EMPTY_BAG.clone_into(traits);
    }
    call
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

/// A digest of several texts that does not confuse where one ends and the next begins.
fn digest(parts: &[&str]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let whole: [u8; 32] = hash.finalize().into();
    let mut half = Digest::default();
    half.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    half
}

fn instant(timestamp: Option<&str>) -> Option<Timestamp> {
    timestamp?.parse().ok()
}
