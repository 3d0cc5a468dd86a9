//! Taking text from outside: every fault is found, and where it is.

use std::fmt;

use crate::scan::{find_special, is_space};
use crate::string::Name;

/// How deep values may be nested. Amplitude accepts 40 levels; common parsers
/// stop at 128, so what passes here can be read by a mapping in any language.
pub const MAX_DEPTH: u32 = 128;

/// Why a text is no JSON, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Position of the offending byte, counted from 0.
    pub at: usize,
    /// What is wrong there.
    pub kind: FaultKind,
}

/// What can be wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The text ends in the middle of a value.
    End,
    /// Something else was expected here.
    Expected(&'static str),
    /// A string holds a character below U+0020 that is not escaped.
    Control,
    /// A string holds an escape that JSON does not know.
    Escape,
    /// More levels than [`MAX_DEPTH`].
    Depth,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FaultKind::End => write!(out, "the text ends in the middle of a value")?,
            FaultKind::Expected(what) => write!(out, "expected {what}")?,
            FaultKind::Control => write!(out, "a control character in a string")?,
            FaultKind::Escape => write!(out, "an unknown escape in a string")?,
            FaultKind::Depth => write!(out, "nested deeper than {MAX_DEPTH} levels")?,
        }
        write!(out, " at column {}", self.at + 1)
    }
}

impl std::error::Error for Fault {}

/// Checks that `text` is one JSON value and nothing else.
///
/// # Errors
///
/// The first fault.
pub fn check(text: &str) -> Result<(), Fault> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0, spaced: false };
    cursor.skip_space();
    cursor.value(0)?;
    cursor.end()
}

/// A member of an object, checked.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// Its value, as it stands in the text.
    pub value: &'a str,
    /// Whether there is white space in it: around the colon, or between the
    /// tokens of the value.
    pub spaced: bool,
    /// Where the member stands in the text, from the opening quote of its name
    /// to the end of its value.
    pub range: (usize, usize),
}

/// Splits an object into its members and checks it on the way, to its end: a
/// text is sound only when the last call of [`Fields::next_field`] gave
/// `Ok(None)`.
#[derive(Debug)]
pub struct Fields<'a> {
    text: &'a str,
    cursor: Cursor<'a>,
    first: bool,
}

impl<'a> Fields<'a> {
    /// Begins with the object that `text` must be.
    ///
    /// # Errors
    ///
    /// When the text does not begin with an object.
    #[inline]
    pub fn of(text: &'a str) -> Result<Self, Fault> {
        let mut cursor = Cursor { bytes: text.as_bytes(), at: 0, spaced: false };
        cursor.skip_space();
        cursor.expect(b'{', "an object")?;
        Ok(Self { text, cursor, first: true })
    }

    /// The next member; `None` at the end of a sound object.
    ///
    /// # Errors
    ///
    /// The first fault. After one, the rest of the text is not looked at.
    #[inline]
    pub fn next_field(&mut self) -> Result<Option<Field<'a>>, Fault> {
        let cursor = &mut self.cursor;
        cursor.skip_space();
        if cursor.peek() == Some(b'}') && self.first {
            cursor.at += 1;
            return cursor.end().map(|()| None);
        }
        if !self.first {
            match cursor.peek() {
                Some(b',') => cursor.at += 1,
                Some(b'}') => {
                    cursor.at += 1;
                    return cursor.end().map(|()| None);
                }
                _ => return Err(cursor.expected("`,` or `}`")),
            }
            cursor.skip_space();
        }
        self.first = false;
        let quote = cursor.at;
        cursor.spaced = false;
        let escaped = cursor.name()?;
        let name = self.text.get(quote + 1..cursor.at - 1).unwrap_or_default();
        cursor.skip_space();
        cursor.expect(b':', "`:`")?;
        cursor.skip_space();
        let start = cursor.at;
        cursor.value(1)?;
        let value = self.text.get(start..cursor.at).unwrap_or_default();
        let range = (quote, cursor.at);
        Ok(Some(Field { name: Name::new(name, escaped), value, spaced: cursor.spaced, range }))
    }
}

#[derive(Debug)]
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether white space was passed over since this was last cleared.
    spaced: bool,
}

