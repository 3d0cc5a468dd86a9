//! Accoil's contract, as its pages ingress-api/identify, /group and /track state it
//! (<https://developer.accoil.com/docs/ingress-api>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A field of a body.
struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    /// A string with something in it.
    Text,
    /// An RFC 3339 date and time (ISO 8601 in Accoil's words).
    Time,
    Object,
    /// A list of `{groupId, traits}`.
    Groups,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

const IDENTIFY: &[Field] = &[
    required("userId", Kind::Text),
    field("groupId", Kind::Text),
    field("traits", Kind::Object),
    field("timestamp", Kind::Time),
];

const GROUP: &[Field] = &[
    required("groupId", Kind::Text),
    field("userId", Kind::Text),
    field("traits", Kind::Object),
    field("timestamp", Kind::Time),
];

const TRACK: &[Field] =
    &[required("userId", Kind::Text), required("event", Kind::Text), field("timestamp", Kind::Time)];

const COMBINED: &[Field] = &[
    field("userId", Kind::Text),
    field("event", Kind::Text),
    field("timestamp", Kind::Time),
    field("metadata", Kind::Object),
    field("groupTraits", Kind::Groups),
];

const GROUP_TRAITS: &[Field] = &[required("groupId", Kind::Text), field("traits", Kind::Object)];

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<String>,
    pub(super) remarks: Vec<String>,
}

/// The fields of a known path's body.
pub(super) struct Form(&'static [Field]);

/// The form of a path, if it is one of the API's or the combined one.
pub(super) fn form(path: &str, combined_path: Option<&str>) -> Option<Form> {
    match path {
        path if combined_path == Some(path) => Some(Form(COMBINED)),
        "/v2/identify" => Some(Form(IDENTIFY)),
        "/v2/group" => Some(Form(GROUP)),
        "/v2/track" => Some(Form(TRACK)),
        _ => None,
    }
}

impl Findings {
    /// Checks the headers.
    pub(super) fn headers(&mut self, headers: &HeaderMap) {
        match headers.get(AUTHORIZATION).map(|value| value.as_bytes().strip_prefix(b"Basic ")) {
            None => self.problem("authorization is missing"),
            Some(None) => self.problem("authorization does not begin with \"Basic \""),
            Some(Some(key)) if key.trim_ascii().is_empty() => self.problem("authorization holds no key"),
            Some(Some(_)) => {}
        }
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            self.problem("content-type is not application/json");
        }
    }

    /// Checks a body.
    pub(super) fn body(&mut self, form: &Form, body: &[u8]) {
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => self.object(form.0, &object, ""),
            Ok(_) => self.problem("body is no json object"),
            Err(_) => self.problem("body is no json"),
        }
    }

    pub(super) fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    fn object(&mut self, fields: &[Field], object: &Map<String, Value>, prefix: &str) {
        for field in fields {
            let name = format!("{prefix}{}", field.name);
            match object.get(field.name) {
                None if field.required => self.problem(format!("{name} is missing")),
                None => {}
                Some(value) => self.value(field.kind, value, &name),
            }
        }
        let unknown = object.keys().filter(|key| !fields.iter().any(|field| field.name == *key));
        self.remarks.extend(unknown.map(|key| format!("{prefix}{key} is no field of this call; accoil ignores it")));
    }

    fn value(&mut self, kind: Kind, value: &Value, name: &str) {
        match (kind, value) {
            (Kind::Text, Value::String(text)) if text.is_empty() => self.problem(format!("{name} is empty")),
            (Kind::Time, Value::String(text)) => {
                if text.parse::<jiff::Timestamp>().is_err() {
                    self.problem(format!("{name} is no rfc 3339 time"));
                }
            }
            (Kind::Text, Value::String(_)) | (Kind::Object, Value::Object(_)) => {}
            (Kind::Groups, Value::Array(items)) => {
                for item in items {
                    match item {
                        Value::Object(object) => self.object(GROUP_TRAITS, object, &format!("{name}.")),
                        _ => self.problem(format!("{name} holds something that is no object")),
                    }
                }
            }
            (Kind::Text | Kind::Time, _) => self.problem(format!("{name} is no string")),
            (Kind::Object, _) => self.problem(format!("{name} is no object")),
            (Kind::Groups, _) => self.problem(format!("{name} is no list")),
        }
    }
}

/// The form of the authorization and the beginning of its SHA-256: enough to see two keys apart,
/// too little to find one.
pub(super) fn authorization(headers: &HeaderMap) -> String {
    let Some(value) = headers.get(AUTHORIZATION).map(|value| value.as_bytes()) else {
        return "none".to_owned();
    };
    let form = match value.strip_prefix(b"Basic ") {
        None => "other",
        Some(key) if STANDARD.decode(key).is_ok_and(|bytes| bytes.ends_with(b":")) => "Basic base64",
        Some(_) => "Basic raw",
    };
    let hash: String = Sha256::digest(value).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{form} {hash}")
}
