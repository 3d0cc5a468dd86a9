//! What a file holds: as programs see it, and as it is on the disk.

use crate::oracle::load::Random;

/// What a disk writes at once, if the power lets it.
const SECTOR: usize = 512;

/// How much of what was not synced is on the disk when the power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing.
    All,
    /// Each sector, name and length as it was at some moment since the last sync, one sector of each file torn.
    Some,
    /// Everything.
    None,
}

impl Loss {
    /// One of so many states since the last sync, from the oldest to the newest.
    pub(super) fn pick(self, states: usize, random: &mut Random) -> usize {
        match self {
            Self::All => 0,
            Self::Some => random.below(states as u64) as usize,
            Self::None => states - 1,
        }
    }
}

#[derive(Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                to.resize(to.len().max(at + bytes.len()), 0);
                to[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(length) => to.resize(*length, 0),
        }
    }

    /// The sectors that become others, of a file that has this length before.
    fn sectors(&self, before: usize) -> std::ops::Range<usize> {
        let bytes = match self {
            Self::Write { at, bytes } => *at..at + bytes.len(),
            Self::Length(length) => *length.min(&before)..*length.max(&before),
        };
        bytes.start / SECTOR..bytes.end.div_ceil(SECTOR)
    }
}

/// A file's bytes.
#[derive(Debug, Default)]
pub(crate) struct Content {
    bytes: Vec<u8>,
    synced: Vec<u8>,
    /// What changed since the last sync, in order.
    pending: Vec<Change>,
}

impl Content {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        self.change(Change::Write { at, bytes: bytes.to_vec() });
    }

    pub(crate) fn set_len(&mut self, length: usize) {
        self.change(Change::Length(length));
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.bytes);
        self.pending.push(change);
    }

    /// Whether there is something that a cut would lose.
    pub(crate) fn is_synced(&self) -> bool {
        self.pending.is_empty()
    }

    pub(crate) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.synced);
        }
    }

    /// A sync that fails: as Linux does it, what was to be written counts as written, and no later sync writes it.
    pub(crate) fn fail_to_sync(&mut self) {
        self.pending.clear();
    }

    /// The power is cut: what is on the disk is all that there is.
    pub(crate) fn lose(&mut self, loss: Loss, random: &mut Random) {
        // How often each sector was written, and how long the file was.
        let (mut length, mut lengths) = (self.synced.len(), vec![self.synced.len()]);
        let mut sectors = std::collections::BTreeMap::<usize, usize>::new();
        for change in &self.pending {
            change.sectors(length).for_each(|sector| *sectors.entry(sector).or_default() += 1);
            length = match change {
                Change::Write { at, bytes } => length.max(at + bytes.len()),
                Change::Length(length) => *length,
            };
            lengths.push(length);
        }
        let length = lengths[loss.pick(lengths.len(), random)];
        // How many of its writes each sector has had, and which one had half of the next.
        let mut left: std::collections::BTreeMap<usize, usize> =
            sectors.iter().map(|(sector, writes)| (*sector, loss.pick(writes + 1, random))).collect();
        let half: Vec<usize> =
            sectors.into_iter().filter(|(sector, writes)| left[sector] < *writes).map(|one| one.0).collect();
        let mut torn = (loss == Loss::Some && !half.is_empty()).then(|| half[random.below(half.len() as u64) as usize]);
        // Within the first bytes or anywhere: headers are short.
        let most = [64, SECTOR as u64][random.below(2) as usize];
        let tear = 1 + random.below(most - 1) as usize;
        let most = lengths.iter().copied().max().unwrap_or_default();
        let mut state = std::mem::take(&mut self.synced);
        let mut disk = state.clone();
        disk.resize(most, 0);
        for change in self.pending.drain(..) {
            let touched = change.sectors(state.len());
            change.apply(&mut state);
            for sector in touched {
                let left = left.entry(sector).or_default();
                let bytes = match *left {
                    0 if torn.take_if(|torn| *torn == sector).is_some() => tear,
                    0 => continue,
                    _ => SECTOR,
                };
                *left = left.saturating_sub(1);
                let from = sector * SECTOR;
                let to = (from + bytes).min(most).max(from);
                // What the file does not reach any more is empty.
                let there = state.get(from..to.min(state.len())).unwrap_or_default();
                disk[from..from + there.len()].copy_from_slice(there);
                disk[from + there.len()..to].fill(0);
            }
        }
        disk.truncate(length);
        self.bytes = disk.clone();
        self.synced = disk;
    }
}
