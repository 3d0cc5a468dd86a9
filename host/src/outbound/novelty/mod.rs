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
//!
//! What changes comes out as [`Row`]s, so that it can be kept on disk together with the record of
//! the delivery, and be read in again.

mod memory;
mod rows;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::accoil::{Call, EMPTY_BAG};
use crate::event::now_ms;
use memory::Memory;
pub use rows::Row;

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

impl Novelty {
    /// A memory of at most `entries` users, as many accounts, and as many memberships.
    pub fn new(entries: NonZeroUsize) -> Self {
        Self::of(Memory::new(entries, Duration::MAX))
    }

    /// The same, filled with rows that came out of an earlier one, each with its time in
    /// milliseconds since 1970. What is older than `keep` counts as forgotten.
    pub fn restore(
        entries: NonZeroUsize,
        keep: Duration,
        rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>, u64)>,
    ) -> Self {
        let mut memory = Memory::new(entries, keep);
        let mut rows: Vec<_> = rows.into_iter().collect();
        // The one that was used last must be forgotten last.
        rows.sort_by_key(|(_, _, at)| *at);
        for (key, value, at) in rows {
            memory.restore(&key, &value, at);
        }
        Self::of(memory)
    }

    fn of(memory: Memory) -> Self {
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
        self.lock().decide(call, now_ms())
    }

    /// Whether a later identify of the same user was delivered: then this one, sent again long
    /// after its turn, would set the user's traits back.
    pub fn is_superseded(&self, call: &Call) -> bool {
        match call {
            Call::Identify { user_id, timestamp, .. } => {
                self.lock().was_identified_after(&digest(&[user_id]), instant(timestamp.as_deref()), now_ms())
            }
            _ => false,
        }
    }

    /// Remembers a call that was delivered, in the form in which `decision` had it sent. Gives what
    /// changed.
    pub fn delivered(&self, call: &Call, decision: Decision) -> Vec<Row> {
        self.lock().delivered(call, decision, now_ms())
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // A panic elsewhere leaves the tables whole: every change is one call of the cache.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
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
