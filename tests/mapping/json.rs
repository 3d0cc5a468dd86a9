//! JSON as it was written, for the reference: numbers keep their text, strings
//! their escapes, members their order and their doubles.

use std::collections::BTreeMap;

/// How deeply JSON may be nested.
const LEVELS: usize = 128;

#[derive(Clone, Debug)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(Text),
    Array(Vec<Json>),
    Object(Vec<(Text, Json)>),
}

/// A string: as it was written, and its code points, among which there may be
/// halves of surrogate pairs.
#[derive(Clone, Debug)]
pub(super) struct Text {
    raw: String,
    points: Vec<u32>,
}

impl Text {
    /// What it says; half a surrogate pair says U+FFFD.
    pub(super) fn content(&self) -> String {
        self.points.iter().map(|point| char::from_u32(*point).unwrap_or('\u{fffd}')).collect()
    }
}

impl Json {
    /// Reads one value; white space around it is allowed. `None` if it is not JSON.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { rest: std::str::from_utf8(bytes).ok()? };
        let value = reader.value(0)?;
        reader.space();
        reader.rest.is_empty().then_some(value)
    }

    /// The member of this name; of several the last. `None` also for what is no object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.members().remove(name)
    }

    /// The members by name, ascending by code point; of several the last.
    pub(super) fn members(&self) -> BTreeMap<String, &Self> {
        match self {
            Self::Object(members) => members.iter().map(|(name, value)| (name.content(), value)).collect(),
            _ => BTreeMap::new(),
        }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The elements of an array of strings; nothing for anything else.
    pub(super) fn strings(&self) -> Vec<String> {
        match self {
            Self::Array(elements) => elements.iter().filter_map(Self::string).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn string(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.content()),
            _ => None,
        }
    }

    /// As it was written, without the white space.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) => text.clone(),
            Self::Text(text) => text.raw.clone(),
            Self::Array(elements) => {
                let elements: Vec<_> = elements.iter().map(Self::written).collect();
                format!("[{}]", elements.join(","))
            }
            Self::Object(members) => {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("{}:{}", name.raw, value.written())).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// Whether two values say the same in the same order: numbers by their text,
    /// strings however they are escaped.
    pub(super) fn says(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.says(right))
            }
            (Self::Object(left), Self::Object(right)) => {
                let same = |((left, value), (right, other)): (&(Text, Self), &(Text, Self))| {
                    left.points == right.points && value.says(other)
                };
                left.len() == right.len() && left.iter().zip(right).all(same)
            }
            _ => self.means(other),
        }
    }

    /// Whether two values mean the same: numbers by value, strings by content,
    /// objects regardless of the order of their members.
    pub(super) fn means(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => Decimal::of(left) == Decimal::of(right),
            (Self::Text(left), Self::Text(right)) => left.points == right.points,
            (Self::Array(left), Self::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.means(right))
            }
            (Self::Object(_), Self::Object(_)) => {
                let (left, right) = (self.members(), other.members());
                left.len() == right.len()
                    && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| value.means(other)))
            }
            _ => false,
        }
    }
}

