//! `dead-letters replay` and `dead-letters drop`

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::filter::Filter;
use crate::cli::ops::client::{Admin, Service};
use crate::cli::ops::text::count;
use crate::cli::{Exit, Failure};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Their numbers in the list.
    #[arg(value_name = "ID")]
    ids: Vec<i64>,

    #[command(flatten)]
    filter: Filter,

    /// All of them, if nothing else says which.
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    service: Service,
}

pub(super) fn run(verb: &'static str, done: &'static str, arguments: &Arguments) -> Result<Exit, Failure> {
    let body = arguments.body(verb)?;
    command(verb, done, &body, &arguments.service.find()?)
}

fn command(verb: &'static str, done: &'static str, body: &Value, admin: &Admin) -> Result<Exit, Failure> {
    let answer = admin.post(&["dead-letters", verb], body)?;
    admin.print(&answer, |Done { count: number }| match number {
        0 => format!("no dead letters like these; nothing {done}\n"),
        number => format!("{} {done}\n", count(number, "dead letter")),
    })
}

#[derive(Debug, Deserialize)]
struct Done {
    count: u64,
}

impl Arguments {
    fn body(&self, verb: &str) -> Result<Value, Failure> {
        let restricts = !self.ids.is_empty() || self.filter.restricts();
        if !restricts && !self.all {
            let problem = format!(
                "which are meant? name their numbers, or restrict them (--tenant, --reason …), or {verb} --all"
            );
            return Err(Failure::new(Exit::Usage, "dead-letters-which", problem));
        }
        let mut body: Map<String, Value> =
            self.filter.pairs().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        if let Some(limit) = self.filter.limit {
            body.insert("limit".to_owned(), limit.into());
        }
        if !self.ids.is_empty() {
            body.insert("ids".to_owned(), json!(self.ids));
        }
        if !restricts {
            body.insert("all".to_owned(), true.into());
        }
        Ok(body.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    fn arguments(ids: &[i64], filter: Filter, all: bool) -> Arguments {
        Arguments { ids: ids.to_vec(), filter, all, service: Service { config: "none".into(), json: false } }
    }

    #[test]
    fn nothing_is_meant_by_nothing() {
        let limit = || Filter { limit: Some(3), ..Filter::default() };
        for filter in [Filter::default(), limit()] {
            let failure = arguments(&[], filter, false).body("drop").unwrap_err();
            assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Usage, "dead-letters-which"));
        }
        assert_eq!(arguments(&[], limit(), true).body("drop").unwrap(), json!({"all": true, "limit": 3}));
    }

    #[test]
    fn the_filter_becomes_a_body_and_all_is_not_said_with_it() {
        let filter = Filter { reason: Some("rejected".into()), tenant: Some("acme".into()), ..Filter::default() };
        let body = arguments(&[1, 2], filter, true).body("replay").unwrap();
        assert_eq!(body, json!({"ids": [1, 2], "reason": "rejected", "tenant": "acme"}));
        let service = StandIn::always(200, r#"{"count":2}"#);
        command("replay", "replayed", &body, &service.admin().0).unwrap();
        let seen = service.seen();
        assert_eq!(seen[0].line, "POST /dead-letters/replay");
        assert_eq!(serde_json::from_str::<Value>(&seen[0].body).unwrap(), body);
    }
}
