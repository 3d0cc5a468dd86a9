//! Finding the texts of single events in a stream of bytes.
//!
//! The first value decides. An array, or an object with a member `events` that
//! is an array (the body of a request to Amplitude's HTTP V2 API), holds events.
//! Any other object is an event; if it ends on the line where it began, the
//! rest of the stream is read line by line, so that a broken line costs that
//! line alone.
//!
//! The framer does no I/O: it is fed with bytes, cut anywhere, and calls back
//! with items. It never holds more than one event.

mod document;

use document::{Document, Step};
use memchr::memchr;

/// The text of one event, or of what stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Its bytes, or why there are none.
    pub text: Result<&'a [u8], ItemFault>,
}

/// Why the text of an event can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemFault {
    /// It is longer than an event may be.
    #[error("longer than the {limit} bytes that an event may have (limit event_bytes)")]
    TooLong {
        /// How long it may be.
        limit: usize,
    },
}

impl ItemFault {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "event-too-long",
        }
    }
}

/// Cuts a stream of bytes into the texts of events.
#[derive(Debug)]
pub struct Framer {
    state: State,
    /// The text of the event that has begun.
    held: Held,
    /// The line that the next byte is on, counted from 1.
    line: u64,
    /// Whether there was anything but white space.
    any: bool,
}

#[derive(Debug)]
enum State {
    /// At the start of the stream: a byte order mark may come.
    Mark,
    /// Reading a value that is not (known to be) a line.
    Document(Document),
    /// Reading lines.
    Lines,
}

/// The bytes of an event that has begun, up to the size that it may have.
#[derive(Debug)]
struct Held {
    text: Vec<u8>,
    limit: usize,
    too_long: bool,
    /// The line on which it began.
    line: u64,
}

impl Held {
    fn push(&mut self, bytes: &[u8]) {
        if self.too_long || self.text.len() + bytes.len() > self.limit {
            self.too_long = true;
            self.text.clear();
        } else {
            self.text.extend_from_slice(bytes);
        }
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty() && !self.too_long
    }

    /// Gives the event away and makes room for the next one.
    fn emit(&mut self, each: &mut dyn FnMut(Item<'_>)) {
        let text = if self.too_long { Err(ItemFault::TooLong { limit: self.limit }) } else { Ok(self.text.as_slice()) };
        each(Item { line: self.line, text });
        self.clear();
    }

    fn clear(&mut self) {
        self.text.clear();
        self.too_long = false;
    }
}

/// What the end of a stream was like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything that was begun was ended.
    Complete,
    /// There was nothing but white space.
    Empty,
    /// The stream ended in the middle of a value that began before this line.
    Truncated {
        /// The last line.
        line: u64,
    },
}

impl Framer {
    /// A framer for one stream, in which an event may have `event_bytes` bytes.
    #[must_use]
    pub fn new(event_bytes: usize) -> Self {
        let held = Held { text: Vec::new(), limit: event_bytes, too_long: false, line: 1 };
        Self { state: State::Mark, held, line: 1, any: false }
    }

