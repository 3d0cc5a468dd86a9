//! Tests of what is sent again and what is not.

use std::num::NonZeroUsize;

use super::{Decision, Novelty};
use crate::accoil::Call;

fn memory(entries: usize) -> Novelty {
    Novelty::new(NonZeroUsize::new(entries).unwrap())
}

fn identify(user: &str, group: Option<&str>, traits: &str) -> Call {
    Call::Identify {
        user_id: user.into(),
        group_id: group.map(Into::into),
        traits: traits.into(),
        timestamp: Some("2026-01-02T03:04:05.006Z".into()),
    }
}

fn group(group: &str, user: &str, traits: &str, second: u8) -> Call {
    Call::Group {
        group_id: group.into(),
        user_id: Some(user.into()),
        traits: traits.into(),
        timestamp: Some(format!("2026-01-02T03:04:{second:02}.000Z")),
    }
}

/// Decides and, when it is sent, has it delivered.
fn deliver(novelty: &Novelty, call: &Call) -> Decision {
    let decision = novelty.decide(call);
    if decision != NothingNew {
        novelty.delivered(call, decision);
    }
    decision
}

use Decision::{NothingNew, Send, SendWithoutTraits};

#[test]
fn an_identify_is_sent_when_user_group_or_traits_differ_from_the_last() {
    let novelty = memory(10);
    for (call, expected) in [
        (identify("u", None, "{}"), Send),
        (identify("u", None, "{}"), NothingNew),
        (identify("u", Some("g"), "{}"), Send),
        (identify("u", Some("g"), r#"{"a":1}"#), Send),
        (identify("u", Some("g"), r#"{"a":1}"#), NothingNew),
        (identify("u", Some("g"), "{}"), Send),
        (identify("v", Some("g"), "{}"), Send),
    ] {
        assert_eq!(deliver(&novelty, &call), expected, "{call:?}");
    }
}

#[test]
fn what_was_not_delivered_is_still_new() {
    let novelty = memory(10);
    let call = identify("u", None, "{}");
    assert_eq!(novelty.decide(&call), Send);
    assert_eq!(novelty.decide(&call), Send);
}

#[test]
fn users_of_one_account_do_not_repeat_its_traits_for_each_other() {
    let novelty = memory(10);
    for (call, expected) in [
        (group("g", "u", r#"{"a":1}"#, 1), Send),
        (group("g", "v", r#"{"a":1}"#, 2), Send),
        (group("g", "u", r#"{"a":1}"#, 3), NothingNew),
        (group("g", "v", r#"{"a":2}"#, 4), Send),
        (group("g", "u", r#"{"a":2}"#, 5), NothingNew),
        (group("g", "u", r#"{"a":1}"#, 6), Send),
    ] {
        assert_eq!(deliver(&novelty, &call), expected, "{call:?}");
    }
}

#[test]
fn older_traits_never_overwrite_newer_ones() {
    let novelty = memory(10);
    for (call, expected) in [
        (group("g", "u", r#"{"a":2}"#, 9), Send),
        (group("g", "u", r#"{"a":1}"#, 8), NothingNew),
        (group("g", "v", r#"{"a":1}"#, 7), SendWithoutTraits),
        (group("g", "v", r#"{"a":1}"#, 7), NothingNew),
        (group("g", "u", r#"{"a":2}"#, 20), NothingNew),
        (group("g", "u", r#"{"a":3}"#, 15), NothingNew),
        (group("g", "u", r#"{"a":3}"#, 20), Send),
    ] {
        assert_eq!(deliver(&novelty, &call), expected, "{call:?}");
    }
}

#[test]
fn an_identify_that_named_the_account_makes_an_outdated_call_needless() {
    let novelty = memory(10);
    deliver(&novelty, &group("g", "u", r#"{"a":2}"#, 9));
    deliver(&novelty, &identify("v", Some("g"), "{}"));
    assert_eq!(deliver(&novelty, &group("g", "v", r#"{"a":1}"#, 8)), NothingNew);
}

#[test]
fn a_missing_timestamp_is_current_and_moves_no_mark() {
    let novelty = memory(10);
    let timeless =
        Call::Group { group_id: "g".into(), user_id: Some("u".into()), traits: "{}".into(), timestamp: None };
    deliver(&novelty, &group("g", "u", r#"{"a":1}"#, 5));
    assert_eq!(deliver(&novelty, &timeless), Send);
    assert_eq!(deliver(&novelty, &group("g", "u", r#"{"a":1}"#, 4)), NothingNew);
    assert_eq!(deliver(&novelty, &group("g", "u", r#"{"a":2}"#, 6)), Send);
}

#[test]
fn tracks_are_always_new() {
    let novelty = memory(10);
    let track = Call::Track { user_id: "u".into(), event: "e".into(), timestamp: None };
    assert_eq!(deliver(&novelty, &track), Send);
    assert_eq!(deliver(&novelty, &track), Send);
}

#[test]
fn the_memory_is_bounded() {
    let novelty = memory(2);
    for user in ["u", "v", "w"] {
        deliver(&novelty, &identify(user, None, "{}"));
    }
    assert_eq!(deliver(&novelty, &identify("w", None, "{}")), NothingNew);
    assert_eq!(deliver(&novelty, &identify("u", None, "{}")), Send);
}

#[tokio::test]
async fn one_account_is_spoken_about_by_one_lane_at_a_time() {
    let novelty = memory(2);
    let (first, second) = (group("g", "u", "{}", 1), group("g", "v", "{}", 2));
    let guard = novelty.lock_group(&first).await;
    let waiting = novelty.lock_group(&second);
    tokio::pin!(waiting);
    assert!(futures_poll_is_pending(waiting.as_mut()).await);
    drop(guard);
    assert!(waiting.await.is_some());
}

async fn futures_poll_is_pending<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_pending())).await
}
