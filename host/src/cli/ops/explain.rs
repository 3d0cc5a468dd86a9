//! `explain`: what became of one event, and why.

use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::Service;
use super::text::Moment;
use crate::cli::{Exit, Failure};

/// Tell what became of an event, and why
///
/// Shows when it was accepted, which version of which mapping it was or would
/// be mapped by, which group was chosen among which, the requests to Accoil
/// with their answers, and what is still to come.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    /// The event's id: its insert_id, $insert_id or uuid, or the one it was given.
    #[arg(value_name = "EVENT_ID")]
    event: String,

    /// Whose event; needed if the configuration has several tenants.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    #[command(flatten)]
    service: Service,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let admin = arguments.service.find()?;
    let tenant = admin.tenant(arguments.tenant.as_deref())?;
    let answer = admin.get(&["events", &arguments.event], &[("tenant", tenant)])?;
    admin.print(&answer, |story: Story| story.text())
}

/// Bags are shown as they are, to the digit.
pub(super) type Raw = Option<Box<RawValue>>;

#[derive(Debug, Deserialize)]
struct Story {
    tenant: String,
    id: String,
    state: String,
    seq: u64,
    accepted_at: Moment,
    #[serde(default)]
    version: Option<u64>,
    #[serde(default)]
    in_force: Option<u64>,
    #[serde(default)]
    pin: Raw,
    #[serde(default)]
    event: Raw,
    #[serde(default)]
    candidates: Vec<Group>,
    #[serde(default)]
    selection: Option<String>,
    #[serde(default)]
    chosen: Raw,
    #[serde(default)]
    requests: Vec<Request>,
    #[serde(default)]
    attempt: Raw,
    #[serde(default)]
    dead: Raw,
    #[serde(default)]
    note: Raw,
}

#[derive(Debug, Deserialize)]
struct Group {
    r#type: String,
    id: String,
}

/// A request to Accoil, and what was answered.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    method: String,
    path: String,
    #[serde(default)]
    body: Raw,
    #[serde(default)]
    answer: Raw,
}

impl Request {
    pub(super) fn text(&self) -> String {
        let body = self.body.as_ref().map_or("", |body| body.get());
        let answer = self.answer.as_ref().map(|answer| format!("\n           answer {}", answer.get()));
        format!("{} {} {body}{}\n", self.method, self.path, answer.unwrap_or_default())
    }
}

/// In the note of an event that was mapped by another version than the one for its place.
#[derive(Debug, Deserialize)]
struct Repinned {
    from: u64,
    because: String,
}

impl Story {
    fn repinned(&self) -> Option<Repinned> {
        #[derive(Deserialize)]
        struct Note {
            repinned: Repinned,
        }
        let note = self.note.as_ref()?;
        serde_json::from_str::<Note>(note.get()).ok().map(|note| note.repinned)
    }

    fn text(&self) -> String {
        let mut text = format!("event {} of {}: {}\n", self.id, self.tenant, self.state);
        let accepted = format!("{}, number {} in its order", self.accepted_at.text(), self.seq);
        push(&mut text, "accepted", &accepted);
        if let Some(version) = self.version {
            let other = self.in_force.map(|live| format!("; live for this place in the order was version {live}"));
            push(&mut text, "version", &format!("{version}{}", other.unwrap_or_default()));
        }
        if let Some(Repinned { from, because }) = self.repinned() {
            push(&mut text, "run again", &format!("since version {from} failed on it: {because}"));
        }
        push_raw(&mut text, "pin", &self.pin);
        push_raw(&mut text, "event", &self.event);
        let groups: Vec<String> =
            self.candidates.iter().map(|group| format!("{} {}", group.r#type, group.id)).collect();
        push(&mut text, "candidates", &if groups.is_empty() { "none".to_owned() } else { groups.join(", ") });
        if let Some(selection) = &self.selection {
            push(&mut text, "selector", selection);
        }
        push_raw(&mut text, "chosen", &self.chosen);
        if self.requests.is_empty() {
            push(&mut text, "requests", "none");
        }
        self.requests.iter().for_each(|request| push(&mut text, "request", &request.text()));
        push_raw(&mut text, "attempt", &self.attempt);
        push_raw(&mut text, "dead", &self.dead);
        push_raw(&mut text, "note", &self.note);
        text
    }
}

pub(super) fn push(text: &mut String, name: &str, value: &str) {
    text.push_str(&format!("{name:10} {}\n", value.trim_end()));
}

/// What is null has nothing to tell.
pub(super) fn push_raw(text: &mut String, name: &str, value: &Raw) {
    if let Some(value) = value.as_ref().map(|value| value.get()).filter(|value| *value != "null") {
        push(text, name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    const STORY: &str = r#"{"tenant":"acme","id":"e/1?","seq":7,"accepted_at":1767323045678,"state":"delivered",
        "version":3,"pin":{"mapping":"ab"},"event":{"event_type":"x\\u001b","n":1.00},
        "candidates":[{"type":"Account","id":"21"},{"type":"Team","id":"7"}],"chosen":{"id":"21"},
        "requests":[{"method":"POST","path":"/v2/track","body":{"userId":"u"},"answer":{"status":202}}],
        "attempt":null,"dead":null,"note":{"took_ms":3},"new":"field"}"#;

    #[test]
    fn a_story_is_told_in_order_and_its_event_unchanged() {
        let story: Story = serde_json::from_str(STORY).unwrap();
        let expected = r#"event e/1? of acme: delivered
accepted   2026-01-02T03:04:05Z, number 7 in its order
version    3
pin        {"mapping":"ab"}
event      {"event_type":"x\\u001b","n":1.00}
candidates Account 21, Team 7
chosen     {"id":"21"}
request    POST /v2/track {"userId":"u"}
           answer {"status":202}
note       {"took_ms":3}
"#;
        assert_eq!(story.text(), expected);
    }

    #[test]
    fn an_event_that_another_version_mapped_is_told_of() {
        let story = STORY.replace("\"version\":3", "\"version\":3,\"in_force\":4");
        let story = story.replace("{\"took_ms\":3}", r#"{"repinned":{"from":4,"because":"fault: \"x\""}}"#);
        let text = serde_json::from_str::<Story>(&story).unwrap().text();
        assert!(text.contains("version    3; live for this place in the order was version 4\n"), "{text}");
        assert!(text.contains("run again  since version 4 failed on it: fault: \"x\"\n"), "{text}");
    }

    #[test]
    fn the_id_is_escaped_and_the_only_tenant_named() {
        let service = StandIn::always(200, STORY);
        let folder = service.folder();
        let options = Service { config: folder.path().join("accoil.toml"), json: true };
        run(&Arguments { event: "e/1?ü".into(), tenant: None, service: options }).unwrap();
        let seen = service.seen();
        assert_eq!(seen[0].line, "GET /events/e%2F1%3F%C3%BC?tenant=acme");
        assert_eq!(seen[0].authorization, "Bearer token-canary");
    }
}
