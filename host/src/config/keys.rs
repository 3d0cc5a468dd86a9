//! Keys that nobody reads: found before anything else is looked at, since a mistyped key also makes
//! another one missing, and named with the key that was probably meant.

use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::locate::Source;

/// The keys of one table and the tables within it.
pub(super) struct Known {
    /// Its keys, those of inner tables included.
    pub(super) keys: &'static [&'static str],
    /// Inner tables, or arrays of tables, that are looked into.
    inner: &'static [(&'static str, Known)],
}

impl Known {
    /// The table within this one that `name` stands for, if it is looked into.
    pub(super) fn inner(&self, name: &str) -> Option<&'static Known> {
        self.inner.iter().find(|(inner, _)| *inner == name).map(|(_, known)| known)
    }
}

/// `settings` is not looked into: it is checked by the mapping's schema.
pub(super) const ROOT: Known = Known {
    keys: &["server", "ingest", "queue", "tenants", "delivery", "limits"],
    inner: &[
        ("server", Known { keys: SERVER, inner: &[("tls", Known { keys: TLS, inner: &[] })] }),
        ("ingest", Known { keys: INGEST, inner: &[] }),
        ("queue", Known { keys: QUEUE, inner: &[] }),
        ("tenants", TENANT),
        ("delivery", Known { keys: DELIVERY, inner: &[] }),
        ("limits", Known { keys: crate::limits::NAMES, inner: &[] }),
    ],
};

const TENANT: Known = Known {
    keys: TENANT_KEYS,
    inner: &[("accoil", Known { keys: ACCOIL, inner: &[] }), ("mapping", Known { keys: MAPPING, inner: &[] })],
};

const SERVER: &[&str] = &["listen", "admin_listen", "admin_token", "data_dir", "tls", "drain_s", "log", "log_format"];

const TLS: &[&str] = &["certificate", "key"];

const INGEST: &[&str] = &[
    "httpapi_bytes",
    "batch_bytes",
    "events",
    "waiting_bytes",
    "connections",
    "head_timeout_ms",
    "body_timeout_ms",
    "retry_after_s",
    "remembered",
];

const QUEUE: &[&str] = &[
    "bytes",
    "tenant_bytes",
    "reserve_bytes",
    "commit_events",
    "dedup_days",
    "dedup_events",
    "history_hours",
    "history_bytes",
    "dead_letter_days",
];

const TENANT_KEYS: &[&str] = &[
    "name",
    "enabled",
    "paused",
    "ingest_keys",
    "remember_group_properties",
    "remember_user_properties",
    "accoil",
    "mapping",
];

const ACCOIL: &[&str] =
    &["api_key", "endpoint", "allow_private_endpoint", "auth", "dialect", "combined_url", "ca_file"];

const MAPPING: &[&str] = &["component", "settings"];

const DELIVERY: &[&str] = &[
    "in_flight",
    "window",
    "remembered",
    "connect_timeout_ms",
    "request_timeout_ms",
    "give_up_after_s",
    "keep_trying_h",
    "requests_per_second",
    "circuit_failures",
    "circuit_probe_s",
    "remembered_h",
    "retry_first_ms",
    "retry_max_ms",
];

/// Refuses the first unknown key, by its place in the file.
pub(super) fn check(source: &Source<'_>) -> Result<(), ConfigError> {
    let mut unknown = Vec::new();
    collect(&source.table, &ROOT, "", &mut unknown);
    match unknown.into_iter().min_by_key(|(place, ..)| *place) {
        None => Ok(()),
        Some((place, key, advice)) => {
            Err(ConfigError::UnknownKey { file: source.file(), line: source.line_at(place), key, advice })
        }
    }
}

fn collect(table: &DeTable<'_>, known: &Known, prefix: &str, unknown: &mut Vec<(usize, String, String)>) {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let path = format!("{prefix}{name}");
        if !known.keys.contains(&name) {
            unknown.push((key.span().start, path, advice(name, known.keys)));
        } else if let Some(inner) = known.inner(name) {
            collect_inner(value.get_ref(), inner, &path, unknown);
        }
    }
}

fn collect_inner(value: &DeValue<'_>, known: &Known, path: &str, unknown: &mut Vec<(usize, String, String)>) {
    match value {
        DeValue::Table(table) => collect(table, known, &format!("{path}."), unknown),
        DeValue::Array(array) => {
            for (index, item) in array.iter().enumerate() {
                collect_inner(item.get_ref(), known, &format!("{path}[{index}]"), unknown);
            }
        }
        // A value of the wrong type is reported when it is read.
        _ => {}
    }
}

/// Names the nearest key when it is near enough to be meant, else all there are.
fn advice(name: &str, known: &[&str]) -> String {
    let name = name.to_lowercase().replace('-', "_");
    let nearest = known.iter().min_by_key(|key| strsim::damerau_levenshtein(&name, key));
    match nearest {
        Some(key) if strsim::damerau_levenshtein(&name, key) <= key.len().div_ceil(3) => {
            format!("did you mean {key}?")
        }
        _ => format!("known here are {}", known.join(", ")),
    }
}
