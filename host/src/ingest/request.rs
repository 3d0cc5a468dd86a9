//! From a request to the tenant it is for and the events in it.

use std::borrow::Cow;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, header};

use super::directory::{Directory, Tenant};
use super::draft::{Document, Draft, Form};
use super::refusal::{Flaws, Reason, Refusal};
use super::routes::Route;
use super::sketch::Rules;

/// Where a key may stand beside `Authorization: Bearer`.
const KEY_HEADER: &str = "x-api-key";

/// A request that was understood.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) drafts: Vec<Draft>,
    /// What is wrong with those events of a webhook that are not taken in.
    pub(super) flaws: Flaws,
    /// Bytes of the body.
    pub(super) payload: usize,
}

/// The tenant of a webhook. Unknown tenants and wrong keys look the same from outside.
///
/// # Errors
/// [`Reason::InvalidKey`], as 401.
pub(super) fn of_webhook(directory: &Directory, parts: &Parts) -> Result<Arc<Tenant>, Refusal> {
    let name = parts.uri.path().rsplit('/').next().unwrap_or_default();
    let tenant = key_in(&parts.headers).and_then(|key| directory.find(key));
    tenant.filter(|tenant| is_encoded(name, &tenant.name)).ok_or_else(|| {
        let error = "Invalid API key: a webhook needs a key of its tenant as Authorization: Bearer or X-Api-Key";
        Refusal { unauthorized: true, ..Refusal::new(Reason::InvalidKey, error) }
    })
}

fn key_in(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    bearer.or_else(|| headers.get(KEY_HEADER)?.to_str().ok()).filter(|key| !key.is_empty())
}

/// Whether a piece of a path is this name.
fn is_encoded(piece: &str, name: &str) -> bool {
    // In a form a plus is a space; in a path it is itself.
    let piece = piece.replace('+', "%2B");
    form_urlencoded::parse(piece.as_bytes()).next().is_some_and(|(found, value)| found == name && value.is_empty())
}

/// The tenant and the events of a request. The tenant is known as soon as the key was, also if the
/// request is refused for something else.
pub(super) fn parse(
    directory: &Directory,
    route: Route,
    parts: &Parts,
    text: &str,
    of_webhook: Option<Arc<Tenant>>,
    event_bytes: usize,
) -> (Option<Arc<Tenant>>, Result<Parsed, Refusal>) {
    let mut tenant = of_webhook;
    let parsed = match route {
        Route::HttpApi | Route::Batch => events(directory, text, event_bytes, &mut tenant),
        Route::Identify => identifications(directory, parts, text, event_bytes, Form::User, &mut tenant),
        Route::GroupIdentify => identifications(directory, parts, text, event_bytes, Form::Group, &mut tenant),
        _ => webhook(directory, text, event_bytes),
    };
    (tenant, parsed)
}

fn admit(directory: &Directory, key: Option<Cow<'_, str>>, tenant: &mut Option<Arc<Tenant>>) -> Result<(), Refusal> {
    let found = key.and_then(|key| directory.find(&key)).ok_or_else(Refusal::invalid_key)?;
    let is_enabled = found.is_enabled;
    *tenant = Some(found);
    if is_enabled { Ok(()) } else { Err(Refusal::disabled()) }
}

fn events(
    directory: &Directory,
    text: &str,
    bytes: usize,
    tenant: &mut Option<Arc<Tenant>>,
) -> Result<Parsed, Refusal> {
    let [key, events] = Document::open(text, ["api_key", "events"])?;
    admit(directory, key.ok_or_else(|| Refusal::missing_field("api_key"))?.string(), tenant)?;
    let events = events.ok_or_else(|| Refusal::missing_field("events"))?;
    if !events.is_array() {
        return Err(Refusal { error: Cow::Borrowed("events must be an array"), ..Refusal::missing_field("events") });
    }
    let rules = Rules { id: true, time: true, bytes };
    all_or_nothing(events.drafts(Form::Event, rules, directory.config.events)?, text.len())
}

fn identifications(
    directory: &Directory,
    parts: &Parts,
    text: &str,
    bytes: usize,
    form: Form,
    tenant: &mut Option<Arc<Tenant>>,
) -> Result<Parsed, Refusal> {
    if content_type(&parts.headers).starts_with("multipart/") {
        let error = "The body must be JSON or application/x-www-form-urlencoded";
        return Err(Refusal::new(Reason::Unsupported, error));
    }
    let rules = Rules { id: form == Form::User, time: false, bytes };
    let missing = || Refusal::missing_field("identification");
    // No form begins so.
    if text.trim_start().starts_with('{') {
        let [key, found] = Document::open(text, ["api_key", "identification"])?;
        admit(directory, key.ok_or_else(|| Refusal::missing_field("api_key"))?.string(), tenant)?;
        let found = found.ok_or_else(missing)?;
        return all_or_nothing(found.drafts(form, rules, directory.config.events)?, text.len());
    }
    let fields = FormFields::of(parts.uri.query().unwrap_or_default(), text);
    admit(directory, Some(fields.key.ok_or_else(|| Refusal::missing_field("api_key"))?), tenant)?;
    let found = fields.identification.ok_or_else(missing)?;
    let found = Document::of(&found)?;
    all_or_nothing(found.drafts(form, rules, directory.config.events)?, text.len())
}

/// The fields of a form; Amplitude also takes them from the query of the URL.
#[derive(Default)]
struct FormFields<'a> {
    key: Option<Cow<'a, str>>,
    identification: Option<Cow<'a, str>>,
}

impl<'a> FormFields<'a> {
    fn of(query: &'a str, body: &'a str) -> Self {
        let mut fields = Self::default();
        let body = form_urlencoded::parse(body.trim_end().as_bytes());
        for (name, value) in form_urlencoded::parse(query.as_bytes()).chain(body) {
            match &*name {
                "api_key" => fields.key = Some(value),
                "identification" => fields.identification = Some(value),
                _ => {}
            }
        }
        fields
    }
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim().to_ascii_lowercase()
}

fn all_or_nothing((drafts, flaws): (Vec<Draft>, Flaws), payload: usize) -> Result<Parsed, Refusal> {
    if flaws.is_empty() { Ok(Parsed { drafts, flaws, payload }) } else { Err(Refusal::invalid_events(flaws)) }
}

fn webhook(directory: &Directory, text: &str, bytes: usize) -> Result<Parsed, Refusal> {
    let rules = Rules { id: false, time: false, bytes };
    let (drafts, flaws) = Document::of(text)?.drafts(Form::EventOrUser, rules, directory.config.events)?;
    if drafts.is_empty() && !flaws.is_empty() {
        return Err(Refusal::invalid_events(flaws));
    }
    Ok(Parsed { drafts, flaws, payload: text.len() })
}
