//! Commands that tell a running service to do one thing.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::client::Service;
use super::text::{bytes, count};
use crate::cli::{Exit, Failure};

/// Make a running service read its configuration again
///
/// Tenants, keys, mappings and delivery change while events flow; what needs
/// a restart is named. When there is anything wrong with the file, or with a
/// component or its settings, nothing changes.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Reload {
    #[command(flatten)]
    service: Service,
}

/// Write a copy of a running service's store to a file
///
/// The copy is of one moment, and complete: all events that had not ended,
/// dead letters, what is remembered. The service writes it, on its machine,
/// to a file that must not exist yet.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Backup {
    /// The file to write.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    service: Service,
}

/// Forget a user: what is kept of events that have ended
///
/// Removes the user's events from the history and from the dead letters.
/// Events that have not ended are delivered all the same.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Forget {
    /// The user, by the id in the events.
    #[arg(value_name = "USER")]
    user: String,

    /// Whose user; needed if the configuration has several tenants.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    #[command(flatten)]
    service: Service,
}

/// Forget what Accoil was told, so that all of it is told again
///
/// A call that says nothing new is not sent. When Accoil has lost what it was
/// told, or a key turned out to be wrong, this makes the next event of each
/// user and account tell everything again.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct ForgetTold {
    /// Which tenant; needed if the configuration has several.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    #[command(flatten)]
    service: Service,
}

#[derive(Debug, Deserialize)]
struct Reloaded {
    changed: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Written {
    file: String,
    bytes: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Erased {
    history: u64,
    dead_letters: u64,
    count: u64,
}

impl Reload {
    pub(in crate::cli) fn run(&self) -> Result<Exit, Failure> {
        let admin = self.service.find()?;
        admin.print(&admin.post(&["reload"], &json!({}))?, |Reloaded { changed }| match changed.as_slice() {
            [] => "nothing changed\n".to_owned(),
            changed => changed.iter().map(|line| format!("{line}\n")).collect(),
        })
    }
}

impl Backup {
    pub(in crate::cli) fn run(&self) -> Result<Exit, Failure> {
        let file = std::path::absolute(&self.file);
        let file = file.map_err(|error| Failure::new(Exit::Usage, "backup-file", error))?;
        let Some(file) = file.to_str() else {
            return Err(Failure::new(Exit::Usage, "backup-file", "the file's name is no valid UTF-8"));
        };
        let admin = self.service.find()?;
        let answer = admin.post(&["backup"], &json!({ "file": file }))?;
        admin.print(&answer, |written: Written| format!("{}: {}\n", written.file, bytes(written.bytes)))
    }
}

impl Forget {
    pub(in crate::cli) fn run(&self) -> Result<Exit, Failure> {
        let admin = self.service.find()?;
        let tenant = admin.tenant(self.tenant.as_deref())?;
        let answer = admin.post(&["forget"], &json!({ "tenant": tenant, "user": self.user }))?;
        admin.print(&answer, |erased: Erased| {
            let events = erased.history + erased.count;
            format!("removed {} and {}\n", count(events, "event"), count(erased.dead_letters, "dead letter"))
        })
    }
}

impl ForgetTold {
    pub(in crate::cli) fn run(&self) -> Result<Exit, Failure> {
        let admin = self.service.find()?;
        let tenant = admin.tenant(self.tenant.as_deref())?;
        let answer = admin.post(&["told", "clear"], &json!({ "tenant": tenant }))?;
        admin.print(&answer, |erased: Erased| match erased.count {
            0 => "nothing was remembered\n".to_owned(),
            number => format!("forgot {} about users and accounts\n", count(number, "thing")),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    /// Runs a command against a service that answers so; gives the request.
    fn asked(answer: &str, command: impl FnOnce(Service) -> Result<Exit, Failure>) -> (String, Value) {
        let service = StandIn::always(200, answer);
        let folder = service.folder();
        command(Service { config: folder.path().join("accoil.toml"), json: false }).unwrap();
        let seen = service.seen().remove(0);
        (seen.line, serde_json::from_str(&seen.body).unwrap())
    }

    #[test]
    fn each_command_asks_for_one_thing() {
        assert_eq!(
            asked(r#"{"changed":["tenant acme: mapping"]}"#, |service| Reload { service }.run()),
            ("POST /reload".into(), json!({}))
        );
        let here = std::path::absolute("copy.db").unwrap();
        assert_eq!(
            asked(r#"{"file":"copy.db","bytes":7}"#, |service| Backup { file: "copy.db".into(), service }.run()),
            ("POST /backup".into(), json!({ "file": here }))
        );
        assert_eq!(
            asked(r#"{"history":7,"dead_letters":1}"#, |service| Forget { user: "u 1".into(), tenant: None, service }
                .run()),
            ("POST /forget".into(), json!({ "tenant": "acme", "user": "u 1" }))
        );
        assert_eq!(
            asked(r#"{"count":7}"#, |service| ForgetTold { tenant: Some("acme".into()), service }.run()),
            ("POST /told/clear".into(), json!({ "tenant": "acme" }))
        );
    }

    #[test]
    fn a_tenant_that_is_not_there_is_asked_nothing_about() {
        let service = StandIn::always(200, "{}");
        let folder = service.folder();
        let options = Service { config: folder.path().join("accoil.toml"), json: false };
        let failure = ForgetTold { tenant: Some("acne".into()), service: options }.run().unwrap_err();
        assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Usage, "config-tenant"));
        assert!(service.seen().is_empty());
    }

    #[test]
    fn a_configuration_that_is_refused_is_told_as_it_is() {
        let service = StandIn::always(400, r#"{"code":"config-value","message":"accoil.toml:5: x"}"#);
        let folder = service.folder();
        let options = Service { config: folder.path().join("accoil.toml"), json: false };
        let failure = Reload { service: options }.run().unwrap_err();
        assert_eq!((failure.exit, failure.message.as_str()), (Exit::Incomplete, "accoil.toml:5: x"));
    }
}
