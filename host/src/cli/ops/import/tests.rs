//! Importing into a stand-in for the service.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::cli::ops::stand_in::{Given, Seen, StandIn};

struct Import {
    service: StandIn,
    folder: tempfile::TempDir,
}

impl Import {
    fn new(answer: impl FnMut(&Seen) -> Given + Send + 'static) -> Self {
        let service = StandIn::start(answer);
        let folder = service.folder();
        Self { service, folder }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join(name)).ok()
    }

    fn run(&self, patience: u64) -> Result<Exit, Failure> {
        let path = |name: &str| self.folder.path().join(name);
        run(&Arguments {
            files: vec![path("events")],
            config: path("accoil.toml"),
            tenant: None,
            url: Some(format!("http://{}", self.service.address).parse().unwrap()),
            state: None,
            refused: path("refused"),
            patience,
        })
    }

    /// The numbers of the events of each request.
    fn requests(&self) -> Vec<Vec<u64>> {
        self.service.seen().iter().map(|seen| numbers(&seen.body)).collect()
    }
}

fn numbers(body: &str) -> Vec<u64> {
    let body: Value = serde_json::from_str(body).unwrap();
    body["events"].as_array().unwrap().iter().map(|event| event["n"].as_u64().unwrap()).collect()
}

fn lines(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|number| format!("{{\"n\":{number}}}\n")).collect()
}

fn ok() -> Given {
    (200, None, r#"{"code":200,"events_ingested":1}"#.into())
}

#[test]
fn events_are_sent_in_order_and_unchanged_with_the_key() {
    let import = Import::new(|_| ok());
    import.write("events", "{\"n\": 1.00, \"x\":1,  \"n\":2}\n{\"n\":3}\n");
    assert_eq!(import.run(0).unwrap(), Exit::Success);
    let seen = import.service.seen();
    assert_eq!(seen[0].line, "POST /batch");
    let expected = "{\"api_key\":\"ingest-canary\",\"events\":[{\"n\": 1.00, \"x\":1,  \"n\":2},{\"n\":3}]}";
    assert_eq!(seen[0].body, expected);
    assert!(import.read("events.import-state").is_none() && import.read("refused").is_none());
    import.write("events", &lines(0..2500));
    import.run(0).unwrap();
    let sizes: Vec<usize> = import.requests()[1..].iter().map(Vec::len).collect();
    assert_eq!(sizes, [1000, 1000, 500]);
    assert_eq!(import.requests()[1..].concat(), (0..2500).collect::<Vec<_>>());
}

#[test]
fn it_goes_on_where_it_was_stopped_and_sends_nothing_twice() {
    let count = AtomicUsize::new(0);
    let import = Import::new(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        1 => (503, None, "{}".into()),
        _ => ok(),
    });
    import.write("events", &lines(0..1500));
    let failure = import.run(0).unwrap_err();
    assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Incomplete, "import-gave-up"));
    assert!(failure.message.contains("the same command goes on from here"), "{}", failure.message);
    let state: Value = serde_json::from_str(&import.read("events.import-state").unwrap()).unwrap();
    assert_eq!(state["inputs"][0]["confirmed"], 1000);
    assert_eq!(import.run(0).unwrap(), Exit::Success);
    let sent = import.requests();
    assert_eq!((sent[0].len(), &sent[1], &sent[2]), (1000, &sent[2], &(1000..1500).collect()));
    assert!(import.read("events.import-state").is_none());
}

#[test]
fn a_state_of_another_file_is_not_gone_on_with() {
    let import = Import::new(|_| (503, None, "{}".into()));
    import.write("events", &lines(0..3));
    import.write("events.import-state", &json!({"version": 1, "tenant": "acme", "inputs": [
        {"name": import.folder.path().join("events").display().to_string(), "size": 1, "modified_ms": 1, "confirmed": 2}
    ]}).to_string());
    let failure = import.run(0).unwrap_err();
    assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Usage, "import-state"));
    assert!(failure.message.contains("differ; import what it is about, or remove it"), "{}", failure.message);
    assert!(import.requests().is_empty());
}

#[test]
fn a_busy_service_is_waited_for() {
    let count = AtomicUsize::new(0);
    let import = Import::new(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => (429, Some("1"), "{}".into()),
        1 => (0, None, String::new()),
        _ => ok(),
    });
    import.write("events", &lines(0..2));
    let start = std::time::Instant::now();
    assert_eq!(import.run(60).unwrap(), Exit::Success);
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(import.requests(), [[0, 1], [0, 1], [0, 1]]);
}

