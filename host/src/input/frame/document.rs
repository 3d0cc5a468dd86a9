//! The shape of JSON, byte by byte: just enough of it to tell where a value
//! begins and ends. Whether it is sound is found out later.

/// What a byte means for the event that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It belongs to no event.
    Between,
    /// It is the first byte of what may be an event.
    Begin,
    /// It belongs to the event.
    Inside,
    /// It is the event's last byte.
    End,
    /// The event ended before it.
    EndBefore,
    /// What was held is no event: it is the body of a request, and its events
    /// follow.
    Drop,
    /// It is the event's last byte, and the stream is one of lines.
    LinesNext,
    /// This can't be JSON that is spread over lines: from what is held on, it
    /// is to be read as lines. The byte is to be given again.
    Lines,
}

/// Where in the document the next byte is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Before a value of the outermost level.
    #[default]
    Top,
    /// In an object of the outermost level.
    Object,
    /// Between the elements of the array that holds the events.
    Elements,
    /// In such an element.
    Element,
    /// In the body of a request, after its events.
    Tail,
}

/// Follows the shape of a document.
#[derive(Debug, Default)]
pub(super) struct Document {
    at: At,
    /// Open brackets in the current value.
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// Whether the array of events is inside a body.
    in_body: bool,
    /// Whether the current value of the outermost level goes over lines.
    multiline: bool,
    key: Key,
    last: Last,
}

/// What came last in the outermost object, at whatever depth, white space aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    /// A value, a name or a closing bracket may follow.
    #[default]
    Open,
    /// A number or a word, which may go on.
    Word,
    /// A whole value, or a name.
    Whole,
}

/// What is known of the member of the outermost object that is being read.
#[derive(Debug, Default, PartialEq, Eq)]
enum Key {
    /// A name, or the end of the object, must come.
    #[default]
    Expected,
    /// In the name; this many of its bytes are as in `events`.
    Name(Option<usize>),
    /// After the name; whether it is `events`.
    Named(bool),
    /// After the colon; whether the name is `events`.
    Colon(bool),
    /// In the value.
    Value,
}

const EVENTS: &[u8] = b"events";

impl Document {
    /// Whether a value was begun and not ended.
    pub(super) fn is_open(&self) -> bool {
        self.at != At::Top
    }

    /// Whether that value may be an event.
    pub(super) fn is_in_object(&self) -> bool {
        self.at == At::Object
    }

    pub(super) fn step(&mut self, byte: u8) -> Step {
        match self.at {
            At::Top => self.top(byte),
            At::Object => self.object(byte),
            At::Elements => self.elements(byte),
            At::Element => self.element(byte),
            At::Tail => self.tail(byte),
        }
    }

    fn top(&mut self, byte: u8) -> Step {
        match byte {
            b'[' => {
                *self = Self { at: At::Elements, ..Self::default() };
                Step::Between
            }
            b'{' => {
                *self = Self { at: At::Object, depth: 1, ..Self::default() };
                Step::Begin
            }
            _ if byte.is_ascii_whitespace() => Step::Between,
            _ => Step::Lines,
        }
    }

    /// In an object of which it is not yet known whether it is an event.
    fn object(&mut self, byte: u8) -> Step {
        if byte == b'\n' {
            if self.in_string {
                return Step::Lines;
            }
            self.multiline = true;
        }
        let outer = self.depth == 1;
        let was_in_string = self.in_string;
        let needs_name = outer && self.key == Key::Expected && !matches!(byte, b'"' | b'}');
        let begins_value = matches!(byte, b'"' | b'{' | b'[') || self.last == Last::Whole && is_word(byte);
        if !was_in_string && (needs_name && !byte.is_ascii_whitespace() || begins_value && self.last != Last::Open) {
            // An object can't go on like this: it was half a line.
            return Step::Lines;
        }
        self.advance(byte);
        if !self.in_string {
            self.last = self.next_last(byte, was_in_string);
        }
        if self.depth == 0 {
            self.at = At::Top;
            return if self.multiline { Step::End } else { Step::LinesNext };
        }
        if outer {
            if self.key == Key::Colon(true) && byte == b'[' {
                *self = Self { at: At::Elements, in_body: true, ..Self::default() };
                return Step::Drop;
            }
            self.key = self.next_key(byte, was_in_string);
        }
        Step::Inside
    }

    fn next_last(&self, byte: u8, was_in_string: bool) -> Last {
        match byte {
            _ if was_in_string => Last::Whole,
            b'}' | b']' => Last::Whole,
            b'{' | b'[' | b',' | b':' => Last::Open,
            _ if is_word(byte) => Last::Word,
            // White space ends a word.
            _ if self.last == Last::Word => Last::Whole,
            _ => self.last,
        }
    }

    fn next_key(&self, byte: u8, was_in_string: bool) -> Key {
        match (&self.key, byte) {
            (Key::Expected, b'"') => Key::Name(Some(0)),
            (Key::Name(matched), b'"') if !self.in_string => Key::Named(*matched == Some(EVENTS.len())),
            (Key::Name(matched), _) => {
                Key::Name(matched.filter(|count| EVENTS.get(*count) == Some(&byte)).map(|count| count + 1))
            }
            (Key::Named(is_events), b':') => Key::Colon(*is_events),
            (Key::Named(is_events), _) => Key::Named(*is_events),
            (Key::Colon(is_events), _) if byte.is_ascii_whitespace() => Key::Colon(*is_events),
            (_, b',') if !was_in_string => Key::Expected,
            (Key::Expected, _) => Key::Expected,
            (Key::Colon(_) | Key::Value, _) => Key::Value,
        }
    }

    fn elements(&mut self, byte: u8) -> Step {
        match byte {
            b']' => {
                *self = Self { at: if self.in_body { At::Tail } else { At::Top }, depth: 1, ..Self::default() };
                Step::Between
            }
            _ if byte == b',' || byte.is_ascii_whitespace() => Step::Between,
            _ => {
                self.at = At::Element;
                self.depth = 0;
                self.advance(byte);
                Step::Begin
            }
        }
    }

    fn element(&mut self, byte: u8) -> Step {
        if self.depth == 0 && !self.in_string {
            // After a whole value, or in a number or word.
            if matches!(byte, b',' | b']') {
                self.at = At::Elements;
                if byte == b']' {
                    self.elements(byte);
                }
                return Step::EndBefore;
            }
        }
        self.advance(byte);
        Step::Inside
    }

    fn tail(&mut self, byte: u8) -> Step {
        self.advance(byte);
        if self.depth == 0 {
            *self = Self::default();
        }
        Step::Between
    }

    /// Keeps count of strings and brackets.
    fn advance(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

/// Whether a byte can belong to a number or a word, or is nothing that JSON knows.
fn is_word(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':')
}
