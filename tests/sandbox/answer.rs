//! Answers that a guest gives word for word: laid out in its memory as the
//! canonical ABI wants them.

use super::guest::SKELETON_FREE;

/// An `accoil-event`, as a guest may write it.
#[derive(Clone)]
pub(crate) struct Reply<'a> {
    pub(crate) user: Option<&'a [u8]>,
    pub(crate) event: Option<&'a [u8]>,
    pub(crate) timestamp: Option<&'a [u8]>,
    pub(crate) metadata: &'a [u8],
    /// Ids and traits.
    pub(crate) groups: Vec<(&'a [u8], &'a [u8])>,
}

impl Reply<'_> {
    pub(crate) fn good() -> Self {
        Self {
            user: Some(b"u"),
            event: Some(b"Opened"),
            timestamp: Some(b"2026-11-24T08:00:46.123Z"),
            metadata: br#"{"a":1}"#,
            groups: vec![(b"g", br#"{"b":[2]}"#)],
        }
    }
}

/// A guest that delivers these for every event.
pub(crate) fn delivers(replies: &[Reply<'_>]) -> String {
    let mut image = Image::default();
    let records: Vec<u8> = replies.iter().flat_map(|reply| image.reply(reply)).collect();
    let at = image.put(&records);
    guest(&image, 0, at, replies.len())
}

/// A guest that skips every event for this reason.
pub(crate) fn skips(reason: &[u8]) -> String {
    says(1, reason)
}

/// A guest that rejects every event for this reason.
pub(crate) fn rejects(reason: &[u8]) -> String {
    says(2, reason)
}

fn says(case: usize, reason: &[u8]) -> String {
    let mut image = Image::default();
    let at = image.put(reason);
    guest(&image, case, at, reason.len())
}

/// A guest whose outcome of every event is this case, with this pointer and length.
pub(crate) fn points(case: usize, at: usize, length: usize) -> String {
    guest(&Image::default(), case, at, length)
}

fn guest(image: &Image, case: usize, at: usize, length: usize) -> String {
    let data: String = image.bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(data (i32.const {SKELETON_FREE}) "{data}")
        (func $on_event (param i32) (param $outcome i32)
          (i32.store8 (local.get $outcome) (i32.const {case}))
          (i32.store offset=4 (local.get $outcome) (i32.const {at}))
          (i32.store offset=8 (local.get $outcome) (i32.const {length})))"#
    )
}

/// What the guest's memory begins with, after what the skeleton needs.
#[derive(Default)]
struct Image {
    bytes: Vec<u8>,
}

impl Image {
    /// Puts bytes into the memory, and says where they are.
    fn put(&mut self, bytes: &[u8]) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = SKELETON_FREE + self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        at
    }

    fn string(&mut self, text: &[u8]) -> Vec<u8> {
        words(&[self.put(text), text.len()])
    }

    fn option(&mut self, text: Option<&[u8]>) -> Vec<u8> {
        match text {
            Some(text) => [words(&[1]), self.string(text)].concat(),
            None => words(&[0, 0, 0]),
        }
    }

    fn reply(&mut self, reply: &Reply<'_>) -> Vec<u8> {
        let groups: Vec<u8> =
            reply.groups.iter().flat_map(|(id, traits)| [self.string(id), self.string(traits)].concat()).collect();
        let options = [reply.user, reply.event, reply.timestamp].map(|text| self.option(text)).concat();
        let groups = words(&[self.put(&groups), reply.groups.len()]);
        [options, self.string(reply.metadata), groups].concat()
    }
}

fn words(words: &[usize]) -> Vec<u8> {
    words.iter().flat_map(|word| u32::try_from(*word).unwrap().to_le_bytes()).collect()
}
