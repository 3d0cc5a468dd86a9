//! The same texts are JSON here and for `serde_json`, and mean the same.

use json_text::{
    Fault, FaultKind, Fields, MAX_DEPTH, check, compact, elements, members, push_string, sorted_object, unescape,
};
use proptest::prelude::*;
use serde_json::Value;

/// Values with awkward strings and numbers.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        awkward().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(awkward(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn awkward() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,12}",
        prop::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter),
        prop::sample::select(vec!["\"", "\\", "\u{0}", "é", "😀", "{", "]", ":", ",", "a\\\"b\\\\"])
            .prop_map(str::to_owned),
    ]
}

/// Pieces that, put together at random, are sometimes JSON.
fn almost_json() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"b\":",
        "0",
        "-",
        "1.5",
        "e9",
        "E+2",
        ".",
        "true",
        "false",
        "null",
        " ",
        "\n",
        "\\",
        "\\u00",
        "\\ud800",
        "\u{1}",
        "é",
        "nul",
        "01",
        "{}",
        "[]",
        "{\"a\":1}",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..9).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepts_what_serde_json_accepts(text in almost_json()) {
        // serde_json refuses half of a surrogate pair, which RFC 8259 lets pass.
        let text = text.replace("\\ud800", "\\ud7ff");
        // It also refuses numbers beyond f64, which none of the pieces make.
        prop_assert_eq!(check(&text).is_ok(), serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn splits_as_serde_json_does(value in value(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(check(&text), Ok(()));
        prop_assert_eq!(compact(&text, true), serde_json::to_string(&value).unwrap());
        if let Some(array) = value.as_array() {
            let parsed: Vec<Value> = elements(&text).map(|text| serde_json::from_str(text).unwrap()).collect();
            prop_assert_eq!(&parsed, array);
        }
        if let Some(object) = value.as_object() {
            let parsed: serde_json::Map<String, Value> = members(&text)
                .map(|(name, text)| (name.content().into_owned(), serde_json::from_str(text).unwrap()))
                .collect();
            prop_assert_eq!(&parsed, object);
            let sorted = sorted_object(&text).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Value>(&sorted.text).unwrap(), &value);
            let names: Vec<_> = members(&sorted.text).map(|(name, _)| name.content().into_owned()).collect();
            prop_assert!(names.is_sorted());
            prop_assert_eq!(sorted.empty, object.is_empty());
        }
    }

    #[test]
    fn strings_survive(content in awkward()) {
        let mut text = String::new();
        push_string(&mut text, &content);
        prop_assert_eq!(&serde_json::to_string(&content).unwrap(), &text);
        prop_assert_eq!(unescape(&text[1..text.len() - 1]), content);
    }

    #[test]
    fn every_cut_is_noticed(value in value()) {
        let text = serde_json::to_string(&value).unwrap();
        let text = format!("[{text}]");
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let fault = check(&text[..cut]).unwrap_err();
            prop_assert!(matches!(fault.kind, FaultKind::End | FaultKind::Expected(_) | FaultKind::Escape));
        }
    }

    #[test]
    fn trusting_walks_end_on_any_text(text in any::<String>(), almost in almost_json()) {
        for text in [text, almost] {
            let _ = members(&text).count() + elements(&text).count();
            let _ = compact(&text, true);
        }
    }
}

#[test]
fn depth_is_limited_where_it_is_exceeded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let limit = MAX_DEPTH as usize;
    assert_eq!(check(&nested(limit)), Ok(()));
    assert_eq!(check(&nested(limit + 1)), Err(Fault { at: limit, kind: FaultKind::Depth }));
    assert!(check(&nested(100_000)).is_err());
    assert!(check(&"{\"a\":".repeat(100_000)).is_err());

    // Inside an object the member's value has one level less.
    let member = |depth| format!("{{\"a\":{}}}", nested(depth));
    let walk = |text: &str| {
        let mut fields = Fields::of(text)?;
        while fields.next_field()?.is_some() {}
        Ok::<_, Fault>(())
    };
    assert_eq!(walk(&member(limit - 1)), Ok(()));
    assert_eq!(walk(&member(limit)).unwrap_err().kind, FaultKind::Depth);
}

#[test]
fn faults_say_what_and_where() {
    let told = |text: &str| check(text).unwrap_err().to_string();
    assert_eq!(told(r#"{"a":1"#), "the text ends in the middle of a value at column 7");
    assert_eq!(told(r#"{"a" 1}"#), "expected `:` at column 6");
    assert_eq!(told("\"a\u{0}\""), "a control character in a string at column 3");
    assert_eq!(told(r#""\x""#), "an unknown escape in a string at column 2");
    assert_eq!(told("{} {}"), "expected the end of the text at column 4");
    assert_eq!(told("01"), "expected the end of the text at column 2");
}
