//! Keys that nobody reads: found before anything else is looked at, since a mistyped key also makes
//! another one missing, and named with the key that was probably meant.

use toml::de::{DeTable, DeValue};

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

const fn known(keys: &'static [&'static str]) -> Known {
    Known { keys, inner: &[] }
}

/// `settings` is not looked into: it is checked by the mapping's schema. Neither is `headers`, whose
/// keys are names of its own.
pub(super) const ROOT: Known = Known {
    keys: &["server", "ingest", "queue", "tenants", "delivery", "rollout", "limits", "admission"],
    inner: &[
        ("server", Known { keys: SERVER, inner: &[("tls", known(TLS)), ("traces", known(TRACES))] }),
        ("ingest", known(INGEST)),
        ("queue", known(QUEUE)),
        ("tenants", TENANT),
        ("delivery", known(DELIVERY)),
        ("rollout", known(ROLLOUT)),
        ("limits", known(crate::limits::NAMES)),
        ("admission", known(ADMISSION)),
    ],
};

const TENANT: Known = Known {
    keys: TENANT_KEYS,
    inner: &[("accoil", known(ACCOIL)), ("mapping", known(MAPPING)), ("selector", known(SELECTOR))],
};

const SERVER: &[&str] =
    &["listen", "admin_listen", "admin_token", "data_dir", "tls", "drain_s", "log", "log_format", "traces"];

const TLS: &[&str] = &["certificate", "key"];

const TRACES: &[&str] = &["endpoint", "sample", "headers", "service_name", "ca_file"];

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
    "selector",
];

const ACCOIL: &[&str] = &[
    "api_key",
    "endpoint",
    "allow_private_endpoint",
    "auth",
    "dialect",
    "combined_url",
    "ca_file",
    "in_flight",
    "requests_per_second",
];

const MAPPING: &[&str] = &["component", "settings"];

const SELECTOR: &[&str] = &["component", "settings", "on_fault"];

const DELIVERY: &[&str] = &[
    "in_flight",
    "window",
    "remembered",
    "connect_timeout_ms",
    "request_timeout_ms",
    "give_up_after_s",
    "keep_trying_s",
    "requests_per_second",
    "circuit_failures",
    "circuit_probe_s",
    "remembered_s",
    "retry_first_ms",
    "retry_max_ms",
];

const ROLLOUT: &[&str] =
    &["watch_s", "rollback_failures", "rollback_fault_percent", "rollback_reject_percent", "watch_dir", "shadow_bytes"];

const ADMISSION: &[&str] =
    &["memory_bytes", "cpu_s", "wall_s", "recent_events", "faults_percent", "fuel_per_event", "cache_bytes"];

/// A key nobody reads.
pub(super) struct Unknown {
    /// Its place in the text.
    pub(super) place: usize,
    /// The table it stands in.
    pub(super) table: String,
    /// The key with its table.
    pub(super) key: String,
    /// The nearest known key, or all of them.
    pub(super) advice: String,
}

/// Takes the unknown keys out of the file's table.
pub(super) fn take_unknown(root: &mut DeTable<'_>) -> Vec<Unknown> {
    let mut unknown = Vec::new();
    take(root, &ROOT, "", &mut unknown);
    unknown
}

fn take(table: &mut DeTable<'_>, known: &Known, path: &str, unknown: &mut Vec<Unknown>) {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
    let mut strange = Vec::new();
    for (key, value) in &mut *table {
        let name = key.get_ref().as_ref();
        if !known.keys.contains(&name) {
            let (place, key, advice) = (key.span().start, format!("{prefix}{name}"), advice(name, known.keys));
            unknown.push(Unknown { place, table: path.to_owned(), key, advice });
            strange.push(name.to_owned());
        } else if let Some(inner) = known.inner(name) {
            take_inner(value.get_mut(), inner, &format!("{prefix}{name}"), unknown);
        }
    }
    strange.iter().for_each(|name| drop(table.remove(name.as_str())));
}

fn take_inner(value: &mut DeValue<'_>, known: &Known, path: &str, unknown: &mut Vec<Unknown>) {
    match value {
        DeValue::Table(table) => take(table, known, path, unknown),
        DeValue::Array(array) => {
            for (index, item) in array.iter_mut().enumerate() {
                take_inner(item.get_mut(), known, &format!("{path}[{index}]"), unknown);
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
