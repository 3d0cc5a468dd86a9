//! `rerun`: what a version makes of an event.

use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::Service;
use crate::cli::{Exit, Failure, tell};

/// Print the requests that a version makes of an event; nothing is sent
///
/// Of the version that mapped the event these are the very bytes of the
/// requests that were made, one a line, including those that were left out
/// since they said nothing new.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    /// The event's id: its insert_id, $insert_id or uuid, or the one it was given.
    #[arg(value_name = "EVENT_ID")]
    event: String,

    /// Whose event; needed if the configuration has several tenants.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    /// Which version; the one that mapped it, or is to, if it is not said.
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,

    #[command(flatten)]
    service: Service,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let admin = arguments.service.find()?;
    let mut query = vec![("tenant", admin.tenant(arguments.tenant.as_deref())?)];
    query.extend(arguments.version.map(|version| ("version", version.to_string())));
    let answer = admin.get(&["events", &arguments.event, "rerun"], &query)?;
    admin.print(&answer, |rerun: Rerun| {
        tell(&rerun.remark());
        rerun.text()
    })
}

#[derive(Debug, Deserialize)]
struct Rerun {
    version: u64,
    ran: Option<u64>,
    mapping: String,
    not_delivered: Option<String>,
    requests: Vec<Box<RawValue>>,
}

impl Rerun {
    fn remark(&self) -> String {
        let ran = match self.ran {
            Some(ran) if ran == self.version => "which mapped it or is to".to_owned(),
            Some(ran) => format!("while version {ran} mapped the event, or is to"),
            None => "and none has mapped it".to_owned(),
        };
        let outcome = self.not_delivered.as_deref().map(|outcome| format!(": {outcome}")).unwrap_or_default();
        format!("version {} ({}), {ran}{outcome}", self.version, self.mapping)
    }

    fn text(&self) -> String {
        self.requests.iter().map(|request| format!("{}\n", request.get())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    #[test]
    fn requests_are_printed_to_the_byte() {
        let answer = r#"{"version":2,"ran":3,"mapping":"sha256:ab","not_delivered":null,
            "requests":[{"method":"POST","body":{"n":1.00, "s":"\u00fc"}},{"b":2}]}"#;
        let rerun: Rerun = serde_json::from_str(answer).unwrap();
        assert_eq!(rerun.text(), "{\"method\":\"POST\",\"body\":{\"n\":1.00, \"s\":\"\\u00fc\"}}\n{\"b\":2}\n");
        assert_eq!(rerun.remark(), "version 2 (sha256:ab), while version 3 mapped the event, or is to");
        let service = StandIn::always(200, answer);
        let folder = service.folder();
        let options = || Service { config: folder.path().join("accoil.toml"), json: false };
        run(&Arguments { event: "e/1".into(), tenant: None, version: None, service: options() }).unwrap();
        run(&Arguments { event: "e".into(), tenant: None, version: Some(2), service: options() }).unwrap();
        let seen: Vec<_> = service.seen().into_iter().map(|seen| seen.line).collect();
        assert_eq!(seen, ["GET /events/e%2F1/rerun?tenant=acme", "GET /events/e/rerun?tenant=acme&version=2"]);
    }

    #[test]
    fn what_is_not_delivered_has_no_requests_but_a_reason() {
        let rerun: Rerun = serde_json::from_str(
            r#"{"version":3,"ran":3,"mapping":"ab","not_delivered":"skipped: no user","requests":[]}"#,
        )
        .unwrap();
        assert_eq!(
            (rerun.text().as_str(), rerun.remark().as_str()),
            ("", "version 3 (ab), which mapped it or is to: skipped: no user")
        );
    }
}
