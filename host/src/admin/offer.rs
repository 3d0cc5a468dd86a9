//! A mapping in a body.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Admin;
use super::reply::Refusal;
use crate::sandbox::{self, OnFault};
use crate::service::{Offer, Offered, OfferedSelector};

/// A component: `"live"`, `"default"`, `{"digest":"…"}` or `{"base64":"…"}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Component<'a> {
    Live,
    Default,
    Digest(String),
    #[serde(borrow)]
    Base64(Text<'a>),
}

/// Text that is borrowed where it holds no escapes.
#[derive(Debug, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A group selector: `"live"`, `"none"`, `{"digest":"…"}` or `{"base64":"…"}`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Selector<'a> {
    #[default]
    Live,
    None,
    Digest(String),
    #[serde(borrow)]
    Base64(Text<'a>),
}

/// What a body says about the group selector; all of it is as with the live version when it says nothing.
#[derive(Debug, Default)]
pub(super) struct SelectorFields<'a> {
    pub(super) selector: Selector<'a>,
    pub(super) settings: Option<&'a RawValue>,
    pub(super) on_fault: Option<OnFault>,
}

/// What is offered. The text of the settings stays as it is written, to the digit.
pub(super) fn offer(
    admin: &Admin,
    component: Component<'_>,
    settings: Option<&RawValue>,
    selector: SelectorFields<'_>,
) -> Result<Offer, Refusal> {
    let limit = admin.service.config().limits.component_bytes;
    let component = match component {
        Component::Live => Offered::Live,
        Component::Default => Offered::Default,
        Component::Digest(text) => Offered::Kept(digest(&text)?),
        Component::Base64(Text(text)) => Offered::New(decoded(&text, limit)?),
    };
    let settings = object("settings", settings)?;
    Ok(Offer { component, settings, selector: offered_selector(selector, limit)? })
}

fn offered_selector(fields: SelectorFields<'_>, limit: usize) -> Result<OfferedSelector, Refusal> {
    let SelectorFields { selector, settings, on_fault } = fields;
    let settings = object("selector_settings", settings)?;
    let component = match selector {
        Selector::Live if settings.is_none() && on_fault.is_none() => return Ok(OfferedSelector::Live),
        Selector::None if settings.is_none() && on_fault.is_none() => return Ok(OfferedSelector::None),
        Selector::None => {
            let problem = "selector is \"none\", so neither selector_settings nor selector_on_fault goes with it";
            return Err(Refusal::bad_request("admin-body", problem));
        }
        Selector::Live => Offered::Live,
        Selector::Digest(text) => Offered::Kept(digest(&text)?),
        Selector::Base64(Text(text)) => Offered::New(decoded(&text, limit)?),
    };
    Ok(OfferedSelector::Other { component, settings, on_fault })
}

fn object(name: &str, settings: Option<&RawValue>) -> Result<Option<String>, Refusal> {
    let settings = settings.map(RawValue::get).filter(|text| *text != "null");
    if settings.is_some_and(|text| !text.starts_with('{')) {
        return Err(Refusal::bad_request("admin-body", format!("{name} is no JSON object")));
    }
    Ok(settings.map(str::to_owned))
}

/// A digest of a component, with or without `sha256:` in front, in small letters.
pub(super) fn digest(text: &str) -> Result<String, Refusal> {
    let digest = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let problem = "a component's digest is SHA-256, 64 hexadecimal digits, with or without sha256: in front";
    if is_digest { Ok(digest) } else { Err(Refusal::bad_request("admin-digest", problem)) }
}

/// Decodes in place: a component is large.
fn decoded(text: &str, limit: usize) -> Result<Arc<[u8]>, Refusal> {
    let digits = text.trim_end_matches('=').len();
    let size = digits / 4 * 3 + (digits % 4 * 3) / 4;
    if size > limit {
        let refusal = sandbox::Refusal::TooLarge { size, limit };
        return Err(Refusal {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            code: refusal.code(),
            message: refusal.to_string(),
        });
    }
    let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, size).collect();
    let slot = Arc::get_mut(&mut bytes).unwrap_or_default();
    let decoded = STANDARD.decode_slice(text, slot);
    match decoded {
        Ok(length) if length == size => Ok(bytes),
        Ok(_) => Err(bad_base64("its length does not fit")),
        Err(error) => Err(bad_base64(&error.to_string())),
    }
}

fn bad_base64(problem: &str) -> Refusal {
    Refusal::bad_request("admin-base64", format!("component.base64 is no base64 (RFC 4648, with padding): {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decoded_is_what_was_encoded_whatever_its_length() {
        for length in 0..70 {
            let bytes: Vec<u8> = (0..length).map(|number: u8| number.wrapping_mul(37)).collect();
            assert_eq!(*decoded(&STANDARD.encode(&bytes), 70).unwrap(), *bytes);
        }
    }

    #[test]
    fn too_large_a_component_is_told_by_its_limit_and_bad_text_is_refused() {
        let refusal = decoded(&STANDARD.encode([0; 71]), 70).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.code), (413, "component-too-large"));
        assert!(refusal.message.contains("component_bytes"), "{}", refusal.message);
        for wrong in ["A", "AA", "AAA", "AA=A", "A===", "====", "AAA\n", "Ä", "__--"] {
            assert_eq!(decoded(wrong, 70).unwrap_err().code, "admin-base64", "{wrong}");
        }
    }

    #[test]
    fn each_form_of_a_component_is_read() {
        let read = |text| serde_json::from_str::<Component<'_>>(text);
        assert!(matches!(read("\"live\""), Ok(Component::Live)));
        assert!(matches!(read("\"default\""), Ok(Component::Default)));
        assert!(matches!(read(r#"{"digest":"ab"}"#), Ok(Component::Digest(_))));
        assert!(matches!(read(r#"{"base64":"AA=="}"#), Ok(Component::Base64(Text(Cow::Borrowed("AA=="))))));
        assert!(matches!(read(r#"{"base64":"\/w=="}"#), Ok(Component::Base64(Text(Cow::Owned(_))))));
        for wrong in ["\"best\"", "{}", r#"{"base64":"","digest":""}"#, "null"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_digest_has_two_forms() {
        let hex = "AB".repeat(32);
        assert_eq!(digest(&hex).unwrap(), "ab".repeat(32));
        assert_eq!(digest(&format!("sha256:{hex}")).unwrap(), "ab".repeat(32));
        for wrong in ["", "ab", "sha256:", &"g".repeat(64), &"ü".repeat(32)] {
            assert_eq!(digest(wrong).unwrap_err().code, "admin-digest");
        }
    }
}
