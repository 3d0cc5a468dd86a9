//! What a tenant's groups, or users, were last said to be.
//!
//! The memory in RAM is a copy of facts in the queue. A change is first worked out aside, in
//! [`Changes`], written by the queue in the same commit as the events that made it, and only then
//! applied here, so that memory and disk never differ. Both are bounded: the one that was not asked
//! for the longest goes, from memory and from disk.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::properties::Properties;
use crate::queue::{DedupKey, Fact, Space};

/// Most bytes of the properties of one group or user. What would make them larger is not remembered.
pub(super) const MOST_BYTES_OF_ONE: usize = 32 * 1024;
/// Most bytes of all of a tenant.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// How many of the last changes are known by their key, so that one that is sent again changes
/// nothing.
const MOST_SEEN: usize = 8192;

#[derive(Debug)]
struct Known {
    texts: LruCache<Box<str>, Arc<str>>,
    bytes: usize,
    seen: LruCache<DedupKey, ()>,
}

impl Known {
    fn put(&mut self, key: Box<str>, text: Arc<str>) {
        self.bytes += text.len() + key.len();
        if let Some((key, old)) = self.texts.push(key, text) {
            self.bytes = self.bytes.saturating_sub(old.len() + key.len());
        }
    }

    fn forget(&mut self, key: &str) {
        if let Some(old) = self.texts.pop(key) {
            self.bytes = self.bytes.saturating_sub(old.len() + key.len());
        }
    }
}

/// The last properties of a tenant's groups or users.
#[derive(Debug)]
pub(super) struct Memory {
    space: Space,
    known: Mutex<Known>,
}

impl Memory {
    pub(super) fn new(space: Space) -> Self {
        let known = Known { texts: LruCache::unbounded(), bytes: 0, seen: LruCache::unbounded() };
        Self { space, known: Mutex::new(known) }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.lock().texts.len()
    }

    /// What is known of one: an object as text.
    pub(super) fn get(&self, key: &str) -> Option<Arc<str>> {
        self.lock().texts.get(key).cloned()
    }

    /// Takes up facts, oldest first, at most `most`. Gives those that are to be deleted.
    pub(super) fn load(&self, facts: Vec<(Vec<u8>, Vec<u8>)>, most: usize) -> Vec<Fact> {
        let mut known = self.lock();
        let mut gone = Vec::new();
        for (key, value) in facts {
            match (String::from_utf8(key), String::from_utf8(value)) {
                (Ok(key), Ok(text)) if json_text::Fields::of(&text).is_ok() && json_text::check(&text).is_ok() => {
                    known.put(key.into(), text.into());
                }
                (key, _) => gone.push(key.map_or_else(|error| error.into_bytes(), String::into_bytes)),
            }
            while known.texts.len() > most || known.bytes > MOST_BYTES {
                let Some(oldest) = known.texts.peek_lru().map(|(key, _)| key.clone()) else { break };
                known.forget(&oldest);
                gone.push(oldest.into_string().into_bytes());
            }
        }
        gone.into_iter().map(|key| Fact { space: self.space, key, value: None }).collect()
    }

    /// What is to be written and, when it is, applied.
    pub(super) fn plan(&self, changes: Changes, most: usize) -> Plan {
        let known = self.lock();
        let Changes { mut texts, order, seen, .. } = changes;
        let old_size = |key: &str| known.texts.peek(key).map(|text| key.len() + text.len());
        let replaced: Vec<usize> = order.iter().filter_map(|key| old_size(key)).collect();
        let new = texts.iter().filter_map(|(key, text)| text.as_ref().map(|text| key.len() + text.len()));
        let (added, added_bytes) = new.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size));
        let mut count = known.texts.len() - replaced.len() + added;
        let mut bytes = known.bytes.saturating_sub(replaced.iter().sum()) + added_bytes;
        let mut evicted = Vec::new();
        for (key, text) in known.texts.iter().rev() {
            if count <= most && bytes <= MOST_BYTES {
                break;
            }
            if !texts.contains_key(key) {
                count -= 1;
                bytes = bytes.saturating_sub(key.len() + text.len());
                evicted.push(key.clone());
            }
        }
        // So many were changed that not even these have room: the first ones go.
        for key in &order {
            if count <= most && bytes <= MOST_BYTES {
                break;
            }
            if let Some(text) = texts.get_mut(key).and_then(Option::take) {
                count -= 1;
                bytes = bytes.saturating_sub(key.len() + text.len());
            }
        }
        let puts = order.into_iter().map(|key| (texts.remove(&key).flatten(), key)).map(|(text, key)| (key, text));
        Plan { space: self.space, puts: puts.collect(), evicted, seen }
    }

    /// Applies what was written.
    pub(super) fn apply(&self, plan: Plan) {
        let mut known = self.lock();
        for key in plan.evicted {
            known.forget(&key);
        }
        for (key, text) in plan.puts {
            match text {
                Some(text) => known.put(key, text),
                None => known.forget(&key),
            }
        }
        for key in plan.seen {
            known.seen.put(key, ());
        }
        while known.seen.len() > MOST_SEEN {
            known.seen.pop_lru();
        }
    }
}

/// Changes that are worked out, event by event, and not applied yet.
#[derive(Debug, Default)]
pub(super) struct Changes {
    texts: HashMap<Box<str>, Option<Arc<str>>>,
    /// The keys of `texts`, by their first change.
    order: Vec<Box<str>>,
    seen: HashSet<DedupKey>,
    /// Bytes that were read and written to work them out.
    work: usize,
}

impl Changes {
    /// Bytes that were read and written to work them out.
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// Whether an event with this key made its change already. From now on it did.
    pub(super) fn is_repeated(&mut self, memory: &Memory, key: Option<DedupKey>) -> bool {
        key.is_some_and(|key| memory.lock().seen.contains(&key) || !self.seen.insert(key))
    }

    /// What is known of one after the changes so far.
    pub(super) fn get(&self, memory: &Memory, key: &str) -> Option<Arc<str>> {
        match self.texts.get(key) {
            Some(text) => text.clone(),
            None => memory.get(key),
        }
    }

    /// Applies the properties of an event to one. Gives false if they would become too large: then
    /// they stay as they were.
    pub(super) fn change(&mut self, memory: &Memory, key: String, change: &str) -> bool {
        let before = self.get(memory, &key);
        let mut properties = before.as_deref().map(Properties::read).unwrap_or_default();
        properties.apply(change);
        let text = (!properties.is_empty()).then(|| properties.text());
        self.work += change.len() + before.map_or(0, |text| text.len()) + text.as_ref().map_or(0, String::len);
        if text.as_ref().is_some_and(|text| text.len() > MOST_BYTES_OF_ONE) {
            return false;
        }
        let key = key.into_boxed_str();
        if self.texts.insert(key.clone(), text.map(Arc::from)).is_none() {
            self.order.push(key);
        }
        true
    }
}

/// Changes that are being written.
#[derive(Debug)]
pub(super) struct Plan {
    space: Space,
    puts: Vec<(Box<str>, Option<Arc<str>>)>,
    evicted: Vec<Box<str>>,
    seen: HashSet<DedupKey>,
}

impl Plan {
    /// The same as facts.
    pub(super) fn facts(&self) -> impl Iterator<Item = Fact> {
        let fact = |key: &str, value: Option<&str>| Fact {
            space: self.space,
            key: key.as_bytes().to_vec(),
            value: value.map(|value| value.as_bytes().to_vec()),
        };
        let evicted = self.evicted.iter().map(move |key| fact(key, None));
        self.puts.iter().map(move |(key, text)| fact(key, text.as_deref())).chain(evicted)
    }
}
