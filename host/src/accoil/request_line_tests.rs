//! Tests of the printed form: exact bytes out, the same call back in, clear refusals.

use super::*;

fn round_trip(line: &str, combined: Option<&str>) {
    let call = parse_request_line(line, combined).unwrap();
    let mut printed = String::new();
    write_request_line(&call, &mut printed);
    assert_eq!(printed, line);
}

#[test]
fn every_kind_of_call_comes_back_to_the_letter() {
    for line in [
        r#"{"method":"POST","path":"/v2/identify","body":{"userId":"u","groupId":"g","traits":{"a":1.50,"b":null},"timestamp":"t"}}"#,
        r#"{"method":"POST","path":"/v2/identify","body":{"userId":"u\n\"ü"}}"#,
        r#"{"method":"POST","path":"/v2/group","body":{"groupId":"g","userId":"u","traits":{"mrr":100000000000000000000001}}}"#,
        r#"{"method":"POST","path":"/v2/group","body":{"groupId":"g"}}"#,
        r#"{"method":"POST","path":"/v2/track","body":{"userId":"u","event":"e","timestamp":"t"}}"#,
    ] {
        round_trip(line, None);
    }
    round_trip(
        r#"{"method":"POST","path":"/hook","body":{"userId":"u","event":"e","timestamp":"t","metadata":{"p":1},"groupTraits":[{"groupId":"g","traits":{"x":1}},{"groupId":"h"}]}}"#,
        Some("/hook"),
    );
}

#[test]
fn the_mark_of_a_failure_is_passed_over() {
    let line =
        r#"{"method":"POST","path":"/v2/group","body":{"groupId":"g"},"failure":{"reason":"dead","attempts":1}}"#;
    let call = parse_request_line(line, None).unwrap();
    assert_eq!(call.group_id(), Some("g"));
}

#[test]
fn wrong_lines_are_refused_with_what_is_wrong() {
    for (line, part) in [
        ("", "line is no request"),
        ("[]", "line is no request"),
        (r#"{"method":"GET","path":"/v2/track","body":{}}"#, "\"GET\""),
        (r#"{"method":"POST","path":"/v1/events","body":{}}"#, "/v2/identify"),
        (r#"{"method":"POST","path":"/v2/track","body":{"userId":"u"}}"#, "missing field `event`"),
        (r#"{"method":"POST","path":"/v2/track","body":{"userId":"u","event":"e","properties":{}}}"#, "properties"),
        (r#"{"method":"POST","path":"/v2/track","body":{"userId":7,"event":"e"}}"#, "expected a string"),
        (r#"{"method":"POST","path":"/v2/identify","body":{"userId":"","traits":{}}}"#, "userId is empty"),
        (r#"{"method":"POST","path":"/v2/identify","body":{"userId":"u","traits":[]}}"#, "traits is no json object"),
        (r#"{"method":"POST","path":"/v2/group","body":{"groupId":"g"},"extra":1}"#, "extra"),
    ] {
        let error = parse_request_line(line, None).unwrap_err().to_string();
        assert!(error.contains(part), "{line}: {error}");
    }
}