impl Cursor<'_> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
            self.spaced = true;
        }
    }

    #[cold]
    fn fault(&self, kind: FaultKind) -> Fault {
        Fault { at: self.at, kind }
    }

    #[cold]
    fn expected(&self, what: &'static str) -> Fault {
        match self.peek() {
            Some(_) => self.fault(FaultKind::Expected(what)),
            None => self.fault(FaultKind::End),
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(self.expected(what));
        }
        self.at += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.skip_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault(FaultKind::Expected("the end of the text"))),
        }
    }

    #[inline]
    fn name(&mut self) -> Result<bool, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a name in quotes"));
        }
        self.string()
    }

    /// Passes over the string whose opening quote is here; tells whether it
    /// holds an escape.
    #[inline]
    fn string(&mut self) -> Result<bool, Fault> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at = find_special(self.bytes, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    self.escape()?;
                    escaped = true;
                }
                Some(_) => return Err(self.fault(FaultKind::Control)),
                None => return Err(self.fault(FaultKind::End)),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6).unwrap_or_default();
                if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(self.fault(FaultKind::Escape));
                }
                self.at += 6;
                Ok(())
            }
            Some(_) => Err(self.fault(FaultKind::Escape)),
            None => {
                self.at += 1;
                Err(self.fault(FaultKind::End))
            }
        }
    }

    /// Passes over the value that starts here, below `outer` levels of nesting.
    #[inline]
    fn value(&mut self, outer: u32) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{' | b'[') => self.container(outer),
            _ => self.scalar(),
        }
    }

    #[inline]
    fn scalar(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => Err(self.expected("a value")),
        }
    }

    #[inline]
    fn word(&mut self, word: &[u8]) -> Result<(), Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.fault(FaultKind::Expected("a value")));
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Fault> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.expected("a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Passes over the array or object that starts here. The kinds of the open
    /// containers are bits (1 = object, the innermost lowest), so nothing is
    /// allocated and nothing recurses.
    fn container(&mut self, outer: u32) -> Result<(), Fault> {
        let room = MAX_DEPTH.saturating_sub(outer).min(u128::BITS);
        let mut kinds = 0_u128;
        let mut depth = 0_u32;
        'value: loop {
            let object = match self.peek() {
                Some(b'{') => true,
                Some(b'[') => false,
                _ => {
                    self.scalar()?;
                    match self.after_value(&mut kinds, &mut depth)? {
                        Some(()) => continue 'value,
                        None => return Ok(()),
                    }
                }
            };
            if depth == room {
                return Err(self.fault(FaultKind::Depth));
            }
            depth += 1;
            kinds = (kinds << 1) | u128::from(object);
            self.at += 1;
            self.skip_space();
            match (object, self.peek()) {
                (true, Some(b'}')) | (false, Some(b']')) => {
                    if self.after_value(&mut kinds, &mut depth)?.is_none() {
                        return Ok(());
                    }
                }
                (true, _) => self.name_and_colon()?,
                (false, _) => {}
            }
        }
    }

    /// After a value: closes what closes here and stops before the next value;
    /// `None` when the outermost container is closed.
    #[inline]
    fn after_value(&mut self, kinds: &mut u128, depth: &mut u32) -> Result<Option<()>, Fault> {
        loop {
            self.skip_space();
            let object = *kinds & 1 == 1;
            match (object, self.peek()) {
                (true, Some(b'}')) | (false, Some(b']')) => {
                    self.at += 1;
                    *kinds >>= 1;
                    *depth -= 1;
                    if *depth == 0 {
                        return Ok(None);
                    }
                }
                (true, Some(b',')) => {
                    self.at += 1;
                    self.skip_space();
                    self.name_and_colon()?;
                    return Ok(Some(()));
                }
                (false, Some(b',')) => {
                    self.at += 1;
                    self.skip_space();
                    return Ok(Some(()));
                }
                (true, _) => return Err(self.expected("`,` or `}`")),
                (false, _) => return Err(self.expected("`,` or `]`")),
            }
        }
    }

    #[inline]
    fn name_and_colon(&mut self) -> Result<(), Fault> {
        self.name()?;
        self.skip_space();
        self.expect(b':', "`:`")?;
        self.skip_space();
        Ok(())
    }
}
