//! What is counted under a name, and how it is told.

use super::kind::{Kind, Kinds};
use super::names::{Count, Names};
use super::summary::{Key, Move, Slice, Table, share};

/// Events that have something in common.
#[derive(Clone, Debug, Default)]
pub(super) struct SliceCounts {
    pub(super) compared: u64,
    pub(super) differing: u64,
    of_kind: [u64; Kind::COUNT],
}

impl SliceCounts {
    pub(super) fn add(&mut self, kinds: Kinds) {
        self.compared += 1;
        if !kinds.is_empty() {
            self.differing += 1;
            let of_kind = self.of_kind.iter_mut().zip(Kind::ALL);
            of_kind.filter(|(_, kind)| kinds.contains(*kind)).for_each(|(events, _)| *events += 1);
        }
    }

    /// The kinds that there are, with the number of events.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL.into_iter().zip(self.of_kind).filter(|(_, events)| *events > 0)
    }
}

impl Count for SliceCounts {
    fn merge(&mut self, other: &Self) {
        self.compared += other.compared;
        self.differing += other.differing;
        self.of_kind.iter_mut().zip(other.of_kind).for_each(|(mine, theirs)| *mine += theirs);
    }
}

/// How often a key of bags differs.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyCounts {
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) changed: u64,
}

impl Count for KeyCounts {
    fn merge(&mut self, other: &Self) {
        self.added += other.added;
        self.removed += other.removed;
        self.changed += other.changed;
    }
}

impl Count for u64 {
    fn merge(&mut self, other: &Self) {
        *self += other;
    }
}

/// The type of a group before and after; empty where there is none.
pub(super) type TypeMove = (String, String);

pub(super) fn slices(counts: &Names<String, SliceCounts>) -> Table<Slice> {
    let told = |name: Option<&String>, counts: &SliceCounts| Slice {
        name: name.and_then(|name| said(name)),
        compared: counts.compared,
        differing: counts.differing,
        share: share(counts.differing, counts.compared),
        differences: counts.kinds().collect(),
    };
    table(counts, told, |counts| (counts.differing, counts.compared))
}

pub(super) fn keys(counts: &Names<String, KeyCounts>) -> Table<Key> {
    let told = |name: Option<&String>, counts: &KeyCounts| Key {
        name: name.cloned(),
        added: counts.added,
        removed: counts.removed,
        changed: counts.changed,
    };
    table(counts, told, |counts| (counts.added + counts.removed + counts.changed, 0))
}

pub(super) fn moves(counts: &Names<TypeMove, u64>) -> Table<Move> {
    let told = |name: Option<&TypeMove>, times: &u64| Move {
        from: name.and_then(|(from, _)| said(from)),
        to: name.and_then(|(_, to)| said(to)),
        times: *times,
    };
    table(counts, told, |times| (*times, 0))
}

fn said(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// A table, sorted by what is worse, then by name.
fn table<K: Ord, C, T>(
    names: &Names<K, C>,
    told: impl Fn(Option<&K>, &C) -> T,
    badness: impl Fn(&C) -> (u64, u64),
) -> Table<T> {
    let mut known: Vec<(&K, &C)> = names.known().collect();
    known.sort_by(|(name, counts), (other_name, other)| {
        badness(other).cmp(&badness(counts)).then_with(|| name.cmp(other_name))
    });
    Table {
        named: known.into_iter().map(|(name, counts)| told(Some(name), counts)).collect(),
        other: names.other().map(|counts| told(None, counts)),
    }
}
