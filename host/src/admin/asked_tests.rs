//! What is made of a request.

use super::*;

const LIMIT: BodyLimit = BodyLimit { bytes: 8, name: "the limit", patience: Duration::from_secs(10) };

async fn asked(uri: &str, body: &str) -> Result<Asked, Refusal> {
    Asked::read(&Method::POST, &uri.parse().unwrap(), Body::from(body.to_owned()), LIMIT).await
}

#[tokio::test]
async fn parts_of_a_path_are_counted_before_their_escapes_are_undone() {
    let asked = asked("/events/a%2Fb+c%C3%BC/rerun?tenant=x&tenant=y%26z", "").await.unwrap();
    assert_eq!([0, 1, 2, 3].map(|index| asked.part(index)), ["events", "a/b+cü", "rerun", ""]);
    assert_eq!(asked.only(["before", "tenant"]).unwrap(), [None, Some("y&z".to_owned())]);
    assert!(asked.only(["before"]).unwrap_err().message.contains("tenant is none of before"));
}

#[tokio::test]
async fn a_body_that_is_too_long_is_told_by_the_name_of_its_limit() {
    assert_eq!(asked("/", "12345678").await.unwrap().body.as_ref(), b"12345678");
    for long in ["123456789", &"1".repeat(10_000)] {
        let refusal = asked("/", long).await.err().unwrap();
        assert_eq!((refusal.status.as_u16(), refusal.code), (413, "admin-body-too-long"));
        assert_eq!(refusal.message, "the body is longer than 8 bytes (the limit)");
    }
}

#[tokio::test]
async fn a_body_that_comes_in_parts_is_no_longer_than_one_that_does_not() {
    let parts = |number: usize| {
        let parts = (0..number).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"1234")));
        read(Body::from_stream(futures_util::stream::iter(parts)), LIMIT)
    };
    assert_eq!(parts(2).await.unwrap().len(), 8);
    assert_eq!(parts(3).await.unwrap_err().status.as_u16(), 413);
}

#[test]
fn who_and_why_are_said_in_some_words() {
    let kept = asker(" me ", " because\n").unwrap();
    assert_eq!((kept.by.as_str(), kept.reason.as_str()), ("me", "because"));
    assert!(asker(&"ü".repeat(200), "x").is_ok());
    for (by, reason) in [("", "x"), (" ", "x"), ("x", ""), (&*"ü".repeat(201), "x"), ("x", &"r".repeat(1001))] {
        assert_eq!(asker(by, reason).unwrap_err().code, "admin-asker", "{by} {reason}");
    }
}

#[test]
fn shares_are_exact_to_the_millionth_and_none_is_nothing() {
    for (given, expected) in [(0.05, 50_000), (1.0, 1_000_000), (0.000_001, 1), (0.29, 290_000)] {
        assert_eq!(share(given).unwrap(), expected);
    }
    for wrong in [0.0, -0.1, 1.1, 0.000_000_1, f64::NAN, f64::INFINITY] {
        assert_eq!(share(wrong).unwrap_err().code, "admin-share", "{wrong}");
    }
}
