//! The default mapping, with every e-mail address in what is told replaced by a keyed hash of it.

use accoil_plugin::{Event, Json, Outcome};
use default_mapping::{DefaultMapping, Variation};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

/// What can be set beside the settings of the default mapping. Keep `settings.schema.json` like it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// What keeps others from finding the address of a hash by trying addresses. There is no default that would do.
    salt: String,
    /// Whether addresses in user ids are replaced too.
    #[serde(default)]
    hash_user_ids: bool,
}

struct HashEmails;

impl Variation for HashEmails {
    const NAME: &str = "hash-emails";
    const SUMMARY: &str = "The default mapping, with a keyed hash in place of every e-mail address in traits.";
    const SETTINGS_SCHEMA: &str = include_str!("settings.schema.json");
    type Settings = Settings;

    fn map(settings: &Settings, event: Event, default: &DefaultMapping) -> Outcome {
        let mut outcome = default.map(event);
        let hashed = |text: &str| hashed(text, &settings.salt);
        for told in outcome.events_mut() {
            told.metadata = Json::of(&told.metadata).with_strings(&hashed);
            for group in &mut told.group_traits {
                group.traits = Json::of(&group.traits).with_strings(&hashed);
            }
            if settings.hash_user_ids {
                told.user_id = told.user_id.take().map(|id| hashed(&id).unwrap_or(id));
            }
        }
        outcome
    }
}

/// A text with hashes in place of addresses; `None` if there are none in it.
fn hashed(text: &str, salt: &str) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || "@.!#$%&'*+-/=?^_`{|}~".contains(c);
    let pieces = text.contains('@').then(|| text.split_inclusive(|c| !is_part(c)))?;
    let replaced = pieces.map(|piece| {
        let address = piece.trim_matches(|c: char| !c.is_alphanumeric());
        if is_address(address) { piece.replace(address, &hash(address, salt)) } else { piece.to_owned() }
    });
    Some(replaced.collect())
}

fn is_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
}

/// Half of an HMAC-SHA256 in hexadecimal: 128 bits, which two addresses don't share by chance.
fn hash(address: &str, salt: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt.as_bytes()) else { return String::new() };
    mac.update(address.to_lowercase().as_bytes());
    mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

default_mapping::variation!(HashEmails);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_one_of_rfc_2104() {
        // printf ada@loom.example | openssl dgst -sha256 -hmac 0123456789abcdef
        assert_eq!(hash("Ada@Loom.example", "0123456789abcdef"), EXPECTED);
    }

    const EXPECTED: &str = "33c42d006c24d79d88deb0c0c0543ac1";

    #[test]
    fn addresses_in_text_are_found() {
        let hash = hash("ada@loom.example", "salt");
        for (text, expected) in [
            ("ada@loom.example", hash.clone()),
            ("Ada <ada@loom.example>, at 5.", format!("Ada <{hash}>, at 5.")),
            ("mailto:ADA@loom.example.", format!("mailto:{hash}.")),
        ] {
            assert_eq!(hashed(text, "salt").as_deref(), Some(expected.as_str()), "{text}");
        }
        for text in ["@ada", "ada@", "5 @ 3.50", "ada@localhost", "a b"] {
            assert!(hashed(text, "salt").is_none_or(|unchanged| unchanged == text), "{text}");
        }
    }
}
