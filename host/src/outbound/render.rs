//! From an Accoil event to calls.
//!
//! Accoil's track takes no properties and ignores groups: an event reaches an account through the
//! user's membership. So the traits go ahead of the event, in the order identify, group, track.

use std::sync::Arc;

use super::Dialect;
use crate::accoil::{AccoilEvent, Call};

/// Appends the calls of `event`, in the order in which they are to be sent.
///
/// An event of no user makes no identify and no track; one that names no group either makes nothing
/// at all.
pub fn render(event: &AccoilEvent, dialect: &Dialect, out: &mut Vec<Call>) {
    match dialect {
        Dialect::V2 => render_v2(event, out),
        Dialect::Combined { path } => out.push(Call::Combined { event: event.clone(), path: Arc::clone(path) }),
    }
}

fn render_v2(event: &AccoilEvent, out: &mut Vec<Call>) {
    if let Some(user_id) = &event.user_id {
        out.push(Call::Identify {
            user_id: user_id.clone(),
            group_id: event.group_traits.first().map(|group| group.group_id.clone()),
            traits: event.metadata.clone(),
            timestamp: event.timestamp.clone(),
        });
    }
    out.extend(event.group_traits.iter().map(|group| Call::Group {
        group_id: group.group_id.clone(),
        user_id: event.user_id.clone(),
        traits: group.traits.clone(),
        timestamp: event.timestamp.clone(),
    }));
    if let (Some(user_id), Some(name)) = (&event.user_id, &event.event) {
        out.push(Call::Track { user_id: user_id.clone(), event: name.clone(), timestamp: event.timestamp.clone() });
    }
}

/// How many calls [`render`] makes of `event`.
#[must_use]
pub fn calls_of(event: &AccoilEvent, dialect: &Dialect) -> usize {
    match dialect {
        Dialect::V2 => {
            let identify = usize::from(event.user_id.is_some());
            let track = usize::from(event.user_id.is_some() && event.event.is_some());
            identify + event.group_traits.len() + track
        }
        Dialect::Combined { .. } => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accoil::{GroupTraits, write_request_line};

    fn event() -> AccoilEvent {
        AccoilEvent {
            user_id: Some("u".into()),
            event: Some("Report_Created".into()),
            timestamp: Some("2026-01-02T03:04:05.006Z".into()),
            metadata: r#"{"plan":"pro"}"#.into(),
            group_traits: vec![
                GroupTraits { group_id: "g".into(), traits: r#"{"group_type":"org"}"#.into() },
                GroupTraits { group_id: "h".into(), traits: "{}".into() },
            ],
        }
    }

    fn lines(event: &AccoilEvent, dialect: &Dialect) -> Vec<String> {
        let mut calls = Vec::new();
        render(event, dialect, &mut calls);
        let line = |call| {
            let mut text = String::new();
            write_request_line(call, &mut text);
            text
        };
        calls.iter().map(line).collect()
    }

    #[test]
    fn identify_then_groups_then_track() {
        assert_eq!(
            lines(&event(), &Dialect::V2),
            [
                r#"{"method":"POST","path":"/v2/identify","body":{"userId":"u","groupId":"g","traits":{"plan":"pro"},"timestamp":"2026-01-02T03:04:05.006Z"}}"#,
                r#"{"method":"POST","path":"/v2/group","body":{"groupId":"g","userId":"u","traits":{"group_type":"org"},"timestamp":"2026-01-02T03:04:05.006Z"}}"#,
                r#"{"method":"POST","path":"/v2/group","body":{"groupId":"h","userId":"u","timestamp":"2026-01-02T03:04:05.006Z"}}"#,
                r#"{"method":"POST","path":"/v2/track","body":{"userId":"u","event":"Report_Created","timestamp":"2026-01-02T03:04:05.006Z"}}"#,
            ]
        );
    }

    #[test]
    fn without_a_user_only_groups_are_left() {
        let event = AccoilEvent { user_id: None, timestamp: None, ..event() };
        let lines = lines(&event, &Dialect::V2);
        assert_eq!(
            lines,
            [
                r#"{"method":"POST","path":"/v2/group","body":{"groupId":"g","traits":{"group_type":"org"}}}"#,
                r#"{"method":"POST","path":"/v2/group","body":{"groupId":"h"}}"#,
            ]
        );
    }

    #[test]
    fn combined_is_one_call() {
        let lines = lines(&event(), &Dialect::Combined { path: "/hook".into() });
        assert_eq!(
            lines,
            [
                r#"{"method":"POST","path":"/hook","body":{"userId":"u","event":"Report_Created","timestamp":"2026-01-02T03:04:05.006Z","metadata":{"plan":"pro"},"groupTraits":[{"groupId":"g","traits":{"group_type":"org"}},{"groupId":"h"}]}}"#
            ]
        );
    }

    #[test]
    fn calls_are_counted_as_they_are_made() {
        let whole = event();
        let without_name = AccoilEvent { event: None, ..event() };
        let without_user = AccoilEvent { user_id: None, ..event() };
        let nothing = AccoilEvent { user_id: None, group_traits: Vec::new(), ..event() };
        for event in [whole, without_name, without_user, nothing] {
            for dialect in [Dialect::V2, Dialect::Combined { path: "/hook".into() }] {
                assert_eq!(calls_of(&event, &dialect), lines(&event, &dialect).len(), "{event:?} {dialect:?}");
            }
        }
    }
}