#[test]
fn requests_that_are_too_large_are_halved_and_one_event_does_not_make_all_small() {
    let import = Import::new(|seen| match numbers(&seen.body) {
        events if events.len() > 300 || events.contains(&7) => (413, None, "{}".into()),
        _ => ok(),
    });
    import.write("events", &lines(0..2000));
    assert_eq!(import.run(0).unwrap(), Exit::Incomplete);
    assert_eq!(import.read("refused").unwrap(), "{\"n\":7}\n");
    let mut taken: Vec<u64> =
        import.requests().into_iter().filter(|events| events.len() <= 300 && !events.contains(&7)).flatten().collect();
    taken.dedup();
    assert_eq!(taken, (0..2000).filter(|number| *number != 7).collect::<Vec<_>>());
    assert!(import.requests().len() < 40, "{}", import.requests().len());
}

#[test]
fn events_that_are_named_are_left_out_and_written_down() {
    let import = Import::new(|seen| {
        let events = numbers(&seen.body);
        let places: Vec<usize> = (0..events.len()).filter(|place| events[*place].is_multiple_of(5)).collect();
        if places.is_empty() {
            return ok();
        }
        let body = json!({"code": 400, "error": "bad", "events_with_invalid_fields": {"time": places},
            "events_with_missing_fields": {"event_type": [places[0]]}});
        (400, None, body.to_string())
    });
    import.write("events", &format!("{}oops\n[1]\n{}", lines(0..7), lines(7..12)));
    assert_eq!(import.run(0).unwrap(), Exit::Incomplete);
    assert_eq!(import.read("refused").unwrap(), "{\"n\":0}\n{\"n\":5}\noops\n[1]\n{\"n\":10}\n");
    assert_eq!(import.requests().len(), 2);
    assert_eq!(import.requests()[1], [1, 2, 3, 4, 6, 7, 8, 9, 11]);
}

#[test]
fn an_event_that_is_bad_but_not_named_is_found_by_halves() {
    let import = Import::new(|seen| match numbers(&seen.body) {
        events if events.contains(&13) => (400, None, r#"{"code":400,"error":"odd"}"#.into()),
        _ => ok(),
    });
    import.write("events", &lines(0..100));
    assert_eq!(import.run(0).unwrap(), Exit::Incomplete);
    assert_eq!(import.read("refused").unwrap(), "{\"n\":13}\n");
    let taken: Vec<u64> = import.requests().into_iter().filter(|events| !events.contains(&13)).flatten().collect();
    assert_eq!(taken, (0..100).filter(|number| *number != 13).collect::<Vec<_>>());
}

#[test]
fn a_wrong_key_ends_it_and_is_not_told() {
    let import = Import::new(|_| (400, None, r#"{"code":400,"error":"Invalid API key: x"}"#.into()));
    import.write("events", &lines(0..3));
    let failure = import.run(60).unwrap_err();
    assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Usage, "import-refused"));
    assert!(!failure.message.contains("canary"), "{}", failure.message);
    assert_eq!(import.requests().len(), 1);
}

#[test]
fn an_input_that_ends_too_early_is_told_and_its_state_kept() {
    let import = Import::new(|_| ok());
    import.write("events", "[{\"n\":1},{\"n\":2},");
    assert_eq!(import.run(0).unwrap(), Exit::Input);
    assert_eq!(import.requests(), [[1, 2]]);
    assert!(import.read("events.import-state").is_some());
    // Nothing is sent again.
    assert_eq!(import.run(0).unwrap(), Exit::Input);
    assert_eq!(import.requests().len(), 1);
}

#[test]
fn what_was_refused_before_is_not_overwritten() {
    let import = Import::new(|_| ok());
    import.write("events", &lines(0..3));
    import.write("refused", "precious");
    let failure = import.run(0).unwrap_err();
    assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Usage, "refused-file-exists"));
    assert!(import.requests().is_empty());
}

#[test]
fn a_service_that_refuses_everything_without_a_reason_ends_it() {
    let import = Import::new(|_| (400, None, r#"{"code":400,"error":"no"}"#.into()));
    import.write("events", &lines(0..500));
    let failure = import.run(0).unwrap_err();
    assert_eq!((failure.exit, failure.code.as_ref()), (Exit::Usage, "import-refused"));
    assert!(failure.message.ends_with("refuses every event: no"), "{}", failure.message);
    assert!(import.requests().len() < 100, "{}", import.requests().len());
}

#[test]
fn a_state_with_nothing_confirmed_binds_nobody() {
    let import = Import::new(|_| ok());
    import.write("events", &lines(0..3));
    import.write("events.import-state", r#"{"version":1,"tenant":"other","inputs":[]}"#);
    assert_eq!(import.run(0).unwrap(), Exit::Success);
    assert_eq!(import.requests(), [[0, 1, 2]]);
}