/// A number's value: its significant digits and where the point stands after
/// them, in powers of ten.
#[derive(Debug, PartialEq)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    pub(super) fn of(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction_digits = i64::try_from(fraction.len()).unwrap();
        let far = if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
        let mut exponent = exponent.parse::<i64>().unwrap_or(far) - fraction_digits;
        let mut digits = format!("{whole}{fraction}").trim_start_matches('0').to_owned();
        while digits.ends_with('0') {
            digits.pop();
            exponent += 1;
        }
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative, digits, exponent }
    }

    /// Without what stands after the point; `None` if it has more than 18 digits.
    pub(super) fn truncated(&self) -> Option<i64> {
        let digits = i64::try_from(self.digits.len()).unwrap() + self.exponent;
        if digits > 18 {
            return None;
        }
        let whole: String = (0..digits).map(|place| self.digits.chars().nth(place as usize).unwrap_or('0')).collect();
        let value: i64 = if whole.is_empty() { 0 } else { whole.parse().unwrap() };
        Some(if self.negative { -value } else { value })
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    fn value(&mut self, level: usize) -> Option<Json> {
        self.space();
        match self.rest.chars().next()? {
            '{' => self.many("{", "}", level, Self::member).map(Json::Object),
            '[' => self.many("[", "]", level, Self::value).map(Json::Array),
            '"' => self.text().map(Json::Text),
            'n' => self.take("null").map(|()| Json::Null),
            't' => self.take("true").map(|()| Json::Bool(true)),
            'f' => self.take("false").map(|()| Json::Bool(false)),
            _ => self.number().map(Json::Number),
        }
    }

    fn member(&mut self, level: usize) -> Option<(Text, Json)> {
        self.space();
        let name = self.text()?;
        self.space();
        self.take(":")?;
        Some((name, self.value(level)?))
    }

    /// What stands between brackets, with commas between; `level` is that outside.
    fn many<T>(
        &mut self,
        open: &str,
        close: &str,
        level: usize,
        one: impl Fn(&mut Self, usize) -> Option<T>,
    ) -> Option<Vec<T>> {
        (level < LEVELS).then_some(())?;
        self.take(open)?;
        self.space();
        let mut found = Vec::new();
        if self.take(close).is_some() {
            return Some(found);
        }
        loop {
            found.push(one(self, level + 1)?);
            self.space();
            if self.take(close).is_some() {
                return Some(found);
            }
            self.take(",")?;
        }
    }

    fn number(&mut self) -> Option<String> {
        let mut text = String::new();
        let digits = |reader: &mut Self, text: &mut String| {
            let length = reader.rest.len() - reader.rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
            let (found, rest) = reader.rest.split_at(length);
            text.push_str(found);
            reader.rest = rest;
            found.len()
        };
        if self.take("-").is_some() {
            text.push('-');
        }
        let zero = self.rest.starts_with('0');
        let length = digits(self, &mut text);
        if length == 0 || (zero && length > 1) {
            return None;
        }
        if self.take(".").is_some() {
            text.push('.');
            (digits(self, &mut text) > 0).then_some(())?;
        }
        if self.rest.starts_with(['e', 'E']) {
            text.push_str(&self.rest[..1]);
            self.rest = &self.rest[1..];
            if self.rest.starts_with(['+', '-']) {
                text.push_str(&self.rest[..1]);
                self.rest = &self.rest[1..];
            }
            (digits(self, &mut text) > 0).then_some(())?;
        }
        Some(text)
    }

    fn text(&mut self) -> Option<Text> {
        let whole = self.rest;
        self.take("\"")?;
        let mut points: Vec<u32> = Vec::new();
        loop {
            let next = self.rest.chars().next()?;
            self.rest = &self.rest[next.len_utf8()..];
            match next {
                '"' => break,
                '\\' => {
                    let point = self.escape()?;
                    let before = points.last().copied().filter(|before| (0xd800..0xdc00).contains(before));
                    match before {
                        // The second half joins the first, which was an escape too.
                        Some(high) if (0xdc00..0xe000).contains(&point) => {
                            points.pop();
                            points.push(0x10000 + ((high - 0xd800) << 10) + (point - 0xdc00));
                        }
                        _ => points.push(point),
                    }
                }
                '\0'..='\x1f' => return None,
                other => points.push(other.into()),
            }
        }
        let raw = whole[..whole.len() - self.rest.len()].to_owned();
        Some(Text { raw, points })
    }

    fn escape(&mut self) -> Option<u32> {
        let letter = self.rest.chars().next()?;
        self.rest = &self.rest[letter.len_utf8()..];
        Some(match letter {
            '"' | '\\' | '/' => letter.into(),
            'b' => 8,
            't' => 9,
            'n' => 10,
            'f' => 12,
            'r' => 13,
            'u' => {
                let hex = self.rest.get(..4)?;
                hex.chars().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
                self.rest = &self.rest[4..];
                u32::from_str_radix(hex, 16).ok()?
            }
            _ => return None,
        })
    }
}
