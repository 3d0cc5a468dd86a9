use super::*;

fn parse(text: &str) -> Result<Case, CaseError> {
    Case::parse(Path::new("cases/some.json"), text.to_owned())
}

#[test]
fn a_case_may_say_little() {
    let case = parse(r#"{"events":[{"event_type":"a"}, 5]}"#).unwrap();
    assert_eq!((case.name.as_str(), case.settings.as_str()), ("some", "{}"));
    assert_eq!(case.events, [r#"{"event_type":"a"}"#, "5"]);
    assert_eq!((case.expected, case.mapping_settings), (None, None));
}

#[test]
fn a_case_may_say_all() {
    let text = "{\n \"name\": \"the \\\"first\\\"\", \"settings\": {\"a\": 1.0},\n \"mapping_settings\": {},\n \
                \"expected\": [ {\"outcome\" : \"skip\"} ], \"events\": [ {} ]\n}\n";
    let case = parse(text).unwrap();
    assert_eq!((case.name.as_str(), case.settings.as_str()), ("the \"first\"", "{\"a\": 1.0}"));
    assert_eq!(case.expected.unwrap(), ["{\"outcome\":\"skip\"}"]);
    assert_eq!(text.get(case.layout.expected.unwrap()), Some("[ {\"outcome\" : \"skip\"} ]"));
    assert_eq!(text.get(case.layout.last..), Some("\n}\n"));
}

#[test]
fn what_is_wrong_is_told_with_file_line_and_key() {
    for (text, told) in [
        (
            "{\n\"events\":[1],\n\"expectd\":[]}",
            "cases/some.json:3: `expectd` is unknown; a case has name, settings, mapping_settings, events, expected",
        ),
        ("{\"events\":[1],\n\"events\":[1]}", "cases/some.json:2: `events` is there twice"),
        ("{\"events\":{}}", "cases/some.json:1: `events` must be an array"),
        ("{\"name\":1}", "cases/some.json:1: `name` must be a string"),
        ("{\"settings\":[]}", "cases/some.json:1: `settings` must be an object"),
        ("{\"events\":[]}", "cases/some.json:1: `events` is missing or empty: a case is about events"),
        ("{\n\n  \"events\": [1,]}", "cases/some.json:3: expected a value at column 16"),
        ("[]", "cases/some.json:1: expected an object at column 1"),
        ("", "cases/some.json:1: the text ends in the middle of a value at column 1"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), told);
    }
}
