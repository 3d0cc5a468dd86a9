//! What is found in a stream does not depend on how the stream comes in.

use accoil_stream::input::{End, Framer, Item, ItemFault};
use proptest::prelude::*;

type Found = (Vec<(u64, Result<Vec<u8>, ItemFault>)>, End);

const LIMIT: usize = 200;

fn frame<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Found {
    let mut framer = Framer::new(LIMIT);
    let mut found = Vec::new();
    let mut each = |item: Item<'_>| found.push((item.line, item.text.map(<[u8]>::to_vec)));
    pieces.into_iter().for_each(|piece| framer.feed(piece, &mut each));
    let end = framer.finish(&mut each);
    (found, end)
}

/// The stream in pieces that end at these places.
fn cut<'a>(stream: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

/// An event on one line.
fn event() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec![
        br#"{"event_type":"a"}"#.to_vec(),
        br#"{"event_type":"\"}{[,","event_properties":{"a":[1,{"b":null},"x"],"events":[{}]},"c":-1.5e3}"#.to_vec(),
        r#" {"event_type" : "æ😀", "events" : {"a" : [ true ]} } "#.as_bytes().to_vec(),
        [br#"{"event_type":""#.as_slice(), &[b'x'; LIMIT], br#""}"#].concat(),
    ])
}

/// Anything that can stand on a line, good or bad.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let bad =
        prop::sample::select(vec!["", "  ", "{", "}", "\"", "[", "]", "nonsense", "{}}", "{\"a\":1 2}", "\u{feff}"]);
    prop_oneof![
        4 => event(),
        2 => (event(), any::<prop::sample::Index>()).prop_map(|(event, end)| event[..end.index(event.len())].to_vec()),
        2 => bad.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => prop::collection::vec(prop::sample::select(b"{}[]\",:\\\n 1a".to_vec()), 0..40),
    ]
}

/// Streams of every form, in part broken.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let lines = prop::collection::vec(any_line(), 0..8);
    let form = prop::sample::select(vec![
        ("", "\n", ""),
        ("", "\r\n", "\r\n"),
        ("\u{feff}", "\n\n", ""),
        ("[", ",", "]"),
        ("[\n", ",\n", "\n]\n"),
        ("{\"events\":[", ",", "],\"options\":{\"x\":[]}}\n{\"event_type\":\"last\"}"),
        ("{\n \"key\": \"k\",\n \"events\": [\n", ",\n", "\n ]\n}\n"),
        ("{\n \"event_type\": \"pretty\"\n}\n", "\n", ""),
    ]);
    (lines, form).prop_map(|(lines, (begin, between, end))| {
        [begin.as_bytes(), &lines.join(between.as_bytes()), end.as_bytes()].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_change_nothing(stream in stream(), places in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let whole = frame([stream.as_slice()]);
        prop_assert_eq!(&frame(cut(&stream, &places)), &whole);
        prop_assert_eq!(&frame(stream.chunks(1)), &whole);
    }

    /// Half an event at the beginning, or any event, makes a stream one of lines.
    #[test]
    fn each_line_stands_for_itself(
        first in event(),
        half in prop::option::of(any::<prop::sample::Index>()),
        more in prop::collection::vec(any_line().prop_filter("one line", |line| !line.contains(&b'\n')), 0..6),
        last in event(),
    ) {
        let first = match half {
            // Of half an event that is too long, the end is found only later.
            Some(end) if first.len() <= LIMIT => first[..first.len().min(2 + end.index(first.len()))].to_vec(),
            _ => first,
        };
        // What comes after half an event could be the rest of it, but not if it is two events.
        let good = br#"{"event_type":"b"}"#.to_vec();
        let more = if half.is_some() { [vec![good.clone(), good], more].concat() } else { more };
        let lines: Vec<Vec<u8>> = [vec![first], more, vec![last]].concat();
        let (found, end) = frame([lines.join(&b'\n').as_slice()]);
        let expected = lines.iter().enumerate().filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace));
        let trimmed = |text: &[u8]| text.trim_ascii().to_vec();
        let expected: Vec<_> = expected
            .map(|(index, line)| {
                let text = if line.len() > LIMIT { Err(ItemFault::TooLong { limit: LIMIT }) } else { Ok(trimmed(line)) };
                (index as u64 + 1, text)
            })
            .collect();
        let found: Vec<_> = found.into_iter().map(|(line, text)| (line, text.map(|text| trimmed(&text)))).collect();
        prop_assert_eq!((found, end), (expected, End::Complete));
    }
}