    /// The line that was reached, counted from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Takes the next bytes of the stream and gives the events that end in them.
    pub fn feed(&mut self, bytes: &[u8], each: &mut dyn FnMut(Item<'_>)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match &mut self.state {
                State::Mark => self.feed_mark(rest),
                State::Lines => self.feed_lines(rest, each),
                State::Document(_) => self.feed_document(rest, each),
            };
        }
    }

    /// Ends the stream; gives the event that was begun, if one was.
    pub fn finish(mut self, each: &mut dyn FnMut(Item<'_>)) -> End {
        if let State::Mark = self.state {
            // Half a byte order mark is no event, and no white space either.
            self.any |= !self.held.is_empty();
        }
        if self.holds_lines() {
            self.state = State::Lines;
            self.replay(each);
        }
        let truncated = matches!(&self.state, State::Document(document) if document.is_open());
        let blank = self.held.text.iter().all(u8::is_ascii_whitespace);
        if self.held.too_long || !blank {
            self.any = true;
            self.held.emit(each);
        }
        match (truncated, self.any) {
            (true, _) => End::Truncated { line: self.line },
            (false, true) => End::Complete,
            (false, false) => End::Empty,
        }
    }

    /// Whether what is held at the end of the stream was half a line and lines: objects within
    /// objects are indented, or stand on one line.
    fn holds_lines(&self) -> bool {
        matches!(&self.state, State::Document(document) if document.is_in_object())
            && self.held.text.windows(2).any(|pair| pair == b"\n{")
    }

    /// Passes over a byte order mark.
    fn feed_mark<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            let at = self.held.text.len();
            if MARK.get(at) != Some(&byte) {
                break;
            }
            self.held.text.push(byte);
            rest = after;
            if self.held.text == MARK {
                self.held.clear();
                self.state = State::Document(Document::default());
                return rest;
            }
        }
        if !rest.is_empty() {
            // Not a mark: what looked like the beginning of one is a line.
            self.state = if self.held.is_empty() { State::Document(Document::default()) } else { State::Lines };
        }
        rest
    }

    fn feed_lines<'a>(&mut self, bytes: &'a [u8], each: &mut dyn FnMut(Item<'_>)) -> &'a [u8] {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = after.get(1..).unwrap_or_default();
            if self.held.is_empty() && line.len() <= self.held.limit {
                // The usual case: the line is whole, and need not be copied.
                if !line.iter().all(u8::is_ascii_whitespace) {
                    self.any = true;
                    each(Item { line: self.line, text: Ok(line) });
                }
            } else {
                self.begin(line);
                self.end_line(each);
            }
            self.line += 1;
        }
        if !rest.is_empty() {
            self.begin(rest);
        }
        &[]
    }

    /// Holds on to a piece of the current line.
    fn begin(&mut self, piece: &[u8]) {
        if self.held.is_empty() {
            self.held.line = self.line;
        }
        self.held.push(piece);
    }

    fn end_line(&mut self, each: &mut dyn FnMut(Item<'_>)) {
        if !self.held.too_long && self.held.text.iter().all(u8::is_ascii_whitespace) {
            self.held.clear();
        } else {
            self.any = true;
            self.held.emit(each);
        }
    }

    fn feed_document<'a>(&mut self, bytes: &'a [u8], each: &mut dyn FnMut(Item<'_>)) -> &'a [u8] {
        // Where the bytes begin that belong to the event and are not held yet.
        let mut from = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            let State::Document(document) = &mut self.state else {
                return bytes.get(at..).unwrap_or_default();
            };
            let through = |end: usize| bytes.get(from..end).unwrap_or_default();
            self.any |= !byte.is_ascii_whitespace();
            match document.step(byte) {
                Step::Inside => {}
                Step::Between => from = at + 1,
                Step::Begin => {
                    from = at;
                    self.held.clear();
                    self.held.line = self.line;
                }
                step @ (Step::End | Step::LinesNext) => {
                    self.held.push(through(at + 1));
                    self.held.emit(each);
                    from = at + 1;
                    if step == Step::LinesNext {
                        self.state = State::Lines;
                    }
                }
                Step::EndBefore => {
                    self.held.push(through(at));
                    self.held.emit(each);
                    from = at + 1;
                }
                Step::Drop => {
                    self.held.clear();
                    from = at + 1;
                }
                Step::Lines => {
                    self.held.push(through(at));
                    self.state = State::Lines;
                    self.replay(each);
                    return bytes.get(at..).unwrap_or_default();
                }
            }
            self.line += u64::from(byte == b'\n');
        }
        self.held.push(bytes.get(from..).unwrap_or_default());
        &[]
    }

    /// Reads again, as lines, what was held for the beginning of a value.
    fn replay(&mut self, each: &mut dyn FnMut(Item<'_>)) {
        if self.held.too_long || self.held.text.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.held.text);
        self.line = self.held.line;
        self.feed_lines(&text, each);
    }
}

#[cfg(test)]
mod tests;
