//! What one instance may use, and what it did use.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::contract::{Group, Selection, group_choice, types};
use crate::limits::Limits;

/// The host's side of one instance.
pub(super) struct Held {
    limits: Arc<Limits>,
    memory: usize,
    peak_memory: usize,
    table_elements: usize,
    denied: Option<String>,
    /// What the guest wanted a choice of, when that is watched.
    candidates: Option<Vec<Group>>,
}

impl Held {
    pub(super) fn new(limits: &Arc<Limits>) -> Self {
        Self {
            limits: Arc::clone(limits),
            memory: 0,
            peak_memory: 0,
            table_elements: 0,
            denied: None,
            candidates: None,
        }
    }

    /// Has the guest ask for every choice, and notes among what.
    pub(super) fn watch_choices(&mut self) {
        self.candidates = Some(Vec::new());
    }

    /// The candidates of the last choice, when choices are watched.
    pub(super) fn candidates(&mut self) -> Vec<Group> {
        self.candidates.take().unwrap_or_default()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the guest asked for and was not given, in words.
    pub(super) fn denied(&self) -> Option<&str> {
        self.denied.as_deref()
    }

    /// The most linear memory that the instance had, in bytes.
    pub(super) fn peak_memory(&self) -> usize {
        self.peak_memory
    }
}

/// All memories, and all tables, of the instance count together.
impl ResourceLimiter for Held {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory_bytes {
            self.denied = Some(format!("wants {total} bytes of memory, may have {}", self.limits.memory_bytes));
            return Ok(false);
        }
        self.memory = total;
        self.peak_memory = self.peak_memory.max(total);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > self.limits.table_elements {
            self.denied = Some(format!("wants {total} table elements, may have {}", self.limits.table_elements));
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.tables
    }

    fn memories(&self) -> usize {
        self.limits.memories
    }
}

impl types::Host for Held {}

/// No tenant has a selector yet, so every choice is the mapping's own.
impl group_choice::Host for Held {
    fn active(&mut self) -> bool {
        self.candidates.is_some()
    }

    fn choose(&mut self, _event_index: u32, candidates: Vec<Group>) -> Selection {
        if let Some(watched) = &mut self.candidates {
            *watched = candidates;
        }
        Selection::DefaultRule
    }
}
