//! Brings a store that an older release wrote into the format of this one.

use rusqlite::Connection;

use super::schema::{DEAD_BYTES, ROLLOUT_TABLES, VERSION};

/// Whoever ran format 1 had the configuration decide what is in force.
const BY: &str = "configuration";

/// Rewrites the tables of an older format, if that is what the store has. One transaction: whatever
/// interrupts it, the store has the one format or the other.
pub(super) fn migrate(c: &Connection) -> rusqlite::Result<()> {
    let found: i64 = c.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found >= VERSION {
        return Ok(());
    }
    let from_1 = if found < 2 { from_1() } else { String::new() };
    c.execute_batch(&format!(
        "BEGIN IMMEDIATE; {from_1} {DEAD_BYTES}
         UPDATE tenant SET dead_bytes = (SELECT coalesce(sum(length(body)), 0) FROM dead WHERE tenant = tenant.number);
         PRAGMA user_version={VERSION};
         COMMIT"
    ))?;
    tracing::info!(from = found, to = VERSION, "the store has the new format; an older release refuses it from now on");
    Ok(())
}

/// A tenant's activations keep their order; at times of the clock they need not have it.
fn from_1() -> String {
    format!(
        "ALTER TABLE activation RENAME TO activation_1;
         {ROLLOUT_TABLES}
         INSERT INTO version (tenant, number, at, pin, by, reason)
             SELECT tenant, version, at, pin, '{BY}', reason FROM activation_1 ORDER BY tenant, version;
         INSERT INTO activation (tenant, from_seq, at, version, by, reason)
             SELECT tenant, from_seq, at, version, '{BY}', reason FROM activation_1 ORDER BY tenant, version;
         DROP TABLE activation_1;"
    )
}
