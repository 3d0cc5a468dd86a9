//! Batches of items, as they come out of an input.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::input::{Item, ItemFault, Receiver};

/// How much text a batch has before it is handed on: enough that handing it
/// to another thread costs nothing that counts.
const FULL_BYTES: usize = 512 * 1024;

/// How many items a batch has before it is handed on, however short they are:
/// what becomes of one may be longer than it.
const FULL_ITEMS: usize = 4096;

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The name of the input.
    pub name: &'a str,
    /// The line, counted from 1.
    pub line: u64,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.name, self.line)
    }
}

/// Items of one input, in order, with their text.
#[derive(Debug)]
pub struct Batch {
    name: Arc<str>,
    text: Vec<u8>,
    items: Vec<(u64, Result<Range<usize>, ItemFault>)>,
}

impl Batch {
    fn new(name: &Arc<str>) -> Self {
        Self { name: Arc::clone(name), text: Vec::with_capacity(FULL_BYTES + FULL_BYTES / 4), items: Vec::new() }
    }

    /// The items, each with its place.
    pub fn items(&self) -> impl Iterator<Item = (Place<'_>, Result<&[u8], ItemFault>)> {
        self.items.iter().map(|(line, text)| {
            let place = Place { name: &self.name, line: *line };
            let text = text.clone().map(|range| self.text.get(range).unwrap_or_default());
            (place, text)
        })
    }
}

/// Collects items into batches and hands on those that are full.
pub struct Collector<F: FnMut(Batch)> {
    batch: Option<Batch>,
    hand_on: F,
}

impl<F: FnMut(Batch)> Collector<F> {
    /// A collector that hands batches to a function.
    pub fn new(hand_on: F) -> Self {
        Self { batch: None, hand_on }
    }

    /// Takes an item up.
    pub fn push(&mut self, name: &Arc<str>, item: Item<'_>) {
        if self.batch.as_ref().is_some_and(|batch| !Arc::ptr_eq(&batch.name, name)) {
            self.flush();
        }
        let batch = self.batch.get_or_insert_with(|| Batch::new(name));
        let text = item.text.map(|text| {
            let start = batch.text.len();
            batch.text.extend_from_slice(text);
            start..batch.text.len()
        });
        batch.items.push((item.line, text));
        if batch.text.len() >= FULL_BYTES || batch.items.len() >= FULL_ITEMS {
            self.flush();
        }
    }

    /// Hands on what was collected.
    pub fn flush(&mut self) {
        if let Some(batch) = self.batch.take() {
            (self.hand_on)(batch);
        }
    }
}

impl<F: FnMut(Batch)> Receiver for Collector<F> {
    fn item(&mut self, name: &Arc<str>, item: Item<'_>) {
        self.push(name, item);
    }

    fn idle(&mut self) {
        self.flush();
    }
}
