//! `dead-letters show`

use serde::Deserialize;

use crate::cli::ops::client::Admin;
use crate::cli::ops::explain::{Raw, Request, push, push_raw};
use crate::cli::ops::text::Moment;
use crate::cli::{Exit, Failure};

pub(super) fn run(id: i64, admin: &Admin) -> Result<Exit, Failure> {
    let answer = admin.get(&["dead-letters", &id.to_string()], &[])?;
    admin.print(&answer, |letter: DeadLetter| letter.text())
}

#[derive(Debug, Deserialize)]
struct DeadLetter {
    id: i64,
    tenant: String,
    event_id: String,
    #[serde(default)]
    seq: u64,
    accepted_at: Moment,
    died_at: Moment,
    reason: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    version: Option<u64>,
    #[serde(default)]
    attempts: u64,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    answer: Option<String>,
    #[serde(default)]
    event: Raw,
    #[serde(default)]
    requests: Vec<Request>,
}

impl DeadLetter {
    fn text(&self) -> String {
        let mut text = format!("dead letter {}: event {} of {}\n", self.id, self.event_id, self.tenant);
        push(&mut text, "accepted", &format!("{}, number {} in its order", self.accepted_at.text(), self.seq));
        push(&mut text, "died", &self.died_at.text());
        push(&mut text, "reason", &format!("{}: {}", self.reason, self.detail));
        if let Some(version) = self.version {
            push(&mut text, "version", &version.to_string());
        }
        push(&mut text, "tries", &self.attempts.to_string());
        if let Some(status) = self.status {
            push(&mut text, "status", &status.to_string());
        }
        if let Some(answer) = self.answer.as_deref().filter(|answer| !answer.is_empty()) {
            push(&mut text, "answer", answer);
        }
        push_raw(&mut text, "event", &self.event);
        self.requests.iter().for_each(|request| push(&mut text, "request", &request.text()));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    const LETTER: &str = r#"{"id":7,"tenant":"acme","event_id":"e1","seq":9,"accepted_at":0,"died_at":1767323045678,
        "reason":"rejected","detail":"status 400","version":2,"attempts":3,"status":400,"answer":"bad",
        "event":{"n":1.0},"requests":[{"method":"POST","path":"/v2/track","body":{"event":"x"}}]}"#;

    #[test]
    fn it_is_shown_with_event_and_requests() {
        let letter: DeadLetter = serde_json::from_str(LETTER).unwrap();
        let expected = r#"dead letter 7: event e1 of acme
accepted   1970-01-01T00:00:00Z, number 9 in its order
died       2026-01-02T03:04:05Z
reason     rejected: status 400
version    2
tries      3
status     400
answer     bad
event      {"n":1.0}
request    POST /v2/track {"event":"x"}
"#;
        assert_eq!(letter.text(), expected);
        let service = StandIn::always(200, LETTER);
        run(7, &service.admin().0).unwrap();
        assert_eq!(service.seen()[0].line, "GET /dead-letters/7");
    }
}
