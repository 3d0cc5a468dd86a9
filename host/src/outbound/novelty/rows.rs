//! The form in which the memory is kept on disk: a key with a letter for the table, and a value of
//! fixed size.

use jiff::Timestamp;

use super::Digest;
use super::memory::{Described, Identified};

pub(super) const USERS: u8 = b'u';
pub(super) const GROUPS: u8 = b'g';
pub(super) const MEMBERS: u8 = b'm';

/// Stands for "no timestamp"; a real one is not that early.
const NO_TIME: i64 = i64::MIN;

/// A change of the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: Vec<u8>,
    /// The value; `None` when the key was forgotten.
    pub value: Option<Vec<u8>>,
}

/// What a row says, by its table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Table {
    Users(Identified),
    Groups(Described),
    Members,
}

impl Row {
    pub(super) fn of(digest: Digest, table: &Table) -> Self {
        let (letter, value) = match table {
            Table::Users(Identified { group, said, newest }) => {
                let group = group.map(Vec::from).unwrap_or_default();
                (USERS, [&said[..], &time(*newest), &group].concat())
            }
            Table::Groups(Described { traits, newest }) => (GROUPS, [&traits[..], &time(*newest)].concat()),
            Table::Members => (MEMBERS, Vec::new()),
        };
        Self { key: key(letter, digest), value: Some(value) }
    }
}

pub(super) fn key(letter: u8, digest: Digest) -> Vec<u8> {
    [&[letter], &digest[..]].concat()
}

/// Reads a row; `None` when it was not written by this code.
pub(super) fn read(key: &[u8], value: &[u8]) -> Option<(Digest, Table)> {
    let (letter, digest) = key.split_first()?;
    let digest = Digest::try_from(digest).ok()?;
    let table = match *letter {
        USERS => {
            let (said, rest) = value.split_first_chunk::<16>()?;
            let (newest, group) = rest.split_first_chunk::<8>()?;
            let group = if group.is_empty() { None } else { Some(Digest::try_from(group).ok()?) };
            Table::Users(Identified { group, said: *said, newest: instant(*newest) })
        }
        GROUPS => {
            let (traits, newest) = value.split_first_chunk::<16>()?;
            let newest = <[u8; 8]>::try_from(newest).ok()?;
            Table::Groups(Described { traits: *traits, newest: instant(newest) })
        }
        MEMBERS => Table::Members,
        _ => return None,
    };
    Some((digest, table))
}

fn time(timestamp: Option<Timestamp>) -> [u8; 8] {
    timestamp.map_or(NO_TIME, Timestamp::as_microsecond).to_le_bytes()
}

fn instant(bytes: [u8; 8]) -> Option<Timestamp> {
    match i64::from_le_bytes(bytes) {
        NO_TIME => None,
        microseconds => Timestamp::from_microsecond(microseconds).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let newest = Some("2026-01-02T03:04:05.006Z".parse().unwrap());
        for (group, newest) in [(None, None), (Some([7; 16]), newest)] {
            for table in [
                Table::Users(Identified { group, said: [1; 16], newest }),
                Table::Groups(Described { traits: [2; 16], newest }),
                Table::Members,
            ] {
                let row = Row::of([9; 16], &table);
                assert_eq!(read(&row.key, &row.value.unwrap()), Some(([9; 16], table)));
            }
        }
        assert_eq!(read(b"u", b""), None);
        assert_eq!(read(&key(USERS, [0; 16]), &[0; 25]), None);
    }
}
