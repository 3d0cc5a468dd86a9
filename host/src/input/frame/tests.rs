//! What is found in streams, whole and cut into pieces.

use super::*;

type Found = (Vec<(u64, Result<String, ItemFault>)>, End);

fn frame(stream: &[u8], pieces: usize, limit: usize) -> Found {
    let mut framer = Framer::new(limit);
    let mut found = Vec::new();
    let mut each = |item: Item<'_>| {
        found.push((item.line, item.text.map(|text| String::from_utf8_lossy(text).trim().to_owned())));
    };
    stream.chunks(pieces).for_each(|piece| framer.feed(piece, &mut each));
    let end = framer.finish(&mut each);
    (found, end)
}

/// What is found must not depend on how the stream is cut.
fn check(stream: &str, expected: &[(u64, &str)], end: End) {
    for pieces in [1, 2, 3, 7, 4096] {
        let expected: Vec<_> = expected.iter().map(|(line, text)| (*line, Ok((*text).to_owned()))).collect();
        assert_eq!(frame(stream.as_bytes(), pieces, 1000), (expected, end), "in pieces of {pieces}: {stream}");
    }
}

#[test]
fn lines() {
    check(
        "{\"a\":1}\n\n  \r\n{\"b\":2}\r\n{\"c\":3}",
        &[(1, "{\"a\":1}"), (4, "{\"b\":2}"), (5, "{\"c\":3}")],
        End::Complete,
    );
    check("\u{feff}{\"a\":1}\n", &[(1, "{\"a\":1}")], End::Complete);
}

#[test]
fn arrays() {
    check("[]", &[], End::Complete);
    check(" [ {\"a\":[1,\"]\"]} ,\n {} ] ", &[(1, "{\"a\":[1,\"]\"]}"), (2, "{}")], End::Complete);
    check("[1,\"a,\\\"]\",[2,3],null]", &[(1, "1"), (1, "\"a,\\\"]\""), (1, "[2,3]"), (1, "null")], End::Complete);
    check("[{\"a\":1}]\n[{\"b\":2}]", &[(1, "{\"a\":1}"), (2, "{\"b\":2}")], End::Complete);
}

#[test]
fn bodies_of_requests() {
    let body = "{\"api_key\":\"k,{\\\"\",\"events\":[{\"a\":{\"events\":[1]}},{\"b\":2}],\"options\":{\"x\":[1]}}";
    check(body, &[(1, "{\"a\":{\"events\":[1]}}"), (1, "{\"b\":2}")], End::Complete);
    check(
        &format!("{body}\n{body}"),
        &[(1, "{\"a\":{\"events\":[1]}}"), (1, "{\"b\":2}"), (2, "{\"a\":{\"events\":[1]}}"), (2, "{\"b\":2}")],
        End::Complete,
    );
    check(
        "{\n  \"events\" :\n  [\n    {\"a\":1},\n    {\"b\":2}\n  ]\n}\n",
        &[(4, "{\"a\":1}"), (5, "{\"b\":2}")],
        End::Complete,
    );
    check("{\"events\":[]}", &[], End::Complete);
}

#[test]
fn an_event_may_have_a_member_like_a_body() {
    check("{\"xevents\":[1]}\n", &[(1, "{\"xevents\":[1]}")], End::Complete);
    check("{\"events\":{\"a\":[1]}}\n", &[(1, "{\"events\":{\"a\":[1]}}")], End::Complete);
    check("{\"events\":\"x\",\"a\":[1]}\n", &[(1, "{\"events\":\"x\",\"a\":[1]}")], End::Complete);
}

#[test]
fn objects_over_several_lines() {
    check("{\n \"a\": 1\n}\n{\n \"b\": 2\n}\n", &[(1, "{\n \"a\": 1\n}"), (4, "{\n \"b\": 2\n}")], End::Complete);
}

#[test]
fn a_broken_line_costs_that_line() {
    let good = "{\"a\":1}";
    for broken in ["{\"a\":", "{\"a\":\"x", "{\"a\":1,", "nonsense", "}", "\"", "{\"a\":1}}"] {
        check(&format!("{good}\n{broken}\n{good}\n"), &[(1, good), (2, broken), (3, good)], End::Complete);
    }
    // Also when it is the first one, wherever it was cut.
    let whole = "{\"a\":{\"b\":[1,true,{\"c\":\"x\\\"\"}],\"d\":null}}";
    let halves = (1..whole.len()).map(|end| &whole[..end]);
    for broken in halves.chain(["nonsense", "}", "\"", "{x", "{\"a\":1 2}", "{\"a\":[1}", "{\"a\" \"b\"}"]) {
        check(&format!("{broken}\n{good}"), &[(1, broken), (2, good)], End::Complete);
        check(&format!("{broken}\n{good}\n{good}\n"), &[(1, broken), (2, good), (3, good)], End::Complete);
    }
}

#[test]
fn the_end_is_told() {
    check("", &[], End::Empty);
    check(" \n \n", &[], End::Empty);
    check("\u{feff}", &[], End::Empty);
    check("[{\"a\":1},{\"b\"", &[(1, "{\"a\":1}"), (1, "{\"b\"")], End::Truncated { line: 1 });
    check("[{\"a\":1}\n", &[(1, "{\"a\":1}")], End::Truncated { line: 2 });
    check("{\"events\":[{\"a\":1}]", &[(1, "{\"a\":1}")], End::Truncated { line: 1 });
    check("{\"a\":1}\n{\"b\"", &[(1, "{\"a\":1}"), (2, "{\"b\"")], End::Complete);
}

#[test]
fn what_is_too_long_is_passed_over() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(50));
    let short = "{\"b\":1}";
    let too_long = Err(ItemFault::TooLong { limit: 20 });
    for stream in [format!("{short}\n{long}\n{short}"), format!("[{short},\n{long},\n{short}]")] {
        for pieces in [1, 5, 4096] {
            let (found, end) = frame(stream.as_bytes(), pieces, 20);
            let expected = vec![(1, Ok(short.to_owned())), (2, too_long.clone()), (3, Ok(short.to_owned()))];
            assert_eq!((found, end), (expected, End::Complete), "{pieces}: {stream}");
        }
    }
    // Also when it is the first one.
    for pieces in [1, 5, 4096] {
        let (found, _) = frame(format!("{long}\n{short}").as_bytes(), pieces, 20);
        assert_eq!(found, [(1, too_long.clone()), (2, Ok(short.to_owned()))]);
    }
}
