//! Answers of a guest as they lie in its memory, by the rules of the canonical ABI, and then a little askew.

use arbitrary::Arbitrary;

/// Where the guest's own data may begin.
pub(crate) const IMAGE: usize = 4096;

/// Where the arguments of the call begin.
const END: usize = 32_768;

/// A text: one that is often sound, or bytes.
#[derive(Debug, Arbitrary)]
enum Text {
    Object,
    Nested(u8),
    Time,
    Name,
    Empty,
    Bytes(Vec<u8>),
    Words(String),
    Far { at: u32, length: u32 },
}

/// An `accoil-event`.
#[derive(Debug, Arbitrary)]
struct Reply {
    user: Option<Text>,
    event: Option<Text>,
    timestamp: Option<Text>,
    metadata: Text,
    groups: Vec<(Text, Text)>,
}

/// An `outcome`.
#[derive(Debug, Arbitrary)]
enum Case {
    Deliver(Vec<Reply>),
    Skip(Text),
    Reject(Text),
    Other { case: u8, at: u32, length: u32 },
}

/// What a guest answers, and which of its bytes are then others.
#[derive(Debug, Arbitrary)]
pub(crate) struct Answer {
    cases: Vec<Case>,
    askew: Vec<(u16, u8)>,
}

impl Answer {
    /// The memory from four bytes before [`IMAGE`] on: first where the answer is.
    pub(crate) fn image(&self) -> Vec<u8> {
        let mut image = Image::default();
        let cases: Vec<u8> = self.cases.iter().flat_map(|case| image.case(case)).collect();
        let cases = words(&[image.put(&cases), self.cases.len()]);
        let answer = image.put(&cases);
        let mut bytes = [words(&[answer]), image.bytes].concat();
        bytes.truncate(END - IMAGE);
        for (at, byte) in &self.askew {
            if let Some(place) = bytes.get_mut(usize::from(*at)) {
                *place = *byte;
            }
        }
        bytes
    }
}

#[derive(Default)]
struct Image {
    bytes: Vec<u8>,
}

impl Image {
    /// Puts bytes into the memory, and says where they are.
    fn put(&mut self, bytes: &[u8]) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = IMAGE + self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        at
    }

    fn text(&mut self, text: &Text) -> Vec<u8> {
        let bytes = match text {
            Text::Object => b"{\"b\" : [1.50,\"\\u00e9\"],\"a\":{}}".to_vec(),
            Text::Nested(levels) => {
                let levels = usize::from(*levels);
                [r#"{"a":"#.repeat(levels), "1".into(), "}".repeat(levels)].concat().into_bytes()
            }
            Text::Time => b"2026-11-24T10:00:46.1234+02:00".to_vec(),
            Text::Name => b"name".to_vec(),
            Text::Empty => Vec::new(),
            Text::Bytes(bytes) => bytes.clone(),
            Text::Words(words) => words.clone().into_bytes(),
            Text::Far { at, length } => return [at.to_le_bytes(), length.to_le_bytes()].concat(),
        };
        words(&[self.put(&bytes), bytes.len()])
    }

    fn option(&mut self, text: Option<&Text>) -> Vec<u8> {
        match text {
            Some(text) => [words(&[1]), self.text(text)].concat(),
            None => words(&[0, 0, 0]),
        }
    }

    fn reply(&mut self, reply: &Reply) -> Vec<u8> {
        let groups: Vec<u8> =
            reply.groups.iter().flat_map(|(id, traits)| [self.text(id), self.text(traits)].concat()).collect();
        let options = [&reply.user, &reply.event, &reply.timestamp].map(|text| self.option(text.as_ref())).concat();
        let groups = words(&[self.put(&groups), reply.groups.len()]);
        [options, self.text(&reply.metadata), groups].concat()
    }

    fn case(&mut self, case: &Case) -> Vec<u8> {
        match case {
            Case::Deliver(replies) => {
                let records: Vec<u8> = replies.iter().flat_map(|reply| self.reply(reply)).collect();
                words(&[0, self.put(&records), replies.len()])
            }
            Case::Skip(text) => [words(&[1]), self.text(text)].concat(),
            Case::Reject(text) => [words(&[2]), self.text(text)].concat(),
            Case::Other { case, at, length } => {
                [u32::from(*case).to_le_bytes(), at.to_le_bytes(), length.to_le_bytes()].concat()
            }
        }
    }
}

fn words(words: &[usize]) -> Vec<u8> {
    words.iter().flat_map(|word| u32::try_from(*word).expect("a place in a small memory").to_le_bytes()).collect()
}
