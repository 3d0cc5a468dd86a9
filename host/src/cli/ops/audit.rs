//! `audit`: who changed what.

use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{Admin, Service};
use super::text::{Moment, count, table};
use crate::cli::{Exit, Failure};

/// Show who changed what, when and why; or check that nobody rewrote it
///
/// Deployments, rollbacks (also those that the service made by itself),
/// experiments and refusals, newest first. Each line holds a digest over all
/// lines before it: write the head that --check prints down elsewhere, and
/// whoever changes an older line is found out.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Arguments {
    /// Only what is about this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    /// How many lines at most.
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,

    /// Only lines before this one.
    #[arg(long, value_name = "LINE")]
    before: Option<u64>,

    /// Look through the whole log for lines that were changed.
    #[arg(long, conflicts_with_all = ["tenant", "limit", "before"])]
    check: bool,

    #[command(flatten)]
    service: Service,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let admin = arguments.service.find()?;
    if arguments.check {
        return check(&admin);
    }
    let mut query = Vec::new();
    query.extend(arguments.tenant.clone().map(|tenant| ("tenant", tenant)));
    query.extend(arguments.before.map(|before| ("before", before.to_string())));
    query.extend(arguments.limit.map(|limit| ("limit", limit.to_string())));
    admin.print(&admin.get(&["audit"], &query)?, |listed: Listed| listed.text())
}

fn check(admin: &Admin) -> Result<Exit, Failure> {
    let answer = admin.get(&["audit", "check"], &[])?;
    let Check { broken, .. } = admin.read(&answer)?;
    admin.print(&answer, |check: Check| check.text())?;
    Ok(if broken.is_none() { Exit::Success } else { Exit::Incomplete })
}

#[derive(Debug, Deserialize)]
struct Check {
    lines: u64,
    head: String,
    broken: Option<u64>,
}

impl Check {
    fn text(&self) -> String {
        let verdict = match self.broken {
            Some(line) => format!("BROKEN: line {line} does not fit the lines before it"),
            None => "each fits the ones before it".to_owned(),
        };
        format!("{}: {verdict}\nhead {}\n", count(self.lines, "line"), self.head)
    }
}

#[derive(Debug, Deserialize)]
struct Listed {
    lines: Vec<Line>,
    #[serde(default)]
    more: bool,
}

#[derive(Debug, Deserialize)]
struct Line {
    number: u64,
    at: Moment,
    tenant: Option<String>,
    what: String,
    by: String,
    reason: String,
    detail: Box<RawValue>,
}

/// What a detail says about versions.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Versions {
    version: Option<u64>,
    canary_version: Option<u64>,
    from: Option<u64>,
}

impl Line {
    /// What was put in force, and from which event on.
    fn versions(&self) -> String {
        let Versions { version, canary_version, from } = serde_json::from_str(self.detail.get()).unwrap_or_default();
        let canary = canary_version.map(|canary| format!("+{canary}")).unwrap_or_default();
        let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
        version.map_or_else(|| "-".to_owned(), |version| format!("{version}{canary}{from}"))
    }
}

impl Listed {
    fn text(&self) -> String {
        let row = |line: &Line| {
            let tenant = line.tenant.clone().unwrap_or_else(|| "-".to_owned());
            let (by, reason, detail) = (line.by.clone(), line.reason.clone(), line.detail.get().to_owned());
            vec![
                line.number.to_string(),
                line.at.text(),
                tenant,
                line.what.clone(),
                line.versions(),
                by,
                reason,
                detail,
            ]
        };
        let rows: Vec<_> = self.lines.iter().map(row).collect();
        let mut text = table(&["line", "at", "tenant", "what", "version", "by", "reason", "detail"], &rows);
        if self.more {
            let last = self.lines.last().map_or(0, |line| line.number);
            text.push_str(&format!("… there are older ones: --before {last}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    fn arguments(folder: &tempfile::TempDir) -> Arguments {
        let service = Service { config: folder.path().join("accoil.toml"), json: false };
        Arguments { tenant: None, limit: None, before: None, check: false, service }
    }

    const LINES: &str = r#"{"lines":[
        {"number":12,"at":"2026-01-02T03:04:05.678Z","tenant":"acme","what":"deploy","by":"me","reason":"a\nb",
         "detail":{"from":7,"share":null,"version":3},"digest":"ab"},
        {"number":9,"at":1767323045678,"tenant":null,"what":"start","by":"x","reason":"y","detail":{},"digest":"cd"}],
        "more":true}"#;

    #[test]
    fn lines_are_a_table() {
        let expected = r#"line  at                    tenant  what    version   by  reason  detail
  12  2026-01-02T03:04:05Z  acme    deploy  3 from 7  me  a\nb    {"from":7,"share":null,"version":3}
   9  2026-01-02T03:04:05Z  -       start   -         x   y       {}
… there are older ones: --before 9
"#;
        assert_eq!(serde_json::from_str::<Listed>(LINES).unwrap().text(), expected);
        let service = StandIn::always(200, LINES);
        let folder = service.folder();
        run(&arguments(&folder)).unwrap();
        let some = Arguments { tenant: Some("a b".into()), limit: Some(3), before: Some(12), ..arguments(&folder) };
        run(&some).unwrap();
        let seen: Vec<_> = service.seen().into_iter().map(|seen| seen.line).collect();
        assert_eq!(seen, ["GET /audit", "GET /audit?tenant=a+b&before=12&limit=3"]);
    }

    #[test]
    fn a_log_that_was_changed_is_no_success() {
        for (broken, exit, said) in [
            ("null", Exit::Success, "7 lines: each fits the ones before it\nhead ab\n"),
            ("3", Exit::Incomplete, "7 lines: BROKEN: line 3 does not fit the lines before it\nhead ab\n"),
        ] {
            let answer = format!(r#"{{"lines":7,"head":"ab","broken":{broken}}}"#);
            let service = StandIn::always(200, &answer);
            let folder = service.folder();
            assert_eq!(run(&Arguments { check: true, ..arguments(&folder) }).unwrap(), exit);
            assert_eq!(service.seen()[0].line, "GET /audit/check");
            assert_eq!(serde_json::from_str::<Check>(&answer).unwrap().text(), said);
        }
    }
}
