//! Events for benchmarks.

use std::fmt::Write as _;

/// An event of 0.8 KB, as an SDK sends it; no two numbers give the same.
pub(crate) fn text(number: usize) -> String {
    let account = 100_000 + number * 7919 % 900_000;
    let mut text = String::new();
    write!(
        text,
        "{{\"user_id\":\"user_{}\",\"device_id\":\"5c1f0c6e-2f0e-4a0b-9a52-{number:012}\",\
         \"event_type\":\"Report Created\",\"time\":{},\
         \"event_properties\":{{\"page\":\"/reports/{number}\",\"title\":\"Quarterly report – overview\",\
         \"duration_ms\":{},\"source\":\"notification\",\"items\":[\"a\",\"b\",3]}},\
         \"user_properties\":{{\"plan\":\"pro\",\"email\":\"u{number}@example.com\",\"role\":\"admin\"}},\
         \"groups\":{{\"Account\":[\"{account}\"],\"Team\":[\"{}\"]}},\
         \"group_properties\":{{\"Account\":{{\"{account}\":{{\"name\":\"Acme {account}\",\"domain\":\"acme.example\",\
         \"mrr\":129900,\"plan\":\"pro\"}}}}}},\
         \"platform\":\"Web\",\"os_name\":\"Chrome\",\"language\":\"English\",\"country\":\"United States\",\
         \"region\":\"California\",\"ip\":\"203.0.113.7\",\"library\":\"amplitude-ts/2.11.1\",\"city\":\"San Francisco\",\"os_version\":\"131\",\"app_version\":\"4.2.0\",\
         \"session_id\":1795435990000,\"event_id\":{number},\"insert_id\":\"e-{number}\"}}",
        number % 50_000,
        1_795_435_996_203 + number,
        number * 31 % 90_000,
        number % 9000,
    )
    .expect("a string takes it");
    text
}
