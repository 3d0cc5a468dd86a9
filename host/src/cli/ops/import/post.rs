//! One request to the service's door, tried until there is an answer that decides something.

use std::time::{Duration, Instant, SystemTime};

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use json_text::push_string;
use reqwest::Url;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::item::Event;
use crate::cli::{Exit, Failure};
use crate::outbound::backoff::Backoff;
use crate::outbound::retry_after;
use crate::secret::Secret;

const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

/// How long an answer is waited for; the service gives one when the events are on disk.
const ANSWER: Duration = Duration::from_secs(120);

/// Where events go in.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) http: reqwest::Client,
    pub(super) runtime: Runtime,
    pub(super) url: Url,
    pub(super) key: Secret,
    /// For how long it is tried while the service takes nothing.
    pub(super) patience: Duration,
}

/// What a service answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// All events are on disk.
    Accepted,
    /// The request is too large; nothing was taken.
    TooLarge,
    /// These events (places in the request, with what is wrong) are bad; nothing was taken.
    Bad(Vec<(usize, String)>),
    /// Something is bad, and it was not said which; nothing was taken.
    SomeBad(String),
}

/// What came of one try.
enum Tried {
    Answered(Answer),
    /// Try again, not before this time has passed.
    Later(Option<Duration>, String),
    /// It makes no sense to go on.
    Refused(String),
}

impl Door {
    /// Sends events that are not refused.
    pub(super) fn send(&self, events: &[Event]) -> Result<Answer, Failure> {
        let (body, sent) = self.body(events);
        let (start, mut random) = (Instant::now(), fastrand::Rng::new());
        for failures in 1.. {
            let (wait, problem) = match self.runtime.block_on(self.once(&body, sent)) {
                Tried::Answered(answer) => return Ok(answer),
                Tried::Refused(problem) => return Err(self.failure(Exit::Usage, "import-refused", &problem)),
                Tried::Later(asked, problem) => {
                    (asked.unwrap_or_default().max(BACKOFF.wait(failures, &mut random)), problem)
                }
            };
            if start.elapsed() + wait > self.patience {
                let problem = format!("{problem}; the same command goes on from here");
                return Err(self.failure(Exit::Incomplete, "import-gave-up", &problem));
            }
            std::thread::sleep(wait);
        }
        Err(self.failure(Exit::Incomplete, "import-gave-up", "too many tries"))
    }

    /// The service refuses everything.
    pub(super) fn refuses(&self, said: &str) -> Failure {
        self.failure(Exit::Usage, "import-refused", &format!("refuses every event: {said}"))
    }

    fn failure(&self, exit: Exit, code: &'static str, problem: &str) -> Failure {
        Failure::new(exit, code, format!("{}: {problem}", self.url))
    }

    /// The body, and how many events are in it.
    fn body(&self, events: &[Event]) -> (String, usize) {
        let mut body = String::from("{\"api_key\":");
        push_string(&mut body, self.key.expose());
        body.push_str(",\"events\":[");
        let mut sent = 0;
        for event in events.iter().filter(|event| event.refusal.is_none()) {
            if sent > 0 {
                body.push(',');
            }
            body.push_str(&event.text);
            sent += 1;
        }
        body.push_str("]}");
        (body, sent)
    }

    async fn once(&self, body: &str, sent: usize) -> Tried {
        let request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json").timeout(ANSWER);
        let answer = match request.body(body.to_owned()).send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Tried::Later(None, "nothing answers there".to_owned()),
            Err(error) if error.is_timeout() => return Tried::Later(None, "no answer in time".to_owned()),
            Err(_) => return Tried::Later(None, "the connection broke off".to_owned()),
        };
        let status = answer.status();
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|value| retry_after::parse(value, SystemTime::now()));
        let bytes = match answer.bytes().await {
            Ok(bytes) => bytes,
            // A success without its body is one all the same.
            Err(_) if status.is_success() => return Tried::Answered(Answer::Accepted),
            Err(_) => return Tried::Later(asked, "the answer broke off".to_owned()),
        };
        let body = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
        let said = body.get("error").and_then(Value::as_str).unwrap_or("no reason given");
        match status.as_u16() {
            200..=299 => Tried::Answered(Answer::Accepted),
            413 => Tried::Answered(Answer::TooLarge),
            400 if said.starts_with("Invalid API key") => Tried::Refused(format!("answered 400: {said}")),
            400 => Tried::Answered(bad(&body, said, sent)),
            408 | 429 | 500..=599 => Tried::Later(asked, format!("answered {status}: {said}")),
            _ => Tried::Refused(format!("answered {status}: {said}")),
        }
    }
}

/// The events, of those that were sent, that an answer in Amplitude's form names (http-v2: each list
/// maps a field to indexes).
fn bad(body: &Value, said: &str, sent: usize) -> Answer {
    let lists = [
        ("events_with_missing_fields", "is missing"),
        ("events_with_invalid_fields", "is invalid"),
        ("events_with_invalid_id_lengths", "is too short"),
    ];
    let mut named = Vec::new();
    for (list, problem) in lists {
        for (field, indexes) in body.get(list).and_then(Value::as_object).into_iter().flatten() {
            let indexes = indexes.as_array().into_iter().flatten().filter_map(Value::as_u64);
            let places = indexes.filter_map(|index| usize::try_from(index).ok()).filter(|place| *place < sent);
            named.extend(places.map(|place| (place, format!("{field} {problem}"))));
        }
    }
    if named.is_empty() { Answer::SomeBad(said.to_owned()) } else { Answer::Bad(named) }
}
