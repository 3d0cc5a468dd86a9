//! The printed form of a call, one JSON object a line, and the way back.
//!
//! `transform --requests` prints it, the file of failed calls holds it with one member more
//! (`failure`, what went wrong), and `send` reads both.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::writer::Members;
use super::{AccoilEvent, Call, EMPTY_BAG, GroupTraits};

/// Why a line is no request that can be sent.
#[derive(Debug, thiserror::Error)]
pub enum RequestLineError {
    /// It is not an object of method, path and body.
    #[error("line is no request: {0}; expected {{\"method\":\"POST\",\"path\":…,\"body\":{{…}}}}")]
    Shape(String),
    /// The method is not `POST`.
    #[error("request has method {0:?}; accoil's ingest api takes only \"POST\"")]
    Method(String),
    /// The path is none that the configured dialect has.
    #[error("request has path {path:?}; known are {known}")]
    Path {
        /// The path as written.
        path: String,
        /// The known ones.
        known: String,
    },
    /// The body does not fit the path.
    #[error("body of {path} is wrong: {problem}")]
    Body {
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl RequestLineError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shape(_) => "request-shape",
            Self::Method(_) => "request-method",
            Self::Path { .. } => "request-path",
            Self::Body { .. } => "request-body",
        }
    }
}

/// Appends `{"method":"POST","path":…,"body":{…}}`, without a newline.
pub fn write_request_line(call: &Call, out: &mut String) {
    let mut members = Members::open(out);
    write_members(call, &mut members);
    members.close();
}

/// Appends the same with a last member `failure`, whose JSON text the caller gives.
pub fn write_failed_line(call: &Call, failure: &str, out: &mut String) {
    let mut members = Members::open(out);
    write_members(call, &mut members);
    members.key("failure").push_str(failure);
    members.close();
}

fn write_members(call: &Call, members: &mut Members<'_>) {
    members.string("method", "POST");
    members.string("path", call.path());
    call.write_body(members.key("body"));
}

/// Reads a request line. `combined_path` is the path of the combined dialect, if that is
/// configured.
///
/// # Errors
/// [`RequestLineError`] that says what is wrong with the line; the caller knows its number.
pub fn parse_request_line(line: &str, combined_path: Option<&str>) -> Result<Call, RequestLineError> {
    let line: Line<'_> = serde_json::from_str(line).map_err(|error| RequestLineError::Shape(describe(&error)))?;
    if line.method != "POST" {
        return Err(RequestLineError::Method(line.method));
    }
    let body = line.body.get();
    let problem = |problem: String| RequestLineError::Body { path: line.path.clone(), problem };
    let call = match line.path.as_str() {
        path if combined_path == Some(path) => event_call(body, path),
        "/v2/identify" => identify(body),
        "/v2/group" => group(body),
        "/v2/track" => track(body),
        _ => return Err(unknown_path(line.path, combined_path)),
    };
    call.map_err(problem)
}

fn unknown_path(path: String, combined_path: Option<&str>) -> RequestLineError {
    let mut known = "/v2/identify, /v2/group, /v2/track".to_owned();
    if let Some(combined) = combined_path {
        known.push_str(", ");
        known.push_str(combined);
    }
    RequestLineError::Path { path, known }
}

/// The message of a JSON error without its place when that is the one line we were given.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.replace(" at line 1 column ", " at column ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    method: String,
    path: String,
    #[serde(borrow)]
    body: &'a RawValue,
    /// What the file of failed calls adds; not needed to send again.
    #[serde(default, rename = "failure")]
    _failure: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct IdentifyBody<'a> {
    user_id: String,
    group_id: Option<String>,
    #[serde(borrow)]
    traits: Option<&'a RawValue>,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GroupBody<'a> {
    group_id: String,
    user_id: Option<String>,
    #[serde(borrow)]
    traits: Option<&'a RawValue>,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TrackBody {
    user_id: String,
    event: String,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EventBody<'a> {
    user_id: Option<String>,
    event: Option<String>,
    timestamp: Option<String>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    group_traits: Vec<GroupTraitsBody<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GroupTraitsBody<'a> {
    group_id: String,
    #[serde(borrow)]
    traits: Option<&'a RawValue>,
}

fn identify(body: &str) -> Result<Call, String> {
    let body: IdentifyBody<'_> = read(body)?;
    Ok(Call::Identify {
        user_id: not_empty("userId", body.user_id)?,
        group_id: body.group_id.map(|id| not_empty("groupId", id)).transpose()?,
        traits: bag("traits", body.traits)?,
        timestamp: body.timestamp,
    })
}

fn group(body: &str) -> Result<Call, String> {
    let body: GroupBody<'_> = read(body)?;
    Ok(Call::Group {
        group_id: not_empty("groupId", body.group_id)?,
        user_id: body.user_id.map(|id| not_empty("userId", id)).transpose()?,
        traits: bag("traits", body.traits)?,
        timestamp: body.timestamp,
    })
}

fn track(body: &str) -> Result<Call, String> {
    let body: TrackBody = read(body)?;
    Ok(Call::Track {
        user_id: not_empty("userId", body.user_id)?,
        event: not_empty("event", body.event)?,
        timestamp: body.timestamp,
    })
}

fn event_call(body: &str, path: &str) -> Result<Call, String> {
    let body: EventBody<'_> = read(body)?;
    let group_traits = body.group_traits.into_iter().map(|entry| {
        let group_id = not_empty("groupId", entry.group_id)?;
        Ok(GroupTraits { group_id, traits: bag("traits", entry.traits)? })
    });
    let event = AccoilEvent {
        user_id: body.user_id.map(|id| not_empty("userId", id)).transpose()?,
        event: body.event.map(|name| not_empty("event", name)).transpose()?,
        timestamp: body.timestamp,
        metadata: bag("metadata", body.metadata)?,
        group_traits: group_traits.collect::<Result<_, String>>()?,
    };
    Ok(Call::Combined { event, path: path.into() })
}

fn read<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| describe(&error))
}

fn not_empty(field: &str, value: String) -> Result<String, String> {
    if value.is_empty() { Err(format!("{field} is empty")) } else { Ok(value) }
}

fn bag(field: &str, raw: Option<&RawValue>) -> Result<String, String> {
    let Some(raw) = raw else {
        return Ok(EMPTY_BAG.to_owned());
    };
    let sorted = json_text::sorted_object(raw.get()).map_err(|fault| format!("{field} is no json object: {fault}"))?;
    Ok(sorted.text.into_owned())
}
