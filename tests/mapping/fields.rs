//! The fields of an event that have a place of their own, for the reference and for fuzzing.

/// Fields of an event that are no attributes.
pub(super) const NO_ATTRIBUTES: [&str; 13] = [
    "insert_id",
    "$insert_id",
    "uuid",
    "event_time",
    "time",
    "client_event_time",
    "event_type",
    "user_id",
    "device_id",
    "event_properties",
    "user_properties",
    "groups",
    "group_properties",
];
