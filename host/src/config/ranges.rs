//! The range of every number: what is outside is a mistake, or would take more than any machine has.

use serde_json::Value;

use super::findings::Findings;
use super::shape::File;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;
const TIB: u64 = 1024 * GIB;

/// Times beyond these are mistakes, and a clock cannot be asked for any time there is.
const HOUR_S: u64 = 60 * 60;
const DAY_S: u64 = 24 * HOUR_S;
const MONTH_S: u64 = 31 * DAY_S;
const HOUR_MS: u64 = HOUR_S * 1_000;
const DAY_MS: u64 = DAY_S * 1_000;
const YEAR_DAYS: u64 = 366;
const YEAR_H: u64 = YEAR_DAYS * 24;

/// Table, key, least and most.
pub(super) const RANGES: &[(&str, &str, u64, u64)] = &[
    ("server", "drain_s", 0, HOUR_S),
    ("ingest", "httpapi_bytes", KIB, GIB),
    ("ingest", "batch_bytes", KIB, GIB),
    ("ingest", "events", 1, 100_000),
    ("ingest", "waiting_bytes", KIB, TIB),
    ("ingest", "connections", 1, 1_000_000),
    ("ingest", "head_timeout_ms", 100, HOUR_MS),
    ("ingest", "body_timeout_ms", 100, HOUR_MS),
    ("ingest", "retry_after_s", 1, DAY_S),
    ("ingest", "remembered", 1, 100_000_000),
    ("queue", "bytes", MIB, 1024 * TIB),
    ("queue", "tenant_bytes", KIB, 1024 * TIB),
    ("queue", "reserve_bytes", 0, TIB),
    ("queue", "commit_events", 1, 100_000),
    ("queue", "dedup_days", 1, YEAR_DAYS),
    ("queue", "dedup_events", 1, 1_000_000_000),
    ("queue", "history_hours", 0, YEAR_H),
    ("queue", "history_bytes", 0, 1024 * TIB),
    ("queue", "dead_letter_days", 1, 10 * YEAR_DAYS),
    // More would need more connections than a host lets one client have.
    ("delivery", "in_flight", 1, 1024),
    ("delivery", "window", 1, 1_000_000),
    ("delivery", "remembered", 1, 100_000_000),
    ("delivery", "connect_timeout_ms", 1, HOUR_MS),
    ("delivery", "request_timeout_ms", 1, HOUR_MS),
    ("delivery", "give_up_after_s", 1, MONTH_S),
    ("delivery", "keep_trying_s", 1, YEAR_DAYS * DAY_S),
    ("delivery", "requests_per_second", 0, 100_000),
    ("delivery", "circuit_failures", 1, 1_000_000),
    ("delivery", "circuit_probe_s", 1, DAY_S),
    ("delivery", "remembered_s", 1, YEAR_DAYS * DAY_S),
    ("delivery", "retry_first_ms", 1, DAY_MS),
    ("delivery", "retry_max_ms", 1, DAY_MS),
    ("rollout", "watch_s", 0, YEAR_DAYS * DAY_S),
    ("rollout", "rollback_failures", 1, 1_000_000),
    ("rollout", "rollback_fault_percent", 0, 100),
    ("rollout", "rollback_reject_percent", 0, 100),
    ("rollout", "shadow_bytes", KIB, TIB),
    ("limits", "event_bytes", KIB, 64 * MIB),
    ("limits", "batch_events", 1, 100_000),
    ("limits", "batch_bytes", KIB, 256 * MIB),
    ("limits", "deadline_ms", 1, HOUR_MS),
    ("limits", "fault_deadlines", 1, 1_000),
    // A memory has 32-bit addresses.
    ("limits", "memory_bytes", 64 * KIB, 4 * GIB),
    ("limits", "memories", 1, 100),
    ("limits", "table_elements", 1, 10_000_000),
    ("limits", "tables", 1, 1_000),
    ("limits", "instances", 1, 10_000),
    ("limits", "stack_bytes", 64 * KIB, 256 * MIB),
    ("limits", "output_bytes", KIB, GIB),
    ("limits", "accoil_events", 1, 1_000_000),
    ("limits", "groups", 1, 1_000_000),
    ("limits", "id_bytes", 1, 16 * MIB),
    ("limits", "bag_bytes", 1, 256 * MIB),
    ("limits", "component_bytes", KIB, GIB),
    ("limits", "large_component_bytes", KIB, GIB),
    ("limits", "large_memory_bytes", 64 * KIB, 4 * GIB),
    ("limits", "large_deadline_ms", 1, HOUR_MS),
    ("limits", "core_modules", 1, 10_000),
    ("limits", "functions", 1, 10_000_000),
    ("limits", "function_bytes", KIB, 256 * MIB),
    ("limits", "schema_bytes", 1, 16 * MIB),
    // With less the process does not even start.
    ("admission", "memory_bytes", 64 * MIB, TIB),
    ("admission", "cpu_s", 1, DAY_S),
    ("admission", "wall_s", 1, DAY_S),
    ("admission", "recent_events", 0, 10_000),
    ("admission", "faults_percent", 0, 100),
    ("admission", "fuel_per_event", 1, 1_000_000_000_000),
    ("admission", "cache_bytes", 0, TIB),
];

/// Notes every number that is outside its range.
pub(super) fn check(file: &File, findings: &mut Findings<'_>) {
    let tables = [
        ("server", serde_json::json!({ "drain_s": file.server.drain_s })),
        ("ingest", serde_json::to_value(&file.ingest).unwrap_or_default()),
        ("queue", serde_json::to_value(&file.queue).unwrap_or_default()),
        ("delivery", serde_json::to_value(&file.delivery).unwrap_or_default()),
        ("rollout", serde_json::to_value(&file.rollout).unwrap_or_default()),
        ("limits", serde_json::to_value(&file.limits).unwrap_or_default()),
        ("admission", serde_json::to_value(&file.admission).unwrap_or_default()),
    ];
    for (name, table) in &tables {
        for (key, value) in table.as_object().into_iter().flatten() {
            if let Some(problem) = value.as_u64().and_then(|number| outside(name, key, number)) {
                findings.add(&[name, key], problem);
            }
        }
    }
}

/// What is wrong with a number, if it is outside its range.
pub(super) fn outside(table: &str, key: &str, number: u64) -> Option<String> {
    let (.., least, most) = range(table, key)?;
    if number < *least {
        Some(format!("must be at least {least}"))
    } else if number > *most {
        Some(format!("must be at most {most}"))
    } else {
        None
    }
}

fn range(table: &str, key: &str) -> Option<&'static (&'static str, &'static str, u64, u64)> {
    RANGES.iter().find(|(in_table, name, ..)| *in_table == table && *name == key)
}

/// Writes the range of a key into its schema.
pub(super) fn describe(table: &str, key: &str, schema: &mut Value) {
    if let (Some((.., least, most)), Some(schema)) = (range(table, key), schema.as_object_mut()) {
        schema.insert("minimum".to_owned(), (*least).into());
        schema.insert("maximum".to_owned(), (*most).into());
    }
}
