//! Counts by name, for so many names and no more.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// Something that counts.
pub(super) trait Count: Clone + Default {
    /// Adds what another one counted.
    fn merge(&mut self, other: &Self);
}

/// Counts for the names that came first, and for all others together.
#[derive(Clone, Debug)]
pub(super) struct Names<K, T> {
    bound: usize,
    known: HashMap<K, T>,
    other: Option<T>,
}

impl<K, T> Names<K, T> {
    pub(super) fn new(bound: usize) -> Self {
        Self { bound, known: HashMap::new(), other: None }
    }

    pub(super) fn known(&self) -> impl Iterator<Item = (&K, &T)> {
        self.known.iter()
    }

    pub(super) fn other(&self) -> Option<&T> {
        self.other.as_ref()
    }
}

impl<K: Eq + Hash, T: Count> Names<K, T> {
    /// Counts under a name.
    pub(super) fn count<Q>(&mut self, name: &Q, count: impl FnOnce(&mut T))
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(counts) = self.known.get_mut(name) {
            count(counts);
        } else if self.known.len() < self.bound {
            count(self.known.entry(name.to_owned()).or_default());
        } else {
            count(self.other.get_or_insert_default());
        }
    }

    /// Adds what another one counted. Names beyond the bound count as others.
    pub(super) fn merge(&mut self, other: &Self)
    where
        K: Clone + Ord,
    {
        // In an order of their own, so that the same parts always give the same names.
        let mut theirs: Vec<_> = other.known.iter().collect();
        theirs.sort_unstable_by_key(|(name, _)| *name);
        theirs.into_iter().for_each(|(name, counts)| self.count(name, |mine| mine.merge(counts)));
        if let Some(counts) = &other.other {
            self.other.get_or_insert_default().merge(counts);
        }
    }
}

/// As much of a text as `bytes` hold, cut between characters.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}
