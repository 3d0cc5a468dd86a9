//! Strings and numbers that programs stumble over, as JSON text.

/// Strings, by what is special about them.
pub(super) const STRINGS: [(&str, &str); 17] = [
    ("escaped surrogate pair", r#""\ud83d\ude00""#),
    ("escaped half of a surrogate pair", r#""a\ud800b""#),
    ("escaped halves in the wrong order", r#""\ude00\ud83d""#),
    ("combining marks", "\"e\u{301}\u{327}o\u{308}\""),
    ("NUL", r#""a\u0000b""#),
    ("control characters", r#""\u0001\u001f\u007f\b\f\n\r\t""#),
    ("right to left", "\"\u{202e}עברית العربية\u{202c}\""),
    ("emoji", "\"👩\u{200d}👩\u{200d}👧🏳\u{fe0f}\u{200d}🌈\""),
    ("astral", "\"𝒳𐍈\u{10ffff}\""),
    ("noncharacters", "\"\u{fffe}\u{ffff}\u{fdd0}\""),
    ("byte order mark", "\"\u{feff}x\""),
    ("line separators", "\"a\u{2028}b\u{2029}c\u{85}d\""),
    ("quotes and slashes", r#""\"\\\/'`${x}%s<b>""#),
    ("invisible", "\"\u{200b}\u{200d}\u{ad}\""),
    ("white space", "\" \u{3000}\u{a0} \""),
    ("cases that change length", "\"İıßſŉΐﬁ\""),
    ("everything escaped", r#""\u0041\u00e9\u4e2d\uD834\uDD1E""#),
];

/// Numbers.
pub(super) const NUMBERS: [&str; 24] = [
    "0",
    "-0",
    "-0.0",
    "0e0",
    "1.0",
    "1E+2",
    "1e-2",
    "0.1",
    "9007199254740991",
    "9007199254740993",
    "-9007199254740993",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    "3.141592653589793238462643383279502884",
    "1e21",
    "1e22",
    "1.7976931348623157e308",
    "1e400",
    "-1e400",
    "5e-324",
    "1e-400",
    "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
];

/// Names of members that mean something to a language or to JSON's readers.
pub(super) const MEMBERS: [&str; 14] = [
    "",
    " ",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "toString",
    "length",
    "0",
    "-1",
    "$set",
    "a.b",
    "user_id",
    "group_type",
    "__class__",
];

/// Values of every kind.
pub(super) const VALUES: [&str; 10] =
    ["null", "true", "false", "0", "\"\"", "\"text\"", "[]", "{}", "[null,[],{}]", "{\"$set\":null}"];

/// Names of events.
pub(super) const EVENT_TYPES: [&str; 20] = [
    "Report Created",
    "session_start",
    "session_end",
    "revenue_amount",
    "[Amplitude] Page Viewed",
    "$exposure",
    "$identify",
    "$groupidentify",
    "$Identify",
    "$set",
    "$unknown",
    "$",
    " ",
    "__proto__",
    "constructor",
    "0",
    "null",
    "Lenke åpnet 😀",
    "a.b.c",
    "watch_tutorial\\n",
];
