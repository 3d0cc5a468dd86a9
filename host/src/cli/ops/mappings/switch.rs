//! `mappings rollback` and `mappings promote`

use serde::Deserialize;
use serde_json::json;

use crate::cli::ops::asker::Asker;
use crate::cli::ops::client::Admin;
use crate::cli::{Exit, Failure};

#[derive(Debug, Deserialize)]
struct Switched {
    tenant: String,
    version: u64,
    from: u64,
    before: Before,
    times_ms: Times,
}

#[derive(Debug, Deserialize)]
struct Before {
    version: u64,
    #[serde(default)]
    canary: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Times {
    switch: f64,
    write: f64,
}

pub(super) fn roll_back(admin: &Admin, tenant: Option<&str>, to: Option<u32>, asker: &Asker) -> Result<Exit, Failure> {
    let mut body = json!({ "tenant": admin.tenant(tenant)?, "by": asker.by(), "reason": asker.reason });
    if let (Some(to), Some(body)) = (to, body.as_object_mut()) {
        body.insert("to".to_owned(), to.into());
    }
    admin.print(&admin.post(&["versions", "rollback"], &body)?, |switched: Switched| switched.text())
}

pub(super) fn promote(admin: &Admin, tenant: Option<&str>, asker: &Asker) -> Result<Exit, Failure> {
    let body = json!({ "tenant": admin.tenant(tenant)?, "by": asker.by(), "reason": asker.reason });
    admin.print(&admin.post(&["versions", "promote"], &body)?, |switched: Switched| switched.text())
}

impl Switched {
    fn text(&self) -> String {
        let Self { tenant, version, from, before, times_ms: Times { switch, write } } = self;
        let canary = before.canary.map(|canary| format!(" with version {canary} as its canary")).unwrap_or_default();
        format!(
            "{tenant}: version {version} is in force from event {from} on; before it was version {}{canary}\n\
             switch {switch:.2} ms, its write {write:.2} ms\n",
            before.version
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    const ANSWER: &str = r#"{"tenant":"acme","version":2,"from":17,"before":{"version":3,"canary":4},
        "times_ms":{"switch":0.123,"write":4.5}}"#;

    #[test]
    fn it_is_told_what_is_in_force_now_and_what_was() {
        let switched: Switched = serde_json::from_str(ANSWER).unwrap();
        let expected = "acme: version 2 is in force from event 17 on; before it was version 3 with version 4 as its \
                        canary\nswitch 0.12 ms, its write 4.50 ms\n";
        assert_eq!(switched.text(), expected);
    }

    #[test]
    fn each_asks_for_one_thing_and_says_who_and_why() {
        let service = StandIn::always(200, ANSWER);
        let (admin, _folder) = service.admin();
        let asker = Asker::of("me", "it fails");
        roll_back(&admin, None, Some(2), &asker).unwrap();
        roll_back(&admin, Some("acme"), None, &asker).unwrap();
        promote(&admin, None, &asker).unwrap();
        let seen: Vec<(String, Value)> =
            service.seen().into_iter().map(|seen| (seen.line, serde_json::from_str(&seen.body).unwrap())).collect();
        let body = json!({ "tenant": "acme", "by": "me", "reason": "it fails" });
        let mut to = body.clone();
        to["to"] = 2.into();
        assert_eq!(
            seen,
            [
                ("POST /versions/rollback".to_owned(), to),
                ("POST /versions/rollback".to_owned(), body.clone()),
                ("POST /versions/promote".to_owned(), body),
            ]
        );
    }
}
