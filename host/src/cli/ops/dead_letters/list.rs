//! `dead-letters list`

use serde::Deserialize;

use super::filter::Filter;
use crate::cli::ops::client::Admin;
use crate::cli::ops::text::{Moment, table};
use crate::cli::{Exit, Failure};

pub(super) fn run(filter: &Filter, admin: &Admin) -> Result<Exit, Failure> {
    let answer = admin.get(&["dead-letters"], &filter.pairs())?;
    admin.print(&answer, |list: List| list.text(filter.restricts()))
}

#[derive(Debug, Deserialize)]
struct List {
    dead_letters: Vec<DeadLetter>,
    #[serde(default)]
    more: bool,
}

#[derive(Debug, Deserialize)]
struct DeadLetter {
    id: i64,
    tenant: String,
    event_id: String,
    died_at: Moment,
    reason: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    attempts: u64,
    #[serde(default)]
    status: Option<u16>,
}

impl List {
    fn text(&self, filtered: bool) -> String {
        if self.dead_letters.is_empty() {
            return if filtered { "no dead letters like these\n" } else { "no dead letters\n" }.to_owned();
        }
        let header = ["id", "tenant", "event", "died", "tries", "status", "reason", "detail"];
        let rows: Vec<_> = self.dead_letters.iter().map(DeadLetter::row).collect();
        let mut text = table(&header, &rows);
        if self.more {
            text.push_str("… there are more; ask for them with --limit\n");
        }
        text
    }
}

impl DeadLetter {
    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.tenant.clone(),
            self.event_id.clone(),
            self.died_at.text(),
            self.attempts.to_string(),
            self.status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
            self.reason.clone(),
            self.detail.clone(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    #[test]
    fn dead_letters_are_a_table() {
        let list: List = serde_json::from_str(
            r#"{"dead_letters":[{"id":7,"tenant":"acme","event_id":"e\n1","seq":1,"accepted_at":1,
            "died_at":"2026-01-02T03:04:05.678Z","reason":"rejected","detail":"no plan","attempts":3,"status":400,
            "answer":"x"},{"id":12,"tenant":"b","event_id":"e2","died_at":1767323045678,"reason":"fault"}],"more":true}"#,
        )
        .unwrap();
        let expected = r"id  tenant  event  died                  tries  status  reason    detail
 7  acme    e\n1   2026-01-02T03:04:05Z      3     400  rejected  no plan
12  b       e2     2026-01-02T03:04:05Z      0       -  fault
… there are more; ask for them with --limit
";
        assert_eq!(list.text(false), expected);
        let none: List = serde_json::from_str(r#"{"dead_letters":[]}"#).unwrap();
        assert_eq!(
            (none.text(false), none.text(true)),
            ("no dead letters\n".into(), "no dead letters like these\n".into())
        );
    }

    #[test]
    fn the_filter_becomes_a_query() {
        let service = StandIn::always(200, r#"{"dead_letters":[],"more":false}"#);
        let filter = Filter {
            tenant: Some("a&b".into()),
            since: Some("2026-01-02T03:04:05Z".parse().unwrap()),
            event: Some("e 1".into()),
            limit: Some(3),
            ..Filter::default()
        };
        run(&filter, &service.admin().0).unwrap();
        let expected = "GET /dead-letters?tenant=a%26b&since=2026-01-02T03%3A04%3A05.000Z&event=e+1&limit=3";
        assert_eq!(service.seen()[0].line, expected);
        run(&Filter::default(), &service.admin().0).unwrap();
        assert_eq!(service.seen()[1].line, "GET /dead-letters");
    }
}
