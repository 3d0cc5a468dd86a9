//! Every limit in one list, with its default and why it is so.
//!
//! Sizes are in bytes, times in milliseconds. Each can be set under `[limits]`
//! in the configuration, by the same name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The limits of one process.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Size of one event's text. Amplitude takes requests of up to 1 MB.
    pub event_bytes: usize,
    /// How many events a mapping gets at once: enough to spread the cost of a
    /// fresh instance, few enough to repeat after a fault.
    pub batch_events: usize,
    /// Size of the events that a mapping gets at once, taken together. A
    /// single larger event goes alone.
    pub batch_bytes: usize,

    /// How long one call of a mapping may take.
    pub deadline_ms: u64,
    /// How much time the faults of one batch may cost, in deadlines, before
    /// the rest of the batch is not tried any more.
    pub fault_deadlines: u32,
    /// Linear memory of one instance, all its memories together.
    pub memory_bytes: usize,
    /// Number of linear memories. JavaScript guests have three.
    pub memories: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Number of tables.
    pub tables: usize,
    /// Number of core instances in a component. Python guests have about forty.
    pub instances: usize,
    /// Native stack of a guest. Threads that run guests have a stack of at
    /// least four times this size.
    pub stack_bytes: usize,
    /// Size of all that one call gives back.
    pub output_bytes: usize,

    /// How many Accoil events may come of one event.
    pub accoil_events: usize,
    /// How many groups one Accoil event may name.
    pub groups: usize,
    /// Size of an id, an event's name or a reason.
    pub id_bytes: usize,
    /// Size of metadata or of the traits of one group.
    pub bag_bytes: usize,

    /// Size of a component. Python guests have 18 MB.
    pub component_bytes: usize,
    /// From this size on a component is taken to bring a large runtime with it, such as Python's, and
    /// has the two limits that follow instead of `memory_bytes` and `deadline_ms`.
    pub large_component_bytes: usize,
    /// Linear memory of an instance of a large component.
    pub large_memory_bytes: usize,
    /// How long one call of a large component may take.
    pub large_deadline_ms: u64,
    /// Number of core modules in a component.
    pub core_modules: usize,
    /// Number of functions in a component.
    pub functions: usize,
    /// Size of one function: compiling takes more than linear time in it. The interpreter loop of Python guests has 427 KB.
    pub function_bytes: usize,
    /// Size of the settings' JSON Schema.
    pub schema_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        Self {
            event_bytes: MIB,
            batch_events: 256,
            batch_bytes: 512 * KIB,
            deadline_ms: 200,
            fault_deadlines: 4,
            memory_bytes: 32 * MIB,
            memories: 4,
            table_elements: 20_000,
            tables: 8,
            instances: 100,
            stack_bytes: 512 * KIB,
            output_bytes: 16 * MIB,
            accoil_events: 100,
            groups: 1000,
            id_bytes: 64 * KIB,
            bag_bytes: MIB,
            component_bytes: 32 * MIB,
            large_component_bytes: 8 * MIB,
            large_memory_bytes: 128 * MIB,
            large_deadline_ms: 1000,
            core_modules: 64,
            functions: 60_000,
            function_bytes: 512 * KIB,
            schema_bytes: 64 * KIB,
        }
    }
}

impl Limits {
    /// The limits of a component of this size.
    #[must_use]
    pub fn of_component(&self, size: usize) -> Self {
        if size < self.large_component_bytes {
            return self.clone();
        }
        Self { memory_bytes: self.large_memory_bytes, deadline_ms: self.large_deadline_ms, ..self.clone() }
    }

    /// The most linear memory that an instance of any component may have.
    #[must_use]
    pub fn most_memory(&self) -> usize {
        self.memory_bytes.max(self.large_memory_bytes)
    }
}

/// The names of all limits.
pub const NAMES: &[&str] = &[
    "event_bytes",
    "batch_events",
    "batch_bytes",
    "deadline_ms",
    "fault_deadlines",
    "memory_bytes",
    "memories",
    "table_elements",
    "tables",
    "instances",
    "stack_bytes",
    "output_bytes",
    "accoil_events",
    "groups",
    "id_bytes",
    "bag_bytes",
    "component_bytes",
    "large_component_bytes",
    "large_memory_bytes",
    "large_deadline_ms",
    "core_modules",
    "functions",
    "function_bytes",
    "schema_bytes",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_fields() {
        let every: String = NAMES.iter().map(|name| format!("{name} = 7\n")).collect();
        toml::from_str::<Limits>(&every).expect("each name is a field");
        let printed = format!("{:?}", Limits::default());
        assert_eq!(printed.matches(": ").count(), NAMES.len(), "each field has its name in the list");
    }

    #[test]
    fn a_large_component_has_limits_of_its_own() {
        let limits = Limits::default();
        let (small, large) = (limits.large_component_bytes - 1, limits.large_component_bytes);
        assert_eq!(limits.of_component(small), limits);
        let (memory_bytes, deadline_ms) = (limits.large_memory_bytes, limits.large_deadline_ms);
        assert_eq!(limits.of_component(large), Limits { memory_bytes, deadline_ms, ..limits });
    }
}
