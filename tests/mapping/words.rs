//! What random events and settings are made of.

/// Ids as JSON text: good ones, refused ones, and what is no id at all.
#[rustfmt::skip]
pub(super) const IDS: [&str; 62] = [
    r#""210000""#, r#""999""#, r#""1000""#, r#""7""#, r#""007""#, r#""0007""#, r#""10""#, r#""00""#, r#""""#,
    r#""b2""#, r#""a1""#, r#""A1""#, r#""Zeta""#, r#""alpha""#, r#""acme-corp""#, r#""acme_a""#, r#""acmeb""#,
    r#""a1""#, r#""b2""#, r#""1""#, r#""1.0""#, r#""-5""#, r#""1e3""#, r#"" ""#, r#"" a1""#, r#""日本""#, "\"\u{e9}\"",
    "\"e\u{301}\"", r#""\u00e9""#, r#""é""#, r#""😀""#, r#""\ud83d\ude00""#, r#""Ａ""#, r#""٣""#, r#""say \"hi\"""#,
    r#""back\\slash""#, r#""a\/b""#, r#""tab\tnew\nline\u0000\u001f""#, r#""\u0061\u0031""#, r#""half \ud800""#,
    r#""half \udc00""#, r#""half �""#, r#""18446744073709551616""#, "1", "7", "10", "210000", "1.0", "12.5", "-5",
    "1e3", "1E+2", "-0", "0.0", "123456789012345678901234567890", "1.10", "null", "true", "false", r#"["a1"]"#,
    r#"{"a":1}"#, "[]",
];

/// Ids that Amplitude refuses, and near misses.
#[rustfmt::skip]
pub(super) const REFUSED: [&str; 24] = [
    r#""anonymous""#, r#""ANONYMOUS""#, r#""Nil""#, r#""none""#, r#""NoNe""#, r#""null""#, r#""N/A""#, r#""n\/a""#,
    r#""na""#, r#""Undefined""#, r#""unKnown""#, r#""{}""#, r#""lmy47d""#, r#""LMY47D""#, r#""0""#, "0", r#""-1""#,
    "-1", r#""00000000-0000-0000-0000-000000000000""#, r#""anonymous ""#, "0.0", "-0", r#""nan""#, r#""-01""#,
];

/// Any values, for bags.
#[rustfmt::skip]
pub(super) const VALUES: [&str; 40] = [
    "null", "true", "false", "0", "-0", "1", "1.0", "1e0", "10e-1", "0.10", "100", "1E2", "12345678901234567890.123",
    "1e400", "-1e-400", "123456789012345678901234567890", r#""""#, r#""paid""#, r#""p\u0061id""#, r#""Paid""#,
    r#""1""#, r#""null""#, r#""é""#, "\"e\u{301}\"", r#""😀""#, r#""\ud83d\ude00""#, r#""half \ud800 pair""#,
    r#""\/\b\f\n\r\t\"\\""#, "[]", "{}", "[1,2]", "[1.0,2e0]", "[2,1]", r#"{"a":1,"b":[null,{"c":2}]}"#,
    r#"{"b":[null,{"c":2.0}],"a":10e-1}"#, r#"{"b":1,"a":2}"#, r#"{"a":1,"a":2}"#, r#"{"z":{"y":null,"x":[]}}"#,
    r#"[[[[["deep"]]]]]"#, r#"{"\u0061":1}"#,
];

/// Values of which some mean the same and some nearly do.
#[rustfmt::skip]
pub(super) const KIN: [&str; 30] = [
    "1", "1.0", "10e-1", "0.1E+1", "-1", "1.01", r#""1""#, "true", "0", "-0", "0.0e5", "0e99999999999999999999", "1e-400", "10e-401",
    "1e-99999999999999999999", "123456789012345678901", "123456789012345678901.0", "null", "[]", "{}",
    r#""paid""#, r#""p\u0061id""#, r#""Paid""#, "[1,2]", "[1.0,2e0]", "[2,1]", r#"{"a":1,"b":[2]}"#,
    r#"{"b":[2.0],"a":1}"#, r#"{"a":1,"b":[2],"c":3}"#, r#"{"a":7,"b":[2],"\u0061":1}"#,
];

#[rustfmt::skip]
pub(super) const EVENT_TYPES: [&str; 12] = [
    "Report_Created", "Report_Created", "session_start", "[Amplitude] Page Viewed", "$identify", "$identify",
    "$groupidentify", "$groupidentify", "Größe geändert 😀", "say \"hi\"", "$revenue", " ",
];

#[rustfmt::skip]
pub(super) const TYPES: [&str; 9] = [
    "Account", "Account", "Team", "Team", "company", "顧客", "[Segment] Group", "", "group_type",
];

/// Names of properties, without a prefix.
#[rustfmt::skip]
pub(super) const NAMES: [&str; 26] = [
    "plan", "plan", "email", "email", "status", "trial_end", "a.b", "country", "platform", "user_id", "time",
    "group_type", "insert_id", "event_properties.plan", "$set", "$plan", "é", "say \"hi\"", "", "user_properties", "uuid",
    "$insert_id", "event_time", "client_event_time", "groups", "device_id",
];

#[rustfmt::skip]
pub(super) const PREFIXES: [&str; 7] = [
    "", "", "event_properties.", "user_properties.", "attributes.", "groups.", "Attributes.",
];

#[rustfmt::skip]
pub(super) const FIELDS: [&str; 10] = [
    "platform", "country", "plan", "email", "session_id", "revenue", "a.b", "status", "group_type", "$insert_key",
];

#[rustfmt::skip]
pub(super) const TIMES: [&str; 44] = [
    "2026-02-03T04:05:06Z", "2026-02-03t04:05:06.7z", "2026-02-03 04:05:06", "2026-02-03 04:05:06.789012",
    "2026-02-03T04:05:06.123", "2026-02-03T04:05:06.9999Z", "2026-02-03T04:05:06.123456789Z",
    "2026-02-03T04:05:06+02:00", "2026-02-03T04:05:06.500-11:30", "2026-02-28T23:59:59.999-00:01",
    "2024-02-29 00:00:00", "2000-02-29T12:00:00Z", "1969-12-31T23:59:59.9999Z", "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2026-12-31T23:59:59.999999-23:59", "1582-10-10T00:00:00Z",
    "2026-01-01T00:00:00+00:01", "2026-02-03T04:05:06-00:00", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-00T00:00:00Z",
    "2026-02-03T24:00:00Z", "2026-02-03T23:60:00Z", "2026-02-03T04:05:06+24:00", "2026-02-03T04:05:06+02:60",
    "2026-02-03T04:05:06.Z", "2026-02-03T04:05Z", "2026-02-03", "yesterday", "", "1770091506123",
    " 2026-02-03T04:05:06Z", "2026-02-03T04:05:06Z ", "2026-2-3T04:05:06Z", "26-02-03T04:05:06Z",
    "２０26-02-03T04:05:06Z", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2026/02/03 04:05:06",
];

#[rustfmt::skip]
pub(super) const TIME_NUMBERS: [&str; 27] = [
    "1770091506123", "1770091506123.999", "1.770091506123e12", "1770091506123e0", "17700915061239e-1", "0", "-0",
    "-1", "-0.9", "0.9", "-1.5", "951782400000", "253402300800000", "-62135596800000", "1e300", "-1e300",
    "123456789012345678901234567890", "1e-300", "1770091506", "253402200000000.9", "-62167219200000",
    "-62167219200001", "-62167219200000.5", "1000000000000000000", "0e5", "1770091506123.5", "1e13",
];
