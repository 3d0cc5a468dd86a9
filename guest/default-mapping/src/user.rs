//! Who did it.

use crate::lookup::{Property, id};

/// Where the user's id is.
#[derive(Debug)]
pub(crate) enum UserSource {
    /// The event's `user_id`.
    UserId,
    /// The event's `device_id`.
    DeviceId,
    /// The property of the lookup that comes after those of the metadata.
    Property,
}

impl UserSource {
    /// Reads the setting `user_id`; also gives the property to look up, if the
    /// id is in one.
    pub(crate) fn of(setting: &str) -> (Self, Option<Property>) {
        match setting {
            "user_id" => (Self::UserId, None),
            "device_id" => (Self::DeviceId, None),
            name => (Self::Property, Some(Property::named(name))),
        }
    }
}

/// The user's id, or why there is none.
pub(crate) fn user_id(
    source: &UserSource,
    user_id: Option<String>,
    device_id: Option<String>,
    property: Option<&str>,
) -> Result<String, &'static str> {
    let found = match source {
        UserSource::UserId => user_id,
        UserSource::DeviceId => device_id,
        UserSource::Property => property.and_then(id).map(Into::into),
    };
    let user = found.filter(|user| !user.is_empty()).ok_or("missing user id")?;
    if is_refused(&user) {
        return Err("invalid user id");
    }
    Ok(user)
}

/// Ids that stand for "nobody": Amplitude refuses them (HTTP V2 API, "Invalid
/// IDs that result in a 400 error"). Compared without case.
const REFUSED: [&str; 13] = [
    "anonymous",
    "nil",
    "none",
    "null",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "00000000-0000-0000-0000-000000000000",
    "{}",
    "lmy47d",
    "0",
    "-1",
];

fn is_refused(user: &str) -> bool {
    REFUSED.iter().any(|refused| user.eq_ignore_ascii_case(refused))
}
