//! Looks through the write-ahead log before SQLite does.
//!
//! SQLite ends its reading silently at the first frame whose checksum is wrong. After a crash that
//! is right for the last transaction, which nobody was told about; anywhere else it would lose what
//! was acknowledged. Each transaction is synced before the next one is written, so a bad frame
//! that is followed by the end of one transaction *and* more was damaged later. A log that was cut
//! exactly between two transactions can't be told from a shorter log.
//!
//! Format: <https://www.sqlite.org/fileformat2.html#walformat>.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What the log holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// It is missing, or nothing was ever written to it.
    pub(super) empty: bool,
    /// Frames before the first bad one.
    pub(super) frames: u64,
    /// Transactions that end within them.
    pub(super) commits: u64,
    /// What is certainly wrong.
    pub(super) damage: Option<String>,
}

/// Reads the whole log.
pub(super) fn look_through(path: &Path) -> io::Result<Log> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Log { empty: true, ..Log::default() }),
        file => file?,
    };
    let mut input = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; HEADER];
    if !fill(&mut input, &mut header)? || header == [0; HEADER] {
        return Ok(Log { empty: true, ..Log::default() });
    }
    let Some(mut chain) = Chain::start(&header) else {
        return Ok(Log { damage: Some("the log's header is wrong".into()), ..Log::default() });
    };
    let mut log = Log::default();
    let mut frame = vec![0; FRAME_HEADER + chain.page_size];
    while fill(&mut input, &mut frame)? {
        if !chain.accepts(&frame) {
            log.damage = chain.damage_after(log.frames + 1, &mut frame, &mut input)?;
            break;
        }
        log.frames += 1;
        log.commits += u64::from(is_commit(&frame));
    }
    Ok(log)
}

/// The running checksum and what each frame must repeat.
struct Chain {
    big_endian: bool,
    page_size: usize,
    salts: [u8; 8],
    sum: (u32, u32),
}

impl Chain {
    fn start(header: &[u8]) -> Option<Self> {
        let big_endian = match word(header, 0) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return None,
        };
        let page_size = usize::try_from(word(header, 8)).ok()?;
        let salts = header.get(16..24)?.try_into().ok()?;
        let mut chain = Self { big_endian, page_size, salts, sum: (0, 0) };
        chain.sum = chain.add(chain.sum, header.get(..24)?);
        let fits = chain.sum == (word(header, 24), word(header, 28));
        (fits && page_size.is_power_of_two() && (512..=65536).contains(&page_size)).then_some(chain)
    }

    fn accepts(&mut self, frame: &[u8]) -> bool {
        if !self.is_of_this_round(frame) || word(frame, 0) == 0 {
            return false;
        }
        let (start, page) = (frame.get(..8).unwrap_or_default(), frame.get(FRAME_HEADER..).unwrap_or_default());
        let sum = self.add(self.add(self.sum, start), page);
        if sum != (word(frame, 16), word(frame, 20)) {
            return false;
        }
        self.sum = sum;
        true
    }

    /// Frames that a restart of the log left behind have other salts.
    fn is_of_this_round(&self, frame: &[u8]) -> bool {
        frame.get(8..16) == Some(&self.salts)
    }

    /// Whether it was before it was damaged: a restart changes both salts, damage seldom does.
    fn was_of_this_round(&self, frame: &[u8]) -> bool {
        let [a, b, c, d, e, f, g, h] = self.salts;
        frame.get(8..12) == Some(&[a, b, c, d]) || frame.get(12..16) == Some(&[e, f, g, h])
    }

    /// What the frames from the first bad one on (which is in `frame`) tell.
    fn damage_after(&self, bad: u64, frame: &mut [u8], input: &mut impl Read) -> io::Result<Option<String>> {
        let (mut number, mut last, mut commits, mut goes_on) = (bad, bad, 0_u64, false);
        loop {
            if self.was_of_this_round(frame) {
                goes_on |= commits > 0;
                commits += u64::from(is_commit(frame));
                last = number;
            }
            if !fill(input, frame)? {
                break;
            }
            number += 1;
        }
        Ok(goes_on.then(|| format!("frame {bad} of the log is wrong, and transactions follow it up to frame {last}")))
    }

    fn add(&self, (mut first, mut second): (u32, u32), bytes: &[u8]) -> (u32, u32) {
        let read = if self.big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        for pair in bytes.as_chunks::<8>().0 {
            let [a, b, c, d, e, f, g, h] = *pair;
            first = first.wrapping_add(read([a, b, c, d])).wrapping_add(second);
            second = second.wrapping_add(read([e, f, g, h])).wrapping_add(first);
        }
        (first, second)
    }
}

/// Whether a transaction ends with this frame: its header then has the store's new size.
fn is_commit(frame: &[u8]) -> bool {
    word(frame, 4) != 0
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// Reads until the buffer is full; false when the file ends before.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
