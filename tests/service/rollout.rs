//! What tests of versions share: commands, and what the store says afterwards.

use std::path::Path;

use base64::Engine;
use serde_json::{Value, json};

use crate::cli::support::{Ran, run_in};
use crate::oracle::Host;

/// A mapping that delivers two tracks for each event, whose names end with one letter and the other:
/// a large one and a small one.
pub(crate) fn twice(letter: char) -> Vec<u8> {
    let marks = format!("{{}}{}{}", letter.to_ascii_uppercase(), letter.to_ascii_lowercase());
    crate::sandbox::guest::component(&include_str!("../sandbox/guests/delivers_twice.wat").replace("{}Aa", &marks))
}

/// A new component, as commands carry it.
pub(crate) fn new(component: &[u8]) -> Value {
    json!({ "base64": base64::engine::general_purpose::STANDARD.encode(component) })
}

impl Host {
    /// Gives a command that must succeed.
    pub(crate) async fn order(&self, path: &str, more: Value) -> Value {
        let (status, answer) = self.try_order(path, more).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Gives a command for the tenant `acme`, unless it names another one.
    pub(crate) async fn try_order(&self, path: &str, more: Value) -> (u16, Value) {
        let mut body = json!({ "tenant": "acme", "by": "tests", "reason": "a test" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.command(path, &body).await
    }

    /// Deploys a component to `acme`; gives the answer.
    pub(crate) async fn deploy(&self, component: &[u8], more: Value) -> Value {
        let mut body = json!({ "component": new(component) });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.order("/versions/deploy", body).await
    }

    /// Runs another command of the program in the folder of the service, with `client.toml` as its configuration: that
    /// of the service with the addresses that it has.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let config = std::fs::read_to_string(self.path("accoil.toml")).unwrap();
        let (listen, admin) = ("listen = \"127.0.0.1:0\"", format!("admin_listen = \"{}\"", self.admin));
        std::fs::write(self.path("client.toml"), config.replace(&format!("admin_{listen}"), &admin)).unwrap();
        run_in(self.folder.path(), arguments)
    }

    /// The lines of the audit log, oldest first.
    pub(crate) async fn audit(&self) -> Vec<Value> {
        let mut lines = self.admin("/audit?limit=1000").await["lines"].as_array().unwrap().clone();
        lines.reverse();
        lines
    }

    /// What was done, of the lines of the audit log, oldest first.
    pub(crate) async fn audited(&self) -> Vec<String> {
        self.audit().await.iter().map(|line| line["what"].as_str().unwrap().to_owned()).collect()
    }
}

/// An event that has ended, as the store of a service that has stopped has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) seq: u64,
    pub(crate) id: String,
    pub(crate) version: u32,
    pub(crate) note: Value,
}

/// What was in force, from which event on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Activation {
    pub(crate) from: u64,
    pub(crate) version: u32,
}

/// The store of a service that has stopped; of its first tenant.
pub(crate) struct Store(rusqlite::Connection);

impl Store {
    pub(crate) fn open(folder: &Path) -> Self {
        Self(rusqlite::Connection::open(folder.join("data/queue.db")).unwrap())
    }

    pub(crate) fn settled(&self) -> Vec<Settled> {
        let sql =
            "SELECT s.key & 0xffffffffff, e.id, s.version, s.note FROM settled s JOIN event e USING (key) ORDER BY 1";
        let mut select = self.0.prepare(sql).unwrap();
        let rows = select.query_map([], |row| {
            let note: String = row.get(3)?;
            let note = serde_json::from_str(&note).unwrap_or_default();
            Ok(Settled { seq: row.get::<_, i64>(0)? as u64, id: row.get(1)?, version: row.get(2)?, note })
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    pub(crate) fn activations(&self) -> Vec<Activation> {
        let mut select = self.0.prepare("SELECT from_seq, version FROM activation ORDER BY number").unwrap();
        let rows = select
            .query_map([], |row| Ok(Activation { from: row.get::<_, i64>(0)? as u64, version: row.get(1)? }))
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

/// The version in force for an event.
pub(crate) fn version_at(activations: &[Activation], seq: u64) -> u32 {
    activations.iter().rev().find(|activation| activation.from <= seq).unwrap().version
}
