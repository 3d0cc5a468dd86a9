//! What one instance may use, and what it did use.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::choice::{Choice, Choices};
use super::contract::{Group, Selection, group_choice, types};
use super::script::Script;
use crate::limits::Limits;

/// What an instance may have, and what it has.
pub(crate) struct Bounds {
    limits: Arc<Limits>,
    memory: usize,
    peak_memory: usize,
    table_elements: usize,
    denied: Option<String>,
}

impl Bounds {
    pub(super) fn new(limits: &Arc<Limits>) -> Self {
        Self { limits: Arc::clone(limits), memory: 0, peak_memory: 0, table_elements: 0, denied: None }
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
impl ResourceLimiter for Bounds {
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

/// The host's side of an instance, whatever else is there.
pub(crate) trait Bounded: 'static {
    fn new(bounds: Bounds) -> Self;
    fn bounds(&self) -> &Bounds;
    fn bounds_mut(&mut self) -> &mut Bounds;
}

/// A selector can't ask the host for anything.
impl Bounded for Bounds {
    fn new(bounds: Bounds) -> Self {
        bounds
    }

    fn bounds(&self) -> &Bounds {
        self
    }

    fn bounds_mut(&mut self) -> &mut Bounds {
        self
    }
}

impl types::Host for Bounds {}

/// The host's side of an instance of a mapping.
pub(crate) struct Held {
    bounds: Bounds,
    /// The tenant's selector, if it has one.
    pub(super) choices: Option<Choices>,
    /// A script that answers in place of a selector.
    pub(super) script: Option<Script>,
    /// The last choice, when choices are watched.
    watched: Option<Option<Choice>>,
}

impl Bounded for Held {
    fn new(bounds: Bounds) -> Self {
        Self { bounds, choices: None, script: None, watched: None }
    }

    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn bounds_mut(&mut self) -> &mut Bounds {
        &mut self.bounds
    }
}

impl Held {
    /// Has the guest ask for every choice, and notes the last one.
    pub(super) fn watch_choices(&mut self) {
        self.watched = Some(None);
    }

    /// The last choice, when choices are watched and there was one.
    pub(super) fn last_choice(&mut self) -> Option<Choice> {
        self.watched.take().flatten()
    }
}

impl types::Host for Held {}

impl group_choice::Host for Held {
    fn active(&mut self) -> wasmtime::Result<bool> {
        Ok(self.choices.is_some() || self.script.is_some() || self.watched.is_some())
    }

    fn choose(&mut self, event_index: u32, candidates: Vec<Group>) -> wasmtime::Result<Selection> {
        if let Some(script) = &mut self.script {
            return Ok(script.choose(event_index, &candidates));
        }
        let selection = match &mut self.choices {
            Some(choices) => choices.choose(event_index, &candidates)?,
            None => Selection::DefaultRule,
        };
        if let Some(watched) = &mut self.watched {
            *watched = Some(Choice::new(candidates, &selection));
        }
        Ok(selection)
    }
}
