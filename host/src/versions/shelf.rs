//! Plugins that are compiled, by the digest of their component, each once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::admission::AdmissionError;

/// Those that stay compiled although nothing runs them.
const KEPT: usize = 4;

/// Plugins of one world.
pub(super) struct Shelf<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
}

struct Inner<T> {
    compiled: HashMap<String, Weak<T>>,
    /// The last few, newest last: whoever goes back to one of them need not wait.
    last: VecDeque<Arc<T>>,
    under_way: HashSet<String>,
}

/// What a look for a plugin found.
pub(super) enum Found<'a, T> {
    /// It is here.
    Here(Arc<T>),
    /// It is not, and is for the caller to take in; others who look for it wait until this is dropped.
    UnderWay(UnderWay<'a, T>),
}

/// A component that is being taken in; whatever comes of it, it is not any more when this is dropped.
pub(super) struct UnderWay<'a, T> {
    shelf: &'a Shelf<T>,
    digest: String,
}

impl<T> Shelf<T> {
    pub(super) fn new() -> Self {
        let inner = Inner { compiled: HashMap::new(), last: VecDeque::new(), under_way: HashSet::new() };
        Self { inner: Mutex::new(inner), changed: Condvar::new() }
    }

    /// Looks for a plugin, and waits while another one takes it in.
    pub(super) fn find(&self, digest: &str, patience: Duration) -> Result<Found<'_, T>, AdmissionError> {
        let inner = self.lock();
        let waited = self.changed.wait_timeout_while(inner, patience, |inner| inner.under_way.contains(digest));
        let (mut inner, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(AdmissionError::Busy { waited_s: patience.as_secs() });
        }
        if let Some(plugin) = inner.compiled.get(digest).and_then(Weak::upgrade) {
            inner.keep(&plugin);
            return Ok(Found::Here(plugin));
        }
        inner.under_way.insert(digest.to_owned());
        Ok(Found::UnderWay(UnderWay { shelf: self, digest: digest.to_owned() }))
    }

    /// Puts a plugin in its place, and gives the one that stands there.
    pub(super) fn shelve(&self, digest: &str, plugin: T) -> Arc<T> {
        let mut inner = self.lock();
        inner.compiled.retain(|_, other| other.strong_count() > 0);
        let plugin = match inner.compiled.get(digest).and_then(Weak::upgrade) {
            Some(earlier) => earlier,
            None => {
                let plugin = Arc::new(plugin);
                inner.compiled.insert(digest.to_owned(), Arc::downgrade(&plugin));
                plugin
            }
        };
        inner.keep(&plugin);
        plugin
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Inner<T> {
    fn keep(&mut self, plugin: &Arc<T>) {
        self.last.retain(|other| !Arc::ptr_eq(other, plugin));
        self.last.push_back(Arc::clone(plugin));
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }
}

impl<T> Drop for UnderWay<'_, T> {
    fn drop(&mut self) {
        self.shelf.lock().under_way.remove(&self.digest);
        self.shelf.changed.notify_all();
    }
}
